//! A storage in one `SQLite` file.
//!
//! A message is written once and its row stays as it is: whose turn it is (`turn`, `line`,
//! `chain`), what befell it (`trouble`) and who sends it (`lease`) stand in narrow tables beside
//! it, so that a commit touches few pages. Ended ones move to `dead` or leave a `receipt`.
//!
//! One connection writes. A commit is durable when the log is synced: once for each batch, and not
//! at all for orders that are light. `file` opens, `schema` has the tables, `wal` syncs and bounds
//! the log, `room` keeps room back for a full disk, `book` is what the writer knows by heart;
//! `work` and its siblings (`push`, `lease`, `settle`, `line`, `dead`, `pause`) carry out orders;
//! `read`, `list` and `check` look; `salvage` does where a file is damaged.

mod book;
mod check;
mod dead;
mod failed;
mod file;
mod lease;
mod line;
mod list;
mod pause;
mod push;
mod read;
mod room;
mod row;
mod salvage;
mod schema;
mod settle;
#[cfg(test)]
mod tests;
mod wal;
mod work;

#[cfg(test)]
pub(in crate::storage) use tests::Scratch;

use std::fs::File;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::{Done, Order, Reader, Salvage, Storage, StorageFigures};
use crate::error::StorageError;
use book::Book;
use failed::{Context, Failed};
use room::Room;
use wal::Wal;
use work::Work;

/// Room that is kept back for a full disk: what the log and the file can grow by while what waits
/// is delivered. A message that dies is copied once into the log and once into the file, and one of
/// the default's largest is 16 MiB.
pub(crate) const ROOM: u64 = 40 << 20;

/// Pages that go back to a full disk at once, and how often in one turn.
const GIVE_BACK: (i64, usize) = (64, 64);

/// Keeps messages in one `SQLite` file (`queue.db`).
#[derive(Debug)]
pub(crate) struct Sqlite {
    path: PathBuf,
    /// `None` after a failure: what is in the file is read anew before anything else.
    open: Option<Open>,
    before: Option<Book>,
    room: Room,
    _lock: File,
}

/// Looks at a file without being its owner, who may use it meanwhile.
///
/// # Errors
/// As [`Sqlite::open`], and [`StorageError::Failed`] where there is none.
pub(crate) fn look(path: &Path) -> Result<Box<dyn Salvage>, StorageError> {
    match read::Look::new(path) {
        Ok(look) => Ok(Box::new(look)),
        Err(failed) => Err(failed.in_place(path.display().to_string())),
    }
}

#[derive(Debug)]
struct Open {
    db: Connection,
    wal: Wal,
    book: Book,
}

impl Sqlite {
    /// Opens the file, makes it if there is none, and brings it to today's schema. So many bytes
    /// are kept back beside it for a full disk, usually [`ROOM`].
    ///
    /// # Errors
    /// [`StorageError::Taken`] where somebody has it; [`StorageError::Newer`] for a file of a newer
    /// version, [`StorageError::Corrupt`] for a damaged one or another program's, both left as they
    /// are; [`StorageError::Failed`] where it cannot be opened.
    pub(crate) fn open(path: impl Into<PathBuf>, room: u64) -> Result<Self, StorageError> {
        let path = path.into();
        let opened = file::take(&path).and_then(|lock| Ok((lock, Open::new(&path)?)));
        match opened {
            Ok((lock, open)) => Ok(Self {
                room: Room::new(&path, room),
                path,
                open: Some(open),
                before: None,
                _lock: lock,
            }),
            Err(failed) => Err(failed.in_place(path.display().to_string())),
        }
    }

    fn place<T>(&self, result: Result<T, Failed>) -> Result<T, StorageError> {
        result.map_err(|failed| failed.in_place(self.path.display().to_string()))
    }

    /// Opens and reads anew after a failure.
    fn open_again(&mut self) -> Result<&mut Open, Failed> {
        if self.open.is_none() {
            let mut open = Open::new(&self.path)?;
            if let Some(before) = self.before.take() {
                open.book.go_on_from(&before);
            }
            self.open = Some(open);
        }
        let none = || Failed::Damaged("it is not open".to_owned());
        self.open.as_mut().ok_or_else(none)
    }

    /// Closes after a failure, of which nobody knows what it left.
    fn close(&mut self) {
        if let Some(open) = self.open.take() {
            self.before = Some(open.book);
        }
    }

    fn try_commit(&mut self, orders: &[Order]) -> Result<Vec<Done>, Failed> {
        let is_full = !self.room.is_kept();
        let is_push = orders.iter().any(|order| matches!(order, Order::Push(_)));
        if is_full && is_push {
            return Err(Failed::full());
        }
        let committed = self.open_again()?.commit(orders, is_full);
        match committed {
            Err(failed) if failed.is_full() => {
                self.open_again()?.take_back()?;
                self.room.release();
                if is_push || is_full {
                    return Err(failed);
                }
                // Nothing of it was done, and now there is room.
                self.open_again()?.commit(orders, true)
            }
            committed => committed,
        }
    }

