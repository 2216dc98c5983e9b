//! The threads that read for others, each with eyes of its own: they wait for no commit, and none
//! for them. One has a single short question, which calls wait for, so that no list holds it up.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::answer::{Answer, promise};
use super::shared::{Presence, Shared};
use crate::storage::Reader;
use crate::{QueueError, StorageError};

/// Questions that wait at most. They are short; so many wait only for a disk that hangs.
const QUESTIONS_MAX: usize = 1_000;

type Question = Box<dyn FnOnce(&mut dyn Reader) + Send>;

/// Where questions wait.
#[derive(Default)]
pub(super) struct Desk {
    state: Mutex<State>,
    come: Condvar,
}

#[derive(Default)]
struct State {
    is_closed: bool,
    questions: VecDeque<Question>,
}

impl Desk {
    pub(super) fn ask<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut dyn Reader) -> Result<T, StorageError> + Send + 'static,
    ) -> Answer<T> {
        let mut state = self.lock();
        let waiting = state.questions.len();
        if state.is_closed {
            return Answer::now(Err(QueueError::Closed));
        }
        if waiting >= QUESTIONS_MAX {
            return Answer::now(Err(QueueError::Busy { waiting }));
        }
        let (promise, answer) = promise();
        state.questions.push_back(Box::new(move |reader| {
            // Who has given up is not read for: after a hang there may be many.
            if promise.is_awaited() {
                promise.keep(read(reader).map_err(QueueError::Storage));
            }
        }));
        drop(state);
        self.come.notify_all();
        answer
    }

    /// Nobody answers any more.
    pub(super) fn end(&self) {
        let mut state = self.lock();
        state.is_closed = true;
        let rest = std::mem::take(&mut state.questions);
        drop(state);
        self.come.notify_all();
        // Promises wake strangers: outside the lock.
        drop(rest);
    }

    /// The next question; `None`: none will come any more.
    fn take(&self) -> Option<Question> {
        let is_idle = |state: &mut State| !state.is_closed && state.questions.is_empty();
        let waited = self.come.wait_while(self.lock(), is_idle);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        state.questions.pop_front()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Answers what is asked at one of the desks.
pub(super) fn run(
    shared: &Arc<Shared>,
    desk: fn(&Shared) -> &Desk,
    reader: Box<dyn Reader>,
    presence: Presence,
) {
    // The eyes go first, also in a panic: who waits for the end may open the place again.
    let _presence = presence;
    let mut reader = reader;
    while let Some(question) = desk(shared).take() {
        question(&mut *reader);
    }
}
