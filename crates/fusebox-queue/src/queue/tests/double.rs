//! A storage that does what the test says.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::SOON;
use crate::StorageError;
use crate::storage::{Done, Memory, Order, Reader, Storage, StorageFigures};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Mode {
    #[default]
    Work,
    /// A commit waits for another mode, and is done then, whatever that is.
    Hang,
    /// Commits with a push in them find the disk full.
    Full,
    FullForAll,
    /// Commits of more than one order find the disk full.
    FullForMany,
    Fail,
    /// As after an error of the disk: nobody knows.
    DoAndFail,
    Panic,
    /// Nothing can be read.
    Blind,
}

/// What the test holds.
#[derive(Clone, Default)]
pub(super) struct Script(Arc<Inner>);

#[derive(Default)]
struct Inner {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    mode: Mode,
    hangs: bool,
    tended: usize,
    /// Pushes and other orders of each commit.
    commits: Vec<(usize, usize)>,
    is_dropped: bool,
}

pub(super) struct Double {
    memory: Memory,
    script: Script,
}

impl Script {
    pub(super) fn set(&self, mode: Mode) {
        self.lock().mode = mode;
        self.0.changed.notify_all();
    }

    pub(super) fn wait_until_it_hangs(&self) {
        let changed = &self.0.changed;
        let waited = changed.wait_timeout_while(self.lock(), SOON, |state| !state.hangs);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        assert!(state.hangs, "the writer never came");
    }

    pub(super) fn commits(&self) -> Vec<(usize, usize)> {
        self.lock().commits.clone()
    }

    pub(super) fn tended(&self) -> usize {
        self.lock().tended
    }

    pub(super) fn is_dropped(&self) -> bool {
        self.lock().is_dropped
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What this commit is to do.
    fn mode(&self) -> Mode {
        let mut state = self.lock();
        if state.mode != Mode::Hang {
            return state.mode;
        }
        state.hangs = true;
        self.0.changed.notify_all();
        let hangs = |state: &mut State| state.mode == Mode::Hang;
        let waited = self.0.changed.wait_while(state, hangs);
        waited.unwrap_or_else(PoisonError::into_inner).hangs = false;
        Mode::Work
    }
}

impl Double {
    pub(super) fn new(script: &Script) -> Self {
        Self {
            memory: Memory::new(),
            script: script.clone(),
        }
    }
}

impl Drop for Double {
    fn drop(&mut self) {
        self.script.lock().is_dropped = true;
    }
}

impl Storage for Double {
    fn last_seq(&mut self) -> Result<i64, StorageError> {
        self.memory.last_seq()
    }

    fn commit(&mut self, orders: &[Order]) -> Result<Vec<Done>, StorageError> {
        let is_chore = |order: &Order| matches!(order, Order::Expire { .. } | Order::Forget { .. });
        if orders.iter().all(is_chore) {
            return self.memory.commit(orders);
        }
        let mode = self.script.mode();
        let is_push = |order: &&Order| matches!(order, Order::Push(_));
        let pushes = orders.iter().filter(is_push).count();
        let others = orders.len() - pushes;
        self.script.lock().commits.push((pushes, others));
        match mode {
            Mode::Full if pushes > 0 => Err(full()),
            Mode::FullForAll => Err(full()),
            Mode::FullForMany if orders.len() > 1 => Err(full()),
            Mode::Fail => Err(failed()),
            Mode::DoAndFail => {
                self.memory.commit(orders)?;
                Err(failed())
            }
            Mode::Panic => panic!("the storage panics, as it was told"),
            _ => self.memory.commit(orders),
        }
    }

    fn tend(&mut self) -> Result<(), StorageError> {
        self.script.lock().tended += 1;
        Ok(())
    }

    fn has_room(&self) -> bool {
        !matches!(self.script.lock().mode, Mode::Full | Mode::FullForAll)
    }

    fn reader(&mut self) -> Result<Box<dyn Reader>, StorageError> {
        if self.script.lock().mode == Mode::Blind {
            return Err(failed());
        }
        self.memory.reader()
    }

    fn figures(&self) -> StorageFigures {
        StorageFigures::default()
    }
}

pub(super) fn full() -> StorageError {
    StorageError::Full {
        place: "double.db".to_owned(),
    }
}

pub(super) fn failed() -> StorageError {
    StorageError::Failed {
        place: "double.db".to_owned(),
        detail: "input/output error".to_owned(),
    }
}