    fn try_tend(&mut self) -> Result<(), Failed> {
        let was_kept = self.room.is_kept();
        let open = self.open_again()?;
        open.wal.bound(&open.db, !was_kept)?;
        open.wal.cut(&open.db)?;
        open.move_low()?;
        if !was_kept {
            open.give_back()?;
            self.room.keep_if_there_is_enough();
        }
        Ok(())
    }
}

impl Storage for Sqlite {
    fn last_seq(&mut self) -> Result<i64, StorageError> {
        let last = self.open_again().map(|open| {
            let queues = open.book.queues.values();
            queues.map(|queue| queue.last).max().unwrap_or(0)
        });
        self.place(last)
    }

    fn commit(&mut self, orders: &[Order]) -> Result<Vec<Done>, StorageError> {
        let committed = self.try_commit(orders);
        if committed.as_ref().is_err_and(|failed| !failed.is_full()) {
            self.close();
        }
        self.place(committed)
    }

    fn tend(&mut self) -> Result<(), StorageError> {
        let tended = self.try_tend();
        if tended.as_ref().is_err_and(|failed| !failed.is_full()) {
            self.close();
        }
        self.place(tended)
    }

    fn has_room(&self) -> bool {
        self.room.is_kept()
    }

    fn reader(&mut self) -> Result<Box<dyn Reader>, StorageError> {
        let looked = read::Look::new(&self.path);
        Ok(Box::new(self.place(looked)?))
    }

    fn figures(&self) -> StorageFigures {
        StorageFigures {
            wal_bytes: self.open.as_ref().map_or(0, |open| open.wal.bytes()),
            free_bytes: self.room.free(),
        }
    }
}

impl Open {
    fn new(path: &Path) -> Result<Self, Failed> {
        let db = file::connect(path)?;
        let wal = Wal::new(path)?;
        // After a sync that failed, the log may be in memory and not on the disk: written back to
        // the file, it is there for certain. On a full disk that has to wait.
        match wal::write_back(&db, "TRUNCATE") {
            Err(failed) if !failed.is_full() => return Err(failed),
            _ => {}
        }
        let book = Book::read(&db)?;
        Ok(Self { db, wal, book })
    }

    /// All orders or none. After an error the caller takes back or closes.
    fn commit(&mut self, orders: &[Order], is_full: bool) -> Result<Vec<Done>, Failed> {
        self.run("BEGIN IMMEDIATE")?;
        let mut work = Work {
            db: &self.db,
            book: &mut self.book,
            is_full,
        };
        let done = work.carry_out(orders)?;
        self.run("COMMIT")?;
        self.book.keep();
        if !orders.iter().all(Order::is_light) {
            self.wal.sync()?;
        }
        // What was asked is done and safe: a log that cannot be written back is no error of it.
        if let Err(failed) = self.wal.bound(&self.db, is_full) {
            tracing::warn!(?failed, "the log of the queue cannot be written back");
        }
        Ok(done)
    }

    fn run(&self, sql: &str) -> Result<(), Failed> {
        let ran = self.db.prepare_cached(sql).and_then(|mut s| s.execute(()));
        ran.map(drop).context("commit")
    }

    /// As if the transaction had never begun.
    fn take_back(&mut self) -> Result<(), Failed> {
        if !self.db.is_autocommit() {
            self.run("ROLLBACK")?;
        }
        self.book.take_back(&self.db)
    }

    /// Where the oldest of each queue is to be looked for: moves on over what has left.
    fn move_low(&mut self) -> Result<(), Failed> {
        const STEP: i64 = 10_000;
        let sql = "SELECT coalesce(min(seq) FILTER (WHERE queue = ?1), max(seq))
                   FROM (SELECT seq, queue FROM message WHERE seq >= ?2 ORDER BY seq LIMIT ?3)";
        for (id, queue) in &mut self.book.queues {
            if queue.messages == 0 {
                continue;
            }
            let mut statement = self.db.prepare_cached(sql)?;
            let low: Option<i64> = statement.query_row((id, queue.low, STEP), |row| row.get(0))?;
            // Written with the next commit that touches the queue.
            queue.low = low.unwrap_or(queue.low);
        }
        Ok(())
    }

    /// Gives pages that messages have left back to the disk.
    fn give_back(&self) -> Result<(), Failed> {
        for _ in 0..GIVE_BACK.1 {
            if schema::pragma(&self.db, "freelist_count")? == 0 {
                break;
            }
            let sql = format!("PRAGMA incremental_vacuum({})", GIVE_BACK.0);
            self.db.execute_batch(&sql).context("give pages back")?;
            wal::write_back(&self.db, "PASSIVE")?;
        }
        Ok(())
    }
}
