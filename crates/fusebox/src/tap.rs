//! Recorded calls, one by one, for whoever wants to see them: a recorder, a dry run.
//!
//! A ring that writers never wait for. A writer takes a number, claims the slot of that number, and
//! writes; a reader takes what is whole and is told how much it missed. Everything is an atomic,
//! so a torn slot is seen and never believed: its tag is read before and after.

use crate::clock::{Tick, nanos};
use crate::outcome::{FailureClass, Outcome};
use crate::sync::{AtomicU64, Ordering, fence};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// Calls that a reader may be behind before it misses some: a tenth of a second at 40,000 a second.
#[cfg(not(loom))]
const CAPACITY: u64 = 4_096;
#[cfg(loom)]
const CAPACITY: u64 = 1;

/// A call whose outcome was recorded and judged, or a trial that ran out of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordedCall {
    /// When it was settled. On the system's clock a few milliseconds early, as windows are; calls
    /// of several threads may be some milliseconds out of order.
    pub at: Tick,
    /// How it ended.
    pub outcome: Outcome,
    /// How long it took, where anybody measured it.
    pub took: Option<Duration>,
    /// How long the dependency asked to be left alone; to the millisecond, 6 days at most.
    pub retry_after: Option<Duration>,
    /// The generation that it belongs to.
    pub generation: u32,
}

/// A reader of a circuit's recorded calls, from the moment it was made.
#[derive(Debug)]
pub struct TapReader {
    tap: Arc<Tap>,
    next: u64,
}

#[derive(Debug, Default)]
struct Slot {
    /// 2n + 1 while call n is being written, 2n + 2 when it is there; 0 at first.
    tag: AtomicU64,
    at: AtomicU64,
    what: AtomicU64,
    /// Nanoseconds and one; 0: not known.
    took: AtomicU64,
}

#[derive(Debug)]
pub(crate) struct Tap {
    next: AtomicU64,
    /// Made by the first call that is recorded.
    slots: OnceLock<Box<[Slot]>>,
}

impl Tap {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            next: AtomicU64::new(0),
            slots: OnceLock::new(),
        })
    }

    pub(crate) fn reader(self: &Arc<Self>) -> TapReader {
        TapReader {
            tap: Arc::clone(self),
            next: self.next.load(Ordering::Acquire),
        }
    }

    pub(crate) fn record(&self, call: &RecordedCall) {
        let slots = self.slots.get_or_init(|| {
            let slots = (0..CAPACITY).map(|_| Slot::default());
            slots.collect()
        });
        // Relaxed: the slot's tag publishes what is written.
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let slot = &slots[index(number)];
        let before = slot.tag.load(Ordering::Relaxed);
        let writing = 2 * number + 1;
        // Somebody who was overtaken by the whole ring is still writing here, or somebody a
        // whole ring ahead was: this call is missed.
        let free = before.is_multiple_of(2) && before < writing;
        if !free || !claim(&slot.tag, before, writing) {
            return;
        }
        // A reader that sees any of the stores below sees the claim too.
        fence(Ordering::Release);
        slot.at.store(call.at.as_nanos(), Ordering::Relaxed);
        slot.what.store(what(call), Ordering::Relaxed);
        let took = call.took.map_or(0, |took| nanos(took).saturating_add(1));
        slot.took.store(took, Ordering::Relaxed);
        // Release, pairs with the reader's first Acquire.
        slot.tag.store(writing + 1, Ordering::Release);
    }
}

impl TapReader {
    /// Takes what was recorded since the last time, in the order of the records. Says how many
    /// calls were overwritten before anybody read them.
    pub fn drain(&mut self, into: &mut Vec<RecordedCall>) -> u64 {
        let end = self.tap.next.load(Ordering::Acquire);
        let Some(slots) = self.tap.slots.get() else {
            return 0;
        };
        let oldest = end.saturating_sub(CAPACITY).max(self.next);
        let mut missed = oldest - self.next;
        self.next = oldest;
        while self.next < end {
            let slot = &slots[index(self.next)];
            let whole = 2 * self.next + 2;
            // Acquire, pairs with the Release of the last store of `record`.
            let tag = slot.tag.load(Ordering::Acquire);
            if tag < whole {
                // It is being written: next time.
                break;
            }
            let call = (tag == whole).then(|| slot.read()).flatten();
            // What was read is whole if nobody has claimed the slot since.
            fence(Ordering::Acquire);
            match call.filter(|_| slot.tag.load(Ordering::Relaxed) == whole) {
                Some(call) => into.push(call),
                None => missed += 1,
            }
            self.next += 1;
        }
        missed
    }
}

impl Slot {
    fn read(&self) -> Option<RecordedCall> {
        let what = self.what.load(Ordering::Relaxed);
        let took = self.took.load(Ordering::Relaxed);
        let outcome = match what & 7 {
            0 => Outcome::Success,
            7 => Outcome::Ignored,
            class => Outcome::Failure(class_of(class)?),
        };
        let retry_after = (what >> 3) & RETRY_MAX;
        #[allow(clippy::cast_possible_truncation)] // the upper half
        let generation = (what >> 32) as u32;
        Some(RecordedCall {
            at: Tick::from_nanos(self.at.load(Ordering::Relaxed)),
            outcome,
            took: took.checked_sub(1).map(Duration::from_nanos),
            retry_after: (retry_after > 0).then(|| Duration::from_millis(retry_after)),
            generation,
        })
    }
}

