//! Recorded calls, one by one, for whoever wants to see them: a recorder, a dry run.
//!
//! Each recording thread has a ring of its own, so that threads do not meet; a reader merges them
//! by time. Writers never wait: a reader takes what is whole and is told how much it missed.
//! Everything is an atomic, so a slot that is being written is seen as such and never believed: its
//! tag is read before and after.

use crate::clock::{Tick, nanos};
use crate::counters::cells::Cells;
use crate::outcome::{FailureClass, Outcome};
use crate::sync::{AtomicU64, Ordering, fence};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// Calls of one thread that a reader may be behind before it misses some: a tenth of a second at
/// 10,000 a second.
#[cfg(not(loom))]
const CAPACITY: usize = 1_024;
#[cfg(loom)]
const CAPACITY: usize = 1;

/// A call whose outcome was recorded and judged, or a trial that ran out of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordedCall {
    /// When it was settled.
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
    /// The next call of each thread's ring; a ring that is not there was made later.
    next: HashMap<usize, u64>,
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

/// One thread's last calls. Only its owner writes.
#[derive(Debug)]
struct Ring {
    next: AtomicU64,
    slots: Box<[Slot]>,
}

impl Default for Ring {
    fn default() -> Self {
        Self {
            next: AtomicU64::new(0),
            slots: (0..CAPACITY).map(|_| Slot::default()).collect(),
        }
    }
}

#[derive(Debug)]
pub(crate) struct Tap {
    rings: Cells<Ring>,
}

impl Tap {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            rings: Cells::new(),
        })
    }

    pub(crate) fn reader(self: &Arc<Self>) -> TapReader {
        let rings = self.rings.numbered();
        let next = rings.map(|(number, ring)| (number, ring.next.load(Ordering::Acquire)));
        TapReader {
            next: next.collect(),
            tap: Arc::clone(self),
        }
    }

    pub(crate) fn record(&self, call: &RecordedCall) {
        self.rings.with_mine(|ring| ring.record(call));
    }
}

impl Ring {
    fn record(&self, call: &RecordedCall) {
        // Relaxed: nobody else writes it.
        let number = self.next.load(Ordering::Relaxed);
        let slot = &self.slots[index(number)];
        slot.tag.store(2 * number + 1, Ordering::Relaxed);
        // A reader that sees any of the stores below sees that tag too.
        fence(Ordering::Release);
        slot.at.store(call.at.as_nanos(), Ordering::Relaxed);
        slot.what.store(what(call), Ordering::Relaxed);
        let took = call.took.map_or(0, |took| nanos(took).saturating_add(1));
        slot.took.store(took, Ordering::Relaxed);
        // Release, both: they pair with the reader's first Acquire of each.
        slot.tag.store(2 * number + 2, Ordering::Release);
        self.next.store(number + 1, Ordering::Release);
    }

    /// Takes the calls from `next` on, and moves it past them. How many were overwritten.
    fn take(&self, next: &mut u64, into: &mut Vec<RecordedCall>) -> u64 {
        let end = self.next.load(Ordering::Acquire);
        let oldest = end.saturating_sub(CAPACITY as u64).max(*next);
        let mut missed = oldest - *next;
        for number in oldest..end {
            match self.slots[index(number)].read(2 * number + 2) {
                Some(call) => into.push(call),
                None => missed += 1,
            }
        }
        *next = end;
        missed
    }
}

impl TapReader {
    /// Takes what was recorded since the last time, in order of time; a call that is being recorded
    /// at this very moment may come only the next time, behind later ones. Says how many calls were
    /// overwritten before anybody took them.
    pub fn drain(&mut self, into: &mut Vec<RecordedCall>) -> u64 {
        let begin = into.len();
        let mut missed = 0;
        for (number, ring) in self.tap.rings.numbered() {
            missed += ring.take(self.next.entry(number).or_default(), into);
        }
        // Stable: what one thread recorded at one instant stays in its order.
        into[begin..].sort_by_key(|call| call.at);
        missed
    }
}

impl Slot {
    /// The call, if the slot holds the one of this tag and nobody writes it meanwhile.
    fn read(&self, whole: u64) -> Option<RecordedCall> {
        // Acquire, pairs with the last store of `record`.
        if self.tag.load(Ordering::Acquire) != whole {
            return None;
        }
        let at = Tick::from_nanos(self.at.load(Ordering::Relaxed));
        let what = self.what.load(Ordering::Relaxed);
        let took = self.took.load(Ordering::Relaxed);
        fence(Ordering::Acquire);
        if self.tag.load(Ordering::Relaxed) != whole {
            return None;
        }
        let retry_after = (what >> 3) & RETRY_MAX;
        #[allow(clippy::cast_possible_truncation)] // the upper half
        let generation = (what >> 32) as u32;
        Some(RecordedCall {
            at,
            outcome: outcome_of(what & 7),
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

fn outcome_of(number: u64) -> Outcome {
    let class = usize::try_from(number).unwrap_or_default().checked_sub(1);
    match class.map(|class| FailureClass::ALL.get(class)) {
        None => Outcome::Success,
        Some(Some(class)) => Outcome::Failure(*class),
        Some(None) => Outcome::Ignored,
    }
}

fn index(number: u64) -> usize {
    #[allow(clippy::cast_possible_truncation)] // below CAPACITY
    let index = (number % CAPACITY as u64) as usize;
    index
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
            .chain([call(8), call(9)])
            .collect();
        calls.iter().for_each(|call| tap.record(call));
        assert_eq!(reader.drain(&mut out), 0);
        assert_eq!(out, calls);
        assert_eq!(reader.drain(&mut out), 0);
        assert_eq!(out.len(), calls.len(), "each once");
    }

    #[test]
    fn who_falls_behind_is_told_how_much_is_missing() {
        let tap = Tap::new();
        let mut reader = tap.reader();
        (0..CAPACITY as u64 + 10).for_each(|n| tap.record(&call(n)));
        let mut out = Vec::new();
        assert_eq!(reader.drain(&mut out), 10);
        assert_eq!(out.len(), CAPACITY);
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

    /// A writer overwrites its ring of one slot while a reader looks.
    #[test]
    fn loom_no_torn_call_is_ever_taken() {
        loom::model(|| {
            let ring = Arc::new(Ring::default());
            let writer = {
                let ring = Arc::clone(&ring);
                loom::thread::spawn(move || [1, 2].map(|number| ring.record(&call(number))))
            };
            let (mut next, mut seen) = (0, Vec::new());
            let mut missed = ring.take(&mut next, &mut seen);
            writer.join().expect("no panic");
            missed += ring.take(&mut next, &mut seen);
            for found in &seen {
                assert_eq!(*found, call(found.at.as_nanos()));
            }
            assert_eq!(seen.len() as u64 + missed, 2, "taken or missed, each once");
            assert_eq!(seen.last(), Some(&call(2)));
        });
    }
}
