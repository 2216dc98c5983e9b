//! Making queues.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::Queues;
use super::reading;
use super::shared::{Presence, Shared};
use super::writer::Writer;
use crate::StorageError;
use crate::clock::{SystemWallClock, WallClock};
use crate::storage::{Memory, Storage};

/// Builds [`Queues`] that are not as [`Queues::in_memory`] makes them.
#[derive(Clone, Debug)]
#[must_use]
pub struct QueuesBuilder {
    clock: Arc<dyn WallClock>,
    tick: Duration,
    #[cfg(feature = "sqlite")]
    room: u64,
}

impl QueuesBuilder {
    pub(super) fn new() -> Self {
        Self {
            clock: Arc::new(SystemWallClock),
            tick: Duration::from_secs(1),
            #[cfg(feature = "sqlite")]
            room: crate::storage::ROOM,
        }
    }

    /// Another clock than the machine's: for tests.
    pub fn clock(mut self, clock: impl WallClock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// How often is looked for messages that are too old, and the storage does its chores; default
    /// 1 s, at least 1 ms.
    pub fn tick(mut self, tick: Duration) -> Self {
        self.tick = tick.max(Duration::from_millis(1));
        self
    }

    /// Bytes that are kept back beside a file, so that a full disk does not stop the delivery; at
    /// least twice the largest message. Default 40 MiB.
    #[cfg(feature = "sqlite")]
    pub fn room(mut self, bytes: u64) -> Self {
        self.room = bytes;
        self
    }

    /// Queues that are gone with the process.
    ///
    /// # Errors
    /// A thread that cannot be made.
    pub fn in_memory(self) -> Result<Queues, StorageError> {
        self.over(Memory::new())
    }

    /// Queues in this file, made if it is not there. Only one process has it at a time; others may
    /// [look](crate::Inspection) at it.
    ///
    /// # Errors
    /// [`StorageError::Taken`] where another process has it; [`StorageError::Newer`] and
    /// [`StorageError::Corrupt`] for a file that is then left as it is; [`StorageError::Failed`]
    /// where it cannot be opened.
    #[cfg(feature = "sqlite")]
    pub fn open(self, path: impl Into<std::path::PathBuf>) -> Result<Queues, StorageError> {
        let storage = crate::storage::Sqlite::open(path, self.room)?;
        self.over(storage)
    }

    pub(crate) fn over(self, storage: impl Storage) -> Result<Queues, StorageError> {
        let shared = Arc::new(Shared::new(self.clock, self.tick));
        let mut writer = Writer::new(storage, &shared)?;
        let readers = [writer.storage.reader()?, writer.storage.reader()?];
        // One presence each, all before any thread: whoever ends first ends the others.
        let presences = [(); 3].map(|()| Presence::new(&shared));
        let ([lists, backlogs], [reads, looks, writes]) = (readers, presences);
        let desk = Arc::clone(&shared);
        spawn("queue-read", move || {
            reading::run(&desk, |shared| &shared.desk, lists, reads);
        })?;
        let desk = Arc::clone(&shared);
        spawn("queue-backlog", move || {
            reading::run(&desk, |shared| &shared.backlog, backlogs, looks);
        })?;
        spawn("queue-write", move || writer.run(writes))?;
        Ok(Queues::of(shared))
    }
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<(), StorageError> {
    let thread = thread::Builder::new().name(name.to_owned()).spawn(run);
    thread.map(drop).map_err(|error| StorageError::Failed {
        place: format!("the thread {name}"),
        detail: error.to_string(),
    })
}
