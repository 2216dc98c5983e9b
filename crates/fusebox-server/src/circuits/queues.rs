//! The place of the circuits' queues, opened when the first circuit wants one.

use std::path::PathBuf;
use std::sync::OnceLock;

use fusebox_queue::{Queue, Queues, StorageError};

use super::CircuitsError;
use crate::settings::CircuitSettings;

/// Where queues are kept.
#[derive(Debug, Default)]
pub struct QueuesAt {
    /// `None`: in memory.
    path: Option<PathBuf>,
    opened: OnceLock<Queues>,
}

impl QueuesAt {
    /// In memory: what is queued ends with the process.
    #[must_use]
    pub fn memory() -> Self {
        Self::default()
    }

    /// In this file. If it is there, somebody may ask for what is in it: then it is opened at once,
    /// else with the first circuit that has a queue.
    ///
    /// # Errors
    /// The file that is there cannot be used.
    pub fn file(path: PathBuf) -> Result<Self, CircuitsError> {
        let is_there = path.exists();
        let place = Self {
            path: Some(path),
            opened: OnceLock::new(),
        };
        if is_there {
            place.open()?;
        }
        Ok(place)
    }

    /// The queues, if they are open.
    pub(super) fn opened(&self) -> Option<&Queues> {
        self.opened.get()
    }

    /// The queue of a circuit, under its name; `None` where its settings ask for none.
    pub(super) fn of(&self, circuit: &CircuitSettings) -> Result<Option<Queue>, CircuitsError> {
        let Some(set) = &circuit.queue else {
            return Ok(None);
        };
        let refused = |error| CircuitsError::Queue {
            circuit: circuit.name.clone(),
            error,
        };
        let queues = self.open().map_err(refused)?;
        // The settings were checked when they were read, and the name is a circuit's.
        Ok(queues.queue(&circuit.name, set.settings.clone()).ok())
    }

    /// Only ever called by the one reload at a time.
    fn open(&self) -> Result<&Queues, StorageError> {
        if let Some(queues) = self.opened.get() {
            return Ok(queues);
        }
        let queues = match &self.path {
            Some(path) => Queues::open(path)?,
            None => Queues::in_memory()?,
        };
        Ok(self.opened.get_or_init(|| queues))
    }
}
