//! The answer to something that was asked of the queues: a future on any runtime, or a wait.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::QueueError;

/// What a thread of the queues will answer.
///
/// A future for any runtime; a program without one [waits](Answer::wait).
///
/// # Cancel safety
/// A dropped answer takes nothing back: what was asked for happens all the same.
#[must_use = "nobody else hears how it went"]
pub struct Answer<T, E = QueueError> {
    slot: Arc<Slot<T, E>>,
}

/// The side that answers. Dropped, it answers [`QueueError::Closed`].
pub(super) struct Promise<T, E: From<QueueError> = QueueError> {
    slot: Arc<Slot<T, E>>,
}

struct Slot<T, E> {
    state: Mutex<State<T, E>>,
    come: Condvar,
}

enum State<T, E> {
    Waiting(Option<Waker>),
    Come(Result<T, E>),
    Taken,
}

pub(super) fn promise<T, E: From<QueueError>>() -> (Promise<T, E>, Answer<T, E>) {
    let slot = Arc::new(Slot {
        state: Mutex::new(State::Waiting(None)),
        come: Condvar::new(),
    });
    let promise = Promise {
        slot: Arc::clone(&slot),
    };
    (promise, Answer { slot })
}

impl<T, E: From<QueueError>> Answer<T, E> {
    /// One that is there already.
    pub(super) fn now(result: Result<T, E>) -> Self {
        let (promise, answer) = promise();
        promise.keep(result);
        answer
    }

    /// Blocks this thread until the answer comes.
    ///
    /// # Errors
    /// The answer's own, and [`QueueError::Slow`] if it has not come after `at_most`.
    pub fn wait(self, at_most: Duration) -> Result<T, E> {
        let state = self.slot.lock();
        let is_waiting = |state: &mut State<T, E>| matches!(state, State::Waiting(_));
        let come = &self.slot.come;
        let waited = come.wait_timeout_while(state, at_most, is_waiting);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let slow = || Err(QueueError::Slow { after: at_most }.into());
        state.take().unwrap_or_else(slow)
    }
}

impl<T, E: From<QueueError>> Future for Answer<T, E> {
    type Output = Result<T, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // Cloned and dropped outside the lock: it is a stranger's code.
        let waker = cx.waker().clone();
        let mut state = self.slot.lock();
        if let Some(result) = state.take() {
            return Poll::Ready(result);
        }
        let before = std::mem::replace(&mut *state, State::Waiting(Some(waker)));
        drop(state);
        drop(before);
        Poll::Pending
    }
}

impl<T, E: From<QueueError>> Promise<T, E> {
    pub(super) fn keep(self, result: Result<T, E>) {
        self.slot.put(result);
    }

    /// Whether somebody would hear the answer.
    pub(super) fn is_awaited(&self) -> bool {
        Arc::strong_count(&self.slot) > 1
    }
}

impl<T, E: From<QueueError>> Drop for Promise<T, E> {
    fn drop(&mut self) {
        self.slot.put(Err(QueueError::Closed.into()));
    }
}

impl<T, E> Slot<T, E> {
    /// The first answer counts.
    fn put(&self, result: Result<T, E>) {
        let mut state = self.lock();
        let State::Waiting(waker) = &mut *state else {
            return;
        };
        let waker = waker.take();
        *state = State::Come(result);
        drop(state);
        self.come.notify_all();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<T, E>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T, E: From<QueueError>> State<T, E> {
    /// The answer, once; who asks again after it has gone is told that nobody will answer.
    fn take(&mut self) -> Option<Result<T, E>> {
        match std::mem::replace(self, Self::Taken) {
            Self::Come(result) => Some(result),
            Self::Taken => Some(Err(QueueError::Closed.into())),
            waiting @ Self::Waiting(_) => {
                *self = waiting;
                None
            }
        }
    }
}

impl<T, E> fmt::Debug for Answer<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let has_come = !matches!(*self.slot.lock(), State::Waiting(_));
        let mut answer = f.debug_struct("Answer");
        answer.field("has_come", &has_come).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PushError;

    const SOON: Duration = Duration::from_secs(10);

    #[test]
    fn the_first_answer_counts() {
        let (promise, answer) = promise::<u32, QueueError>();
        promise.keep(Ok(1));
        assert_eq!(answer.wait(SOON), Ok(1));
    }

    #[test]
    fn a_promise_that_nobody_keeps_is_answered() {
        let (promise, answer) = promise::<u32, PushError>();
        drop(promise);
        let closed = Err(PushError::Queue(QueueError::Closed));
        assert_eq!(answer.wait(SOON), closed);
    }

    #[test]
    fn a_wait_ends_also_without_an_answer() {
        let (_promise, answer) = promise::<u32, QueueError>();
        let after = Duration::from_millis(1);
        assert_eq!(answer.wait(after), Err(QueueError::Slow { after }));
    }

    #[test]
    fn a_future_is_woken_and_answered_once() {
        let (promise, mut answer) = promise::<u32, QueueError>();
        let mut cx = Context::from_waker(Waker::noop());
        assert!(Pin::new(&mut answer).poll(&mut cx).is_pending());
        promise.keep(Ok(1));
        assert_eq!(Pin::new(&mut answer).poll(&mut cx), Poll::Ready(Ok(1)));
        let again = Pin::new(&mut answer).poll(&mut cx);
        assert_eq!(again, Poll::Ready(Err(QueueError::Closed)));
    }
}
