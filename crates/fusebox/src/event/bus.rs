//! A bounded ring of events with any number of readers.
//!
//! Writers never wait for readers: what a reader has not taken when the ring is full is gone for
//! it, and it is told how much. Wakers run after every lock is released.

use super::Event;
use crate::sync::{Arc, Mutex, MutexGuard, lock};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
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
    /// Who waits: at most one waker for each subscription.
    wakers: Vec<(u64, Waker)>,
    /// The number of the next subscription.
    next_id: u64,
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
    id: u64,
}

impl EventBus {
    /// A bus that keeps the last `capacity` events (at least one) for readers that fall behind.
    pub fn new(capacity: usize) -> Arc<Self> {
        let ring = Ring {
            events: VecDeque::new(),
            first: 0,
            wakers: Vec::new(),
            next_id: 0,
        };
        Arc::new(Self {
            ring: Mutex::new(ring),
            capacity: capacity.max(1),
        })
    }

    /// A reader of everything from now on.
    pub fn subscribe(self: &Arc<Self>) -> Subscription {
        let mut ring = self.lock();
        ring.next_id += 1;
        Subscription {
            next: ring.first + ring.events.len() as u64,
            id: ring.next_id,
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

    /// Wakes who waits. Wakers are the runtime's code, the only strangers that run here: after
    /// every lock, and a panic of theirs is not the caller's.
    pub(crate) fn wake(&self) {
        let wakers = std::mem::take(&mut self.lock().wakers);
        for (_, waker) in wakers {
            let _ = catch_unwind(AssertUnwindSafe(|| waker.wake()));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Ring> {
        lock(&self.ring)
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
        if let Some(received) = self.try_next() {
            return Poll::Ready(received);
        }
        // Cloned before the lock: it is a stranger's code.
        let waker = cx.waker().clone();
        let bus = Arc::clone(&self.bus);
        let mut ring = bus.lock();
        if let Some(received) = self.take(&ring) {
            return Poll::Ready(received);
        }
        let replaced = ring.forget(self.id);
        ring.wakers.push((self.id, waker));
        drop(ring);
        // Dropped after the lock, for the same reason.
        drop(replaced);
        Poll::Pending
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

impl Ring {
    fn forget(&mut self, id: u64) -> Option<(u64, Waker)> {
        let index = self.wakers.iter().position(|(waiting, _)| *waiting == id)?;
        Some(self.wakers.swap_remove(index))
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let forgotten = self.bus.lock().forget(self.id);
        drop(forgotten);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::task::Wake;

    struct Deaf;

    impl Wake for Deaf {
        fn wake(self: Arc<Self>) {}
    }

    #[test]
    fn a_subscription_leaves_no_waker_behind() {
        let bus = EventBus::new(4);
        for _ in 0..3 {
            let mut subscription = bus.subscribe();
            for _ in 0..3 {
                let waker = Waker::from(Arc::new(Deaf));
                let waiting = subscription.poll_next(&Context::from_waker(&waker));
                assert!(waiting.is_pending());
                assert_eq!(bus.lock().wakers.len(), 1);
            }
        }
        assert!(bus.lock().wakers.is_empty());
    }
}

#[cfg(all(test, loom))]
mod loom_tests {
    use super::*;
    use crate::clock::Tick;
    use crate::event::{Author, EventKind};
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::task::Wake;

    struct Alarm(AtomicU32);

    impl Wake for Alarm {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn event(generation: u32) -> Event {
        Event {
            circuit: Arc::from("loom"),
            branch: None,
            at: Tick::ZERO,
            generation,
            kind: EventKind::Reset {
                by: Author::system(),
            },
            restored: false,
        }
    }

    /// Tells so many events, as a breaker does, on a thread of its own.
    fn telling(bus: &Arc<EventBus>, events: u32) -> loom::thread::JoinHandle<()> {
        let bus = Arc::clone(bus);
        loom::thread::spawn(move || {
            for generation in 1..=events {
                bus.push(event(generation));
                bus.wake();
            }
        })
    }

    #[test]
    fn loom_no_event_is_slept_through() {
        loom::model(|| {
            let bus = EventBus::new(4);
            let mut events = bus.subscribe();
            let alarm = Arc::new(Alarm(AtomicU32::new(0)));
            let waker = Waker::from(Arc::clone(&alarm));
            let teller = telling(&bus, 1);
            let polled = events.poll_next(&Context::from_waker(&waker));
            teller.join().unwrap();
            if polled.is_pending() {
                assert_eq!(alarm.0.load(Ordering::Relaxed), 1, "woken once");
                assert!(events.try_next().is_some());
            }
            assert!(events.try_next().is_none());
        });
    }

    /// A ring of one, overwritten while a reader takes from it.
    #[test]
    fn loom_every_event_is_taken_once_or_told_as_missed() {
        loom::model(|| {
            let bus = EventBus::new(1);
            let mut events = bus.subscribe();
            let teller = telling(&bus, 3);
            let (mut next, mut last) = (1, 0);
            let mut take = |events: &mut Subscription| match events.try_next() {
                Some(Received::Event(event)) => {
                    assert_eq!(u64::from(event.generation), next, "in order");
                    (next, last) = (next + 1, event.generation);
                    true
                }
                Some(Received::Missed(missed)) => {
                    next += missed;
                    true
                }
                None => false,
            };
            take(&mut events);
            take(&mut events);
            teller.join().unwrap();
            while take(&mut events) {}
            assert_eq!((next, last), (4, 3));
        });
    }

    #[test]
    fn loom_two_tellers_lose_no_event() {
        loom::model(|| {
            let bus = EventBus::new(4);
            let mut events = bus.subscribe();
            let other = telling(&bus, 1);
            bus.push(event(1));
            bus.wake();
            other.join().unwrap();
            let taken = std::iter::from_fn(|| events.try_next()).count();
            assert_eq!(taken, 2);
        });
    }
}
