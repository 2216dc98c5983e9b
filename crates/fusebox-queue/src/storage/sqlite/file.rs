//! The files: the database, readable for its owner only, and the lock beside it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::failed::{Context, Failed};
use super::schema;

/// The first `SQLite` without the bug that could damage a file when its log began anew (3.51.3).
const SQLITE_MIN: i32 = 3_051_003;

/// Pages kept in memory, as KiB: the same with one message and with a million.
const CACHE_KIB: i64 = -16 * 1024;

/// A file beside the database.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Makes sure that no other process, and nobody else in this one, uses the file. The lock goes with
/// the process, however that ends.
pub(super) fn take(path: &Path) -> Result<File, Failed> {
    if let Some(directory) = path.parent() {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(directory)?;
    }
    let lock = private().write(true).open(beside(path, ".lock"))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(Failed::Taken),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

/// Opens the database for writing, makes it if there is none, and brings it to today's schema.
pub(super) fn connect(path: &Path) -> Result<Connection, Failed> {
    if rusqlite::version_number() < SQLITE_MIN {
        let detail = format!("SQLite {} can damage its files", rusqlite::version());
        return Err(io::Error::other(detail).into());
    }
    make_private(path)?;
    // Looked at before anything is written: a newer or a strange file is left as it is, and no
    // log is made beside it.
    if std::fs::metadata(path)?.len() > 0 {
        schema::check(&look(path)?)?;
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).context("open")?;
    connection.set_prepared_statement_cache_capacity(128);
    connection
        .busy_timeout(super::wal::READER_WAIT)
        .context("open")?;
    // Pages that messages leave can go back to the disk, which is what a full one needs. It has to
    // be said before there is a table.
    connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    let mode: String = connection
        .pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))
        .context("turn on the write-ahead log")?;
    if mode != "wal" {
        let detail = format!("the file system has no write-ahead log: {mode}");
        return Err(io::Error::other(detail).into());
    }
    connection.pragma_update(None, "synchronous", "FULL")?;
    schema::migrate(&mut connection)?;
    // The log is synced by `wal`, in a cheaper way than SQLite's own.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update_and_check(None, "wal_autocheckpoint", 0, |_| Ok(()))?;
    connection.pragma_update(None, "cache_size", CACHE_KIB)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "trusted_schema", "OFF")?;
    sync_folder(path)?;
    Ok(connection)
}

/// A connection that only reads.
pub(super) fn look(path: &Path) -> Result<Connection, Failed> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).context("open")?;
    connection
        .busy_timeout(super::wal::READER_WAIT)
        .context("open")?;
    connection.pragma_update(None, "trusted_schema", "OFF")?;
    Ok(connection)
}

/// The names of new files are as safe as what is in them.
fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if cfg!(unix) && folder.as_os_str().is_empty() => File::open(".")?.sync_all(),
        Some(folder) if cfg!(unix) => File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}

/// Options for a file that is made if there is none. `SQLite` gives the files beside the database
/// the permissions of it.
pub(super) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn make_private(path: &Path) -> io::Result<()> {
    let file = private().append(true).open(path)?;
    close_to_others(&file, path)
}

/// A file that was there already, from a backup for example, may be open to others.
#[cfg(unix)]
fn close_to_others(file: &File, path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let permissions = file.metadata()?.permissions();
    if permissions.mode() & 0o077 == 0 {
        return Ok(());
    }
    let closed = std::fs::Permissions::from_mode(permissions.mode() & 0o700);
    if let Err(error) = file.set_permissions(closed) {
        let file = path.display();
        tracing::warn!(%file, %error, "others can read the queue, and that cannot be changed");
    }
    Ok(())
}

#[cfg(not(unix))]
fn close_to_others(_: &File, _: &Path) -> io::Result<()> {
    Ok(())
}
