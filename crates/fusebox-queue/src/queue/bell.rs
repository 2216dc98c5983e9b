//! Tells who waits that something changed. It needs no runtime.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// Waits for changes of a queue: a push, a settling, a retry, the end of a pause. What happened
/// between two looks is told once.
#[derive(Debug)]
pub struct Changes {
    bell: Arc<Bell>,
    me: u64,
    seen: u64,
}

#[derive(Debug, Default)]
pub(super) struct Bell {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    rung: u64,
    is_closed: bool,
    next: u64,
    wakers: BTreeMap<u64, Waker>,
}

impl Changes {
    /// Waits until something has changed since the last look, or since this was made; `false`: the
    /// queues are closed, nothing will change any more.
    ///
    /// # Cancel safety
    /// A dropped wait loses nothing.
    pub async fn next(&mut self) -> bool {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    /// The same as [`next`](Self::next), for who writes futures by hand.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        // Cloned and dropped outside the lock: it is a stranger's code.
        let waker = cx.waker().clone();
        let mut state = self.bell.lock();
        if state.is_closed {
            return Poll::Ready(false);
        }
        if state.rung != self.seen {
            self.seen = state.rung;
            return Poll::Ready(true);
        }
        let before = state.wakers.insert(self.me, waker);
        drop(state);
        drop(before);
        Poll::Pending
    }
}

impl Drop for Changes {
    fn drop(&mut self) {
        let waker = self.bell.lock().wakers.remove(&self.me);
        drop(waker);
    }
}

impl Bell {
    pub(super) fn listen(self: &Arc<Self>) -> Changes {
        let mut state = self.lock();
        state.next += 1;
        Changes {
            bell: Arc::clone(self),
            me: state.next,
            seen: state.rung,
        }
    }

    pub(super) fn ring(&self) {
        let mut state = self.lock();
        state.rung += 1;
        wake(state);
    }

    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.is_closed = true;
        wake(state);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wake(mut state: MutexGuard<'_, State>) {
    let wakers = std::mem::take(&mut state.wakers);
    drop(state);
    wakers.into_values().for_each(Waker::wake);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_between_two_looks_are_told_once() {
        let bell = Arc::<Bell>::default();
        let mut cx = Context::from_waker(Waker::noop());
        bell.ring();
        let mut changes = bell.listen();
        assert!(changes.poll_next(&mut cx).is_pending());
        bell.ring();
        bell.ring();
        assert_eq!(changes.poll_next(&mut cx), Poll::Ready(true));
        assert!(changes.poll_next(&mut cx).is_pending());
        bell.close();
        assert_eq!(changes.poll_next(&mut cx), Poll::Ready(false));
    }

    #[test]
    fn each_listener_hears_it_and_one_that_is_gone_leaves_nothing() {
        let bell = Arc::<Bell>::default();
        let mut cx = Context::from_waker(Waker::noop());
        let (mut one, mut other) = (bell.listen(), bell.listen());
        assert!(one.poll_next(&mut cx).is_pending());
        assert!(other.poll_next(&mut cx).is_pending());
        drop(other);
        assert_eq!(bell.lock().wakers.len(), 1);
        bell.ring();
        assert_eq!(one.poll_next(&mut cx), Poll::Ready(true));
    }
}
