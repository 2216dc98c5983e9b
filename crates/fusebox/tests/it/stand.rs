//! Breakers on a clock moved by hand, and threads that start together.

use fusebox::{Author, Builder, CircuitBreaker, HoldKind, HoldRequest, ManualClock, Rate};
// Passes a panic on with the message that it has.
use std::panic::resume_unwind;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Barrier, Mutex};
use std::time::Duration;

pub(crate) const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

pub(crate) const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

pub(crate) fn percent(text: &str) -> Rate {
    Rate::parse(text).unwrap()
}

/// A breaker without jitter, with what `set` adds.
pub(crate) fn breaker(set: impl FnOnce(Builder) -> Builder) -> (Arc<CircuitBreaker>, ManualClock) {
    let clock = ManualClock::new();
    let builder = CircuitBreaker::builder("test")
        .clock(clock.clone())
        .jitter(percent("0%"));
    (Arc::new(set(builder).build().unwrap()), clock)
}

pub(crate) fn tester() -> Author {
    Author::new("tester")
}

pub(crate) fn hold(kind: HoldKind, expires_after: Option<Duration>) -> HoldRequest {
    HoldRequest {
        kind,
        reason: "a test".to_owned(),
        author: tester(),
        for_: expires_after,
    }
}

/// Runs `work` on so many threads at once, each with its number; their answers in order.
pub(crate) fn together<T: Send>(threads: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let start = Barrier::new(threads);
    std::thread::scope(|scope| {
        let (start, work) = (&start, &work);
        let started: Vec<_> = (0..threads)
            .map(|number| {
                scope.spawn(move || {
                    start.wait();
                    work(number)
                })
            })
            .collect();
        started
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    })
}

/// One thing for each thread, behind a lock that no other takes: the thread sanitizer does not see
/// how std waits for a lock.
pub(crate) struct OneEach<T>(Vec<Mutex<Option<T>>>);

impl<T> OneEach<T> {
    pub(crate) fn new(things: impl IntoIterator<Item = T>) -> Self {
        let each = things.into_iter().map(|thing| Mutex::new(Some(thing)));
        Self(each.collect())
    }

    pub(crate) fn take(&self, number: usize) -> T {
        self.0[number].lock().unwrap().take().unwrap()
    }
}

/// Ends a test that has come to a standstill.
pub(crate) fn bounded(work: impl FnOnce() + Send + 'static) {
    let (done, end) = channel();
    let worker = std::thread::spawn(move || {
        work();
        // Nobody waits any more if it took too long.
        let _ = done.send(());
    });
    let waited = end.recv_timeout(secs(120));
    assert_ne!(waited, Err(RecvTimeoutError::Timeout), "a standstill");
    if let Err(panic) = worker.join() {
        resume_unwind(panic);
    }
}

/// A random number generator good enough to mix outcomes; the same for the same seed.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}
