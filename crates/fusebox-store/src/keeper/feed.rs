//! The history as it is kept, for who shows it live.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};

use crate::EventRecord;

/// Events that wait for one reader.
const WAITING_MAX: usize = 1_024;

/// What a reader of the history gets.
#[derive(Clone, Debug, PartialEq)]
pub enum Fed {
    /// The next event, with its number.
    Event(Arc<EventRecord>),
    /// So many events went by before this reader took them; they are in the history.
    Missed(u64),
}

/// A reader of events as they are kept, from [`Keeper::follow`](crate::Keeper::follow) on.
#[derive(Debug)]
pub struct EventFeed {
    line: Arc<Mutex<Line>>,
}

#[derive(Debug, Default)]
struct Line {
    events: VecDeque<Arc<EventRecord>>,
    missed: u64,
    waker: Option<Waker>,
    is_closed: bool,
}

/// The writing end: all readers that are still there.
#[derive(Debug, Default)]
pub(super) struct Followers {
    lines: Mutex<Vec<Weak<Mutex<Line>>>>,
}

impl EventFeed {
    /// What comes next; `None`: the keeper is closed and everything was taken. Works on any
    /// runtime.
    ///
    /// # Cancel safety
    /// A dropped wait loses nothing.
    pub async fn next(&mut self) -> Option<Fed> {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    /// What is there already.
    pub fn try_next(&mut self) -> Option<Fed> {
        lock(&self.line).take()
    }

    /// The same as [`next`](Self::next), for who writes futures by hand.
    pub fn poll_next(&mut self, cx: &Context<'_>) -> Poll<Option<Fed>> {
        let waker = cx.waker().clone();
        let mut line = lock(&self.line);
        if let Some(fed) = line.take() {
            return Poll::Ready(Some(fed));
        }
        if line.is_closed {
            return Poll::Ready(None);
        }
        let before = line.waker.replace(waker);
        drop(line);
        drop(before);
        Poll::Pending
    }
}

impl Line {
    fn take(&mut self) -> Option<Fed> {
        if self.missed > 0 {
            return Some(Fed::Missed(std::mem::take(&mut self.missed)));
        }
        self.events.pop_front().map(Fed::Event)
    }

    fn put(&mut self, event: &Arc<EventRecord>) {
        if self.events.len() == WAITING_MAX {
            self.events.pop_front();
            self.missed += 1;
        }
        self.events.push_back(Arc::clone(event));
    }
}

impl Followers {
    pub(super) fn follow(&self) -> EventFeed {
        let line = Arc::default();
        lock(&self.lines).push(Arc::downgrade(&line));
        EventFeed { line }
    }

    pub(super) fn tell(&self, events: Vec<EventRecord>) {
        let events: Vec<_> = events.into_iter().map(Arc::new).collect();
        self.each(|line| events.iter().for_each(|event| line.put(event)));
    }

    pub(super) fn close(&self) {
        self.each(|line| line.is_closed = true);
    }

    fn each(&self, change: impl Fn(&mut Line)) {
        let mut lines = lock(&self.lines);
        lines.retain(|line| line.strong_count() > 0);
        let there: Vec<_> = lines.iter().filter_map(Weak::upgrade).collect();
        drop(lines);
        for line in there {
            let mut line = lock(&line);
            change(&mut line);
            let waker = line.waker.take();
            drop(line);
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