/// 29 bits of milliseconds.
const RETRY_MAX: u64 = (1 << 29) - 1;

/// Generation, wait and outcome in one word.
fn what(call: &RecordedCall) -> u64 {
    let outcome = match call.outcome {
        Outcome::Success => 0,
        Outcome::Failure(class) => class as u64 + 1,
        Outcome::Ignored => 7,
    };
    let wait = call.retry_after.unwrap_or_default();
    let wait = u64::try_from(wait.as_millis()).map_or(RETRY_MAX, |ms| ms.min(RETRY_MAX));
    u64::from(call.generation) << 32 | wait << 3 | outcome
}

fn class_of(number: u64) -> Option<FailureClass> {
    let index = usize::try_from(number).ok()?.checked_sub(1)?;
    FailureClass::ALL.get(index).copied()
}

fn index(number: u64) -> usize {
    #[allow(clippy::cast_possible_truncation)] // below CAPACITY
    let index = (number % CAPACITY) as usize;
    index
}

/// Acquire, pairs with the Release of the slot's last writer: what is written next comes after what
/// that one wrote.
fn claim(tag: &AtomicU64, before: u64, writing: u64) -> bool {
    tag.compare_exchange(before, writing, Ordering::Acquire, Ordering::Relaxed)
        .is_ok()
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn call(at: u64) -> RecordedCall {
        RecordedCall {
            at: Tick::from_nanos(at),
            outcome: Outcome::Failure(FailureClass::Other),
            took: Some(Duration::from_nanos(at)),
            retry_after: Some(Duration::from_millis(at)).filter(|wait| !wait.is_zero()),
            generation: u32::MAX,
        }
    }

    #[test]
    fn what_was_recorded_comes_out_as_it_was() {
        let tap = Tap::new();
        let mut reader = tap.reader();
        let mut out = Vec::new();
        assert_eq!(reader.drain(&mut out), 0);
        let outcomes = FailureClass::ALL.map(Outcome::Failure);
        let outcomes = [&outcomes[..], &[Outcome::Success, Outcome::Ignored]].concat();
        let calls: Vec<_> = outcomes
            .into_iter()
            .map(|outcome| RecordedCall {
                outcome,
                took: None,
                ..call(7)
            })
            .chain([call(0), call(1)])
            .collect();
        calls.iter().for_each(|call| tap.record(call));
        assert_eq!(reader.drain(&mut out), 0);
        assert_eq!(out, calls);
    }

    #[test]
    fn who_falls_behind_is_told_how_much_is_missing() {
        let tap = Tap::new();
        let mut reader = tap.reader();
        (0..CAPACITY + 10).for_each(|n| tap.record(&call(n)));
        let mut out = Vec::new();
        assert_eq!(reader.drain(&mut out), 10);
        assert_eq!(out.len() as u64, CAPACITY);
        assert_eq!(out[0], call(10));
        assert_eq!(reader.drain(&mut out), 0);
    }

    #[test]
    fn threads_that_write_at_once_leave_no_torn_call() {
        let tap = Tap::new();
        let mut reader = tap.reader();
        let (mut seen, mut missed) = (Vec::new(), 0);
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..2)
                .map(|_| scope.spawn(|| (0..100_000).for_each(|n| tap.record(&call(n)))))
                .collect();
            while threads.iter().any(|thread| !thread.is_finished()) {
                missed += reader.drain(&mut seen);
            }
        });
        missed += reader.drain(&mut seen);
        for found in &seen {
            assert_eq!(*found, call(found.at.as_nanos()));
        }
        assert_eq!(seen.len() as u64 + missed, 200_000);
    }
}

#[cfg(all(test, loom))]
mod loom_tests {
    use super::*;

    fn call(number: u64) -> RecordedCall {
        RecordedCall {
            at: Tick::from_nanos(number),
            outcome: Outcome::Success,
            took: Some(Duration::from_nanos(number)),
            retry_after: None,
            generation: u32::try_from(number).unwrap_or_default(),
        }
    }

    /// Two writers overtake each other in a ring of one slot while a reader looks.
    #[test]
    fn loom_no_torn_call_is_ever_taken() {
        loom::model(|| {
            let tap = Tap::new();
            let mut reader = tap.reader();
            // A ring that was made by then: under loom nobody waits for another's initialisation.
            tap.slots.get_or_init(|| Box::new([Slot::default()]));
            let writers = [1, 2].map(|number| {
                let tap = Arc::clone(&tap);
                loom::thread::spawn(move || tap.record(&call(number)))
            });
            let mut seen = Vec::new();
            let mut missed = reader.drain(&mut seen);
            for writer in writers {
                writer.join().expect("no panic");
            }
            missed += reader.drain(&mut seen);
            for found in &seen {
                assert_eq!(*found, call(found.at.as_nanos()));
            }
            assert!(seen.len() as u64 + missed <= 2);
        });
    }
}
