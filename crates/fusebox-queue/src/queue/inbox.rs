//! What waits for the writer. Pushes are bounded; what drains a queue is never refused, so that a
//! flood of pushes cannot keep messages from leaving.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::asked::Asked;
use crate::QueueError;

/// Pushes that wait: sixteen full commits. Whoever comes later is told that the disk is behind,
/// rather than waiting for a second or more.
pub(super) const PUSHES_MAX: usize = 4096;
/// Orders of one commit: more make a commit longer, but hardly cheaper for each.
pub(super) const BATCH_MAX: usize = 256;

/// How far the queues are in their life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Running,
    /// What is there is still carried out.
    Closing,
    /// Nobody carries out anything any more.
    Ended,
}

#[derive(Debug)]
pub(super) struct Inbox {
    state: Mutex<State>,
    come: Condvar,
}

struct State {
    stage: Stage,
    pushes: VecDeque<Asked>,
    /// All the rest, in order.
    others: VecDeque<Asked>,
}

/// What the writer gets.
pub(super) enum Batch {
    /// Orders, at most [`BATCH_MAX`].
    Of(Vec<Asked>),
    /// Nothing came for a while.
    Nothing,
    /// Nothing will come any more.
    End,
}

impl Inbox {
    pub(super) fn new() -> Self {
        let state = State {
            stage: Stage::Running,
            pushes: VecDeque::new(),
            others: VecDeque::new(),
        };
        Self {
            state: Mutex::new(state),
            come: Condvar::new(),
        }
    }

    /// A push, if it is not refused.
    pub(super) fn push(&self, make: impl FnOnce() -> Asked) -> Result<(), QueueError> {
        let mut state = self.lock();
        let waiting = state.pushes.len();
        if state.stage != Stage::Running {
            return Err(QueueError::Closed);
        }
        if waiting >= PUSHES_MAX {
            return Err(QueueError::Busy { waiting });
        }
        state.pushes.push_back(make());
        drop(state);
        self.come.notify_all();
        Ok(())
    }

    /// Something else; refused only at the end.
    pub(super) fn ask(&self, make: impl FnOnce() -> Asked) -> Result<(), QueueError> {
        let mut state = self.lock();
        if state.stage != Stage::Running {
            return Err(QueueError::Closed);
        }
        state.others.push_back(make());
        drop(state);
        self.come.notify_all();
        Ok(())
    }

    /// Waits for orders: at most for so long.
    pub(super) fn take(&self, at_most: Duration) -> Batch {
        let is_idle = |state: &mut State| {
            state.stage == Stage::Running && state.pushes.is_empty() && state.others.is_empty()
        };
        let waited = self.come.wait_timeout_while(self.lock(), at_most, is_idle);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let batch = state.take();
        match state.stage {
            _ if !batch.is_empty() => Batch::Of(batch),
            Stage::Running => Batch::Nothing,
            Stage::Closing | Stage::Ended => Batch::End,
        }
    }

    /// Nothing more comes in.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        if state.stage == Stage::Running {
            state.stage = Stage::Closing;
        }
        drop(state);
        self.come.notify_all();
    }

    pub(super) fn has_ended(&self) -> bool {
        self.lock().stage == Stage::Ended
    }

    /// The writer has gone: whoever still waits is told so.
    pub(super) fn end(&self) {
        let mut state = self.lock();
        state.stage = Stage::Ended;
        let rest = (
            std::mem::take(&mut state.pushes),
            std::mem::take(&mut state.others),
        );
        drop(state);
        self.come.notify_all();
        // Promises wake strangers: outside the lock.
        drop(rest);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Half of a batch is for each side, as long as both have enough; what one leaves the other
    /// takes. What drains goes first, since it makes room for what comes.
    fn take(&mut self) -> Vec<Asked> {
        let half = BATCH_MAX / 2;
        let pushes = self
            .pushes
            .len()
            .min(half.max(BATCH_MAX.saturating_sub(self.others.len())));
        let others = self.others.len().min(BATCH_MAX - pushes.min(BATCH_MAX));
        let others = self.others.drain(..others);
        let mut batch: Vec<_> = others.collect();
        batch.extend(self.pushes.drain(..pushes));
        batch
    }
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State")
            .field("stage", &self.stage)
            .field("pushes", &self.pushes.len())
            .field("others", &self.others.len())
            .finish()
    }
}
