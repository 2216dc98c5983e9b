//! A bounded ring of events with any number of readers.
//!
//! Writers never wait for readers: what a reader has not taken when the ring is full is gone for
//! it, and it is told how much. Wakers run after every lock is released.

use super::Event;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// Where events go. One bus may serve many breakers: events stay in order per circuit.
#[derive(Debug)]
pub struct EventBus {
    ring: Mutex<Ring>,
    capacity: usize,
}

#[derive(Debug)]
struct Ring {
    events: VecDeque<Event>,
    /// The number of the first event in the ring.
    first: u64,
    wakers: Vec<Waker>,
}

/// What a reader gets.
#[derive(Clone, Debug, PartialEq)]
pub enum Received {
    /// The next event.
    Event(Event),
    /// So many events were overwritten before this reader took them.
    Missed(u64),
}

/// One reader of a bus, from the moment it subscribed.
#[derive(Debug)]
pub struct Subscription {
    bus: Arc<EventBus>,
    next: u64,
}

impl EventBus {
    /// A bus that keeps the last `capacity` events (at least one) for readers that fall behind.
    pub fn new(capacity: usize) -> Arc<Self> {
        let ring = Ring {
            events: VecDeque::new(),
            first: 0,
            wakers: Vec::new(),
        };
        Arc::new(Self {
            ring: Mutex::new(ring),
            capacity: capacity.max(1),
        })
    }

    /// A reader of everything from now on.
    pub fn subscribe(self: &Arc<Self>) -> Subscription {
        let ring = self.lock();
        Subscription {
            next: ring.first + ring.events.len() as u64,
            bus: Arc::clone(self),
        }
    }

    /// Adds events. Called under a circuit's lock, so that its events stay in order; the
    /// readers are woken by [`EventBus::wake`] after that lock is released.
    pub(crate) fn push(&self, event: Event) {
        let mut ring = self.lock();
        if ring.events.len() == self.capacity {
            ring.events.pop_front();
            ring.first += 1;
        }
        ring.events.push_back(event);
    }

    pub(crate) fn wake(&self) {
        let wakers = std::mem::take(&mut self.lock().wakers);
        wakers.into_iter().for_each(Waker::wake);
    }

    fn lock(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Subscription {
    /// The next event, if there is one.
    pub fn try_next(&mut self) -> Option<Received> {
        let bus = Arc::clone(&self.bus);
        let ring = bus.lock();
        self.take(&ring)
    }

    /// Waits for the next event. Works on any runtime.
    ///
    /// # Cancel safety
    /// A dropped wait loses nothing.
    pub async fn next(&mut self) -> Received {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    /// The next event, or a wake-up when there is one.
    pub fn poll_next(&mut self, cx: &Context<'_>) -> Poll<Received> {
        let bus = Arc::clone(&self.bus);
        let mut ring = bus.lock();
        match self.take(&ring) {
            Some(received) => Poll::Ready(received),
            None => {
                if !ring.wakers.iter().any(|waker| waker.will_wake(cx.waker())) {
                    ring.wakers.push(cx.waker().clone());
                }
                Poll::Pending
            }
        }
    }

    fn take(&mut self, ring: &Ring) -> Option<Received> {
        if self.next < ring.first {
            let missed = ring.first - self.next;
            self.next = ring.first;
            return Some(Received::Missed(missed));
        }
        // At most the ring's capacity.
        let index = usize::try_from(self.next - ring.first).ok()?;
        let event = ring.events.get(index)?.clone();
        self.next += 1;
        Some(Received::Event(event))
    }
}
