//! A storage in one `SQLite` file.
//!
//! `schema` has the tables and their versions, `write` and `read` what the trait does, `failed`
//! the errors.
//!
//! WAL with `synchronous=FULL`: what a write acknowledged survives a power cut. States are JSON
//! as everywhere else; the history and the audit log have columns, as they are searched.

mod failed;
mod read;
mod schema;
mod write;

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rusqlite::{Connection, OpenFlags};

use crate::{
    AuditEntry, AuditQuery, Batch, EventQuery, EventRecord, Kept, Limits, Page, Storage,
    StoreError, Written,
};
use failed::{Context, Failed};

/// How long a write waits for another process that holds the file.
const BUSY: Duration = Duration::from_secs(5);

/// Keeps records in one `SQLite` file (`state.db`).
///
/// The file and its directory are made where they are missing. On Unix the file is readable for
/// its owner only. Another process may read the file meanwhile.
///
/// ```
/// use fusebox_store::{Sqlite, Storage};
/// # let dir = std::env::temp_dir().join(format!("fusebox-doc-{}", std::process::id()));
///
/// let mut storage = Sqlite::open(dir.join("state.db"))?;
/// assert!(storage.load()?.circuits.is_empty());
/// # drop(storage);
/// # std::fs::remove_dir_all(dir).ok();
/// # Ok::<(), fusebox_store::StoreError>(())
/// ```
#[derive(Debug)]
pub struct Sqlite {
    connection: Connection,
    path: PathBuf,
}

impl Sqlite {
    /// Opens the file, makes it if there is none, and brings it to today's schema.
    ///
    /// # Errors
    /// [`StoreError::Newer`] for a file of a newer version, [`StoreError::Corrupt`] for a damaged
    /// file or another program's, [`StoreError::Unavailable`] where it cannot be opened.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let path = path.into();
        match connect(&path) {
            Ok(connection) => Ok(Self { connection, path }),
            Err(failed) => Err(failed.in_place(path.display().to_string())),
        }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn placed<T>(&self, result: Result<T, Failed>) -> Result<T, StoreError> {
        result.map_err(|failed| failed.in_place(self.path.display().to_string()))
    }
}

impl Storage for Sqlite {
    fn load(&mut self) -> Result<Kept, StoreError> {
        self.placed(read::load(&self.connection))
    }

    fn write(&mut self, batch: &Batch) -> Result<Written, StoreError> {
        let written = write::batch(&mut self.connection, batch);
        self.placed(written)
    }

    fn events(&mut self, query: &EventQuery) -> Result<Page<EventRecord>, StoreError> {
        self.placed(read::events(&self.connection, query))
    }

    fn replay(&mut self, event: u64) -> Result<Option<String>, StoreError> {
        self.placed(read::replay(&self.connection, event))
    }

    fn audit(&mut self, query: &AuditQuery) -> Result<Page<AuditEntry>, StoreError> {
        self.placed(read::audit(&self.connection, query))
    }

    fn trim(&mut self, limits: &Limits, now: SystemTime) -> Result<(), StoreError> {
        let trimmed = write::trim(&mut self.connection, limits, now);
        self.placed(trimmed)
    }

    fn audit_last(&mut self) -> Result<Option<u64>, StoreError> {
        self.placed(read::audit_last(&self.connection))
    }

    fn audit_is_whole(&self) -> bool {
        true
    }
}

fn connect(path: &Path) -> Result<Connection, Failed> {
    make_private(path).map_err(Failed::Io)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).context("open")?;
    connection.busy_timeout(BUSY).context("open")?;
    // Before the first write: a newer or a strange file is left as it is.
    schema::check(&connection)?;
    let mode: String = connection
        .pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))
        .context("turn on the write-ahead log")?;
    if mode != "wal" {
        let detail = format!("the file system has no write-ahead log: {mode}");
        return Err(Failed::Io(std::io::Error::other(detail)));
    }
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", "ON")?;
    connection.pragma_update(None, "trusted_schema", "OFF")?;
    schema::migrate(&mut connection)?;
    Ok(connection)
}

/// Makes the file if there is none. `SQLite` gives the files beside it the same permissions.
fn make_private(path: &Path) -> std::io::Result<()> {
    if let Some(directory) = path.parent() {
        std::fs::create_dir_all(directory)?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    close_to_others(&file, path)
}

/// A file that was there already, from a backup for example, may be open to others.
#[cfg(unix)]
fn close_to_others(file: &std::fs::File, path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let permissions = file.metadata()?.permissions();
    if permissions.mode() & 0o077 == 0 {
        return Ok(());
    }
    let private = std::fs::Permissions::from_mode(permissions.mode() & 0o700);
    if let Err(error) = file.set_permissions(private) {
        let file = path.display();
        tracing::warn!(%file, %error, "others can read the store, and that cannot be changed");
    }
    Ok(())
}

#[cfg(not(unix))]
fn close_to_others(_: &std::fs::File, _: &Path) -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_commit_is_synced_and_waits_for_other_processes() {
        let name = format!("fusebox-store-pragmas-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let storage = Sqlite::open(folder.join("state.db")).unwrap();
        let pragma = |name: &str| -> i64 {
            let value = storage
                .connection
                .pragma_query_value(None, name, |r| r.get(0));
            value.unwrap()
        };
        assert_eq!(pragma("synchronous"), 2, "FULL");
        assert_eq!(pragma("busy_timeout"), 5_000);
        assert_eq!(pragma("foreign_keys"), 1);
        drop(storage);
        std::fs::remove_dir_all(folder).unwrap();
    }
}
