//! The write-ahead log: when it is synced, and how it is kept small.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

use super::failed::{Context, Failed};
use super::file;

/// How long a checkpoint waits for readers, which never take long.
pub(super) const READER_WAIT: Duration = Duration::from_millis(50);

/// Pages after which the log is written back, 4 MiB of them.
const PAGES: u64 = 1000;

/// The same while the disk is full: all of it has to fit into the room that was kept back.
const PAGES_IF_FULL: u64 = 128;

/// A log so many times as long has been held up by a reader: it is cut when that one is gone.
const CUT_AT: u64 = 4;

const FRAME_BYTES: u64 = 4096 + 24;

#[derive(Debug)]
pub(super) struct Wal {
    /// Ours beside `SQLite`'s own: built without `fdatasync`, it would write the times of the file
    /// with every commit, which costs as much as the commit itself.
    log: File,
    /// Pages that a reader was in the way of, at the last try.
    left: u64,
}

impl Wal {
    pub(super) fn new(path: &Path) -> Result<Self, Failed> {
        let log = file::private()
            .read(true)
            .write(true)
            .open(file::beside(path, "-wal"))?;
        Ok(Self { log, left: 0 })
    }

    /// When this returns, what was committed is on the disk. An error is never one of a full disk:
    /// the transaction was carried out, and nobody knows how much of it will be there.
    pub(super) fn sync(&self) -> Result<(), Failed> {
        let synced = self.log.sync_data();
        synced.map_err(|error| Failed::Io(std::io::Error::other(error)))
    }

    pub(super) fn bytes(&self) -> u64 {
        self.log.metadata().map_or(0, |log| log.len())
    }

    /// After a commit: writes the log back when it has grown by enough since the last time. Waits
    /// for nobody.
    pub(super) fn bound(&mut self, db: &Connection, is_full: bool) -> Result<(), Failed> {
        let pages = if is_full { PAGES_IF_FULL } else { PAGES };
        if write_back(db, "NOOP")? >= self.left + pages {
            self.left = write_back(db, "PASSIVE")?;
        }
        Ok(())
    }

    /// From time to time: cuts a log that a reader has held up, and waits a little for that one.
    pub(super) fn cut(&mut self, db: &Connection) -> Result<(), Failed> {
        if self.bytes() > CUT_AT * PAGES * FRAME_BYTES {
            self.left = write_back(db, "TRUNCATE")?;
        }
        Ok(())
    }
}

/// Writes back what can be, and says how many pages are left; a reader that is in the way is no
/// error. `NOOP` only says.
pub(super) fn write_back(db: &Connection, how: &'static str) -> Result<u64, Failed> {
    let sql = match how {
        "NOOP" => "PRAGMA wal_checkpoint(NOOP)",
        "PASSIVE" => "PRAGMA wal_checkpoint(PASSIVE)",
        _ => "PRAGMA wal_checkpoint(TRUNCATE)",
    };
    let mut statement = db.prepare_cached(sql).context("write back the log")?;
    let (in_log, done): (i64, i64) = statement
        .query_row((), |row| Ok((row.get(1)?, row.get(2)?)))
        .context("write back the log")?;
    Ok(u64::try_from(in_log - done).unwrap_or(0))
}
