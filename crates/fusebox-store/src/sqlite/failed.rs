//! `SQLite`'s errors in the words of [`StoreError`].

use std::fmt::Display;

use rusqlite::{Error, ErrorCode};

use crate::StoreError;

/// What failed, before the file's name is put to it.
#[derive(Debug)]
pub(super) enum Failed {
    /// While doing what.
    Sqlite(&'static str, Error),
    Damaged(String),
    Newer {
        found: i64,
        known: i64,
    },
    Io(std::io::Error),
}

/// Says what was being done.
pub(super) trait Context<T> {
    fn context(self, doing: &'static str) -> Result<T, Failed>;
}

impl<T> Context<T> for rusqlite::Result<T> {
    fn context(self, doing: &'static str) -> Result<T, Failed> {
        self.map_err(|error| Failed::Sqlite(doing, error))
    }
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::Sqlite("read or write", error)
    }
}

impl Failed {
    /// A value in the file that cannot be understood.
    pub(super) fn damaged(what: &str, error: impl Display) -> Self {
        Self::Damaged(format!("{what}: {error}"))
    }

    pub(super) fn in_place(self, place: String) -> StoreError {
        match self {
            Self::Newer { found, known } => StoreError::Newer {
                place,
                found,
                known,
            },
            Self::Damaged(detail) => StoreError::Corrupt { place, detail },
            Self::Io(error) => StoreError::Unavailable {
                place,
                detail: error.to_string(),
            },
            Self::Sqlite(doing, error) => {
                let detail = format!("{doing}: {}", said(&error));
                if is_passing(&error) {
                    StoreError::Unavailable { place, detail }
                } else {
                    StoreError::Corrupt { place, detail }
                }
            }
        }
    }
}

/// What it says, in one line: of a statement that does not fit the tables only what is wrong.
fn said(error: &Error) -> String {
    match error {
        Error::SqlInputError { msg, .. } => msg.clone(),
        other => other.to_string(),
    }
}

/// Whether the same could work later: another process holds the file, the disk is full or ill.
/// All else (a table that is not there, a text where a number should be) is damage.
fn is_passing(error: &Error) -> bool {
    let Error::SqliteFailure(failure, _) = error else {
        return false;
    };
    matches!(
        failure.code,
        ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::DiskFull
            | ErrorCode::SystemIoFailure
            | ErrorCode::CannotOpen
            | ErrorCode::ReadOnly
            | ErrorCode::PermissionDenied
            | ErrorCode::OperationAborted
            | ErrorCode::OperationInterrupted
            | ErrorCode::OutOfMemory
            | ErrorCode::FileLockingProtocolFailed
            | ErrorCode::NoLargeFileSupport
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_that_does_not_fit_the_tables_is_told_in_one_line() {
        let db = rusqlite::Connection::open_in_memory().unwrap();
        let error = db.prepare("SELECT a,\n b").unwrap_err();
        assert!(error.to_string().contains('\n'));
        assert_eq!(said(&error), "no such column: a");
    }
}
