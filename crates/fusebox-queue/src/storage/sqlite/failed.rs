//! `SQLite`'s errors in the words of [`StorageError`].

use std::fmt::Display;
use std::io;

use rusqlite::{Error, ErrorCode, ffi};

use crate::error::StorageError;

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
    Io(io::Error),
    Taken,
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

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Failed {
    /// No room, by our own decision.
    pub(super) fn full() -> Self {
        Self::Io(io::ErrorKind::StorageFull.into())
    }

    /// A value in the file that cannot be understood.
    pub(super) fn damaged(what: &str, error: impl Display) -> Self {
        Self::Damaged(format!("{what}: {error}"))
    }

    /// Whether there was no room on the disk. `SQLite` says so in its own way where the small file
    /// that readers and writer share (`-shm`) cannot grow.
    pub(super) fn is_full(&self) -> bool {
        match self {
            Self::Sqlite(_, Error::SqliteFailure(failure, _)) => {
                failure.code == ErrorCode::DiskFull
                    || failure.extended_code == ffi::SQLITE_IOERR_SHMSIZE
            }
            Self::Io(error) => matches!(
                error.kind(),
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
            ),
            _ => false,
        }
    }

    pub(super) fn in_place(self, place: String) -> StorageError {
        if self.is_full() {
            return StorageError::Full { place };
        }
        match self {
            Self::Newer { found, known } => StorageError::Newer {
                place,
                found,
                known,
            },
            Self::Taken => StorageError::Taken { place },
            Self::Damaged(detail) => StorageError::Corrupt { place, detail },
            Self::Io(error) => StorageError::Failed {
                place,
                detail: error.to_string(),
            },
            Self::Sqlite(doing, error) => {
                let detail = format!("{doing}: {}", said(&error));
                if is_passing(&error) {
                    StorageError::Failed { place, detail }
                } else {
                    StorageError::Corrupt { place, detail }
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

/// Whether the same could work later. All else (a table that is not there, a text where a number
/// should be) is damage.
fn is_passing(error: &Error) -> bool {
    let Error::SqliteFailure(failure, _) = error else {
        return false;
    };
    matches!(
        failure.code,
        ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
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
