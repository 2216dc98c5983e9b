//! The answer to something that was asked of the keeper: a future on any runtime, or a wait.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::StoreError;

/// What the keeper's thread will answer.
///
/// A future for any runtime; a program without one [waits](Answer::wait).
///
/// # Cancel safety
/// A dropped answer takes nothing back: what was asked for happens all the same.
#[derive(Debug)]
#[must_use = "nobody else hears how it went"]
pub struct Answer<T> {
    slot: Arc<Slot<T>>,
}

/// The side that answers. Dropped, it answers [`StoreError::Closed`].
#[derive(Debug)]
pub(super) struct Promise<T> {
    slot: Arc<Slot<T>>,
}

#[derive(Debug)]
pub(super) struct Slot<T> {
    state: Mutex<State<T>>,
    come: Condvar,
}

#[derive(Debug)]
enum State<T> {
    Waiting(Option<Waker>),
    Come(Result<T, StoreError>),
    Taken,
}

/// What can be given up when its time is over.
pub(super) trait Patience: Send + Sync {
    fn end(&self, after: Duration);
}

pub(super) fn promise<T>() -> (Promise<T>, Answer<T>) {
    let slot = Arc::new(Slot {
        state: Mutex::new(State::Waiting(None)),
        come: Condvar::new(),
    });
    let promise = Promise {
        slot: Arc::clone(&slot),
    };
    (promise, Answer { slot })
}

impl<T> Answer<T> {
    /// One that is there already.
    pub(super) fn now(result: Result<T, StoreError>) -> Self {
        let (promise, answer) = promise();
        promise.slot.put(result);
        answer
    }

    /// Blocks this thread until the answer comes.
    ///
    /// # Errors
    /// The answer's own, and [`StoreError::Slow`] if it has not come after `at_most`.
    pub fn wait(self, at_most: Duration) -> Result<T, StoreError> {
        let state = self.slot.lock();
        let is_waiting = |state: &mut State<T>| matches!(state, State::Waiting(_));
        let waited = self
            .slot
            .come
            .wait_timeout_while(state, at_most, is_waiting);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let slow = Err(StoreError::Slow { after: at_most });
        state.take().unwrap_or(slow)
    }
}

impl<T> Future for Answer<T> {
    type Output = Result<T, StoreError>;

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

impl<T> Promise<T> {
    pub(super) fn keep(self, result: Result<T, StoreError>) {
        self.slot.put(result);
    }

    /// Whether there is no answer yet, and somebody who would hear it.
    pub(super) fn is_awaited(&self) -> bool {
        let waits = matches!(*self.slot.lock(), State::Waiting(_));
        waits && Arc::strong_count(&self.slot) > 1
    }
}

impl<T: Send + 'static> Promise<T> {
    pub(super) fn patience(&self) -> Arc<dyn Patience> {
        Arc::<Slot<T>>::clone(&self.slot)
    }
}

impl<T> Drop for Promise<T> {
    fn drop(&mut self) {
        self.slot.put(Err(StoreError::Closed));
    }
}

impl<T: Send> Patience for Slot<T> {
    fn end(&self, after: Duration) {
        self.put(Err(StoreError::Slow { after }));
    }
}

impl<T> Slot<T> {
    /// The first answer counts.
    fn put(&self, result: Result<T, StoreError>) {
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

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> State<T> {
    /// The answer, once; who asks again after it has gone is told that nobody will answer.
    fn take(&mut self) -> Option<Result<T, StoreError>> {
        match std::mem::replace(self, Self::Taken) {
            Self::Come(result) => Some(result),
            Self::Taken => Some(Err(StoreError::Closed)),
            waiting @ Self::Waiting(_) => {
                *self = waiting;
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_secs(10);

    #[test]
    fn the_first_answer_counts() {
        let (promise, answer) = promise::<u32>();
        let patience = promise.patience();
        promise.keep(Ok(1));
        patience.end(SOON);
        assert_eq!(answer.wait(SOON), Ok(1));
    }

    #[test]
    fn a_promise_that_nobody_keeps_is_answered() {
        let (promise, answer) = promise::<u32>();
        drop(promise);
        assert_eq!(answer.wait(SOON), Err(StoreError::Closed));
    }

    #[test]
    fn a_wait_ends_also_without_an_answer() {
        let (_promise, answer) = promise::<u32>();
        let after = Duration::from_millis(1);
        assert_eq!(answer.wait(after), Err(StoreError::Slow { after }));
    }

    #[test]
    fn a_future_is_woken_and_answered_once() {
        let (promise, mut answer) = promise::<u32>();
        let mut cx = Context::from_waker(Waker::noop());
        assert!(Pin::new(&mut answer).poll(&mut cx).is_pending());
        promise.keep(Ok(1));
        assert_eq!(Pin::new(&mut answer).poll(&mut cx), Poll::Ready(Ok(1)));
        let again = Pin::new(&mut answer).poll(&mut cx);
        assert_eq!(again, Poll::Ready(Err(StoreError::Closed)));
    }
}
