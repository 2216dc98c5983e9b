//! How many keys the aggregate's outcomes came from (R19).
//!
//! The circuit as a whole opens only if the failures that decide came from enough keys. The
//! question is "at least `keys_min`?", so every list of keys ends there: a bucket with that many
//! answers yes alone, and one with fewer is complete. Keys are told apart by 64-bit hashes under a
//! secret that is drawn when the circuit is made.

mod bucket;

use crate::clock::{Tick, nanos};
use crate::event::Cause;
use crate::policy;
use crate::settings::{Settings, WindowSize};
use crate::sync::{AtomicU32, AtomicU64, BUCKETS, Mutex, Ordering, lock};
use crate::window::Entry;
use crate::word::RunChange;
use bucket::{Bucket, Few, Sum, put};
use std::collections::VecDeque;

/// One keyed outcome of the aggregate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyedOutcome {
    /// The key's hash; 0 stands for calls without key.
    pub(crate) key: u64,
    pub(crate) entry: Entry,
}

#[derive(Debug)]
pub(crate) struct Keys {
    seen: Mutex<Seen>,
    /// Generation and epoch (the low 32 bits of it) in which enough keys were seen: a success
    /// has nothing to add then. 0 never matches, as generations begin with 1.
    enough: AtomicU64,
    /// The same with the key that was seen last: a key that comes again has nothing to add either.
    last: AtomicU64,
    /// Of a bucket; 0 where there is one for all time.
    width: AtomicU64,
    /// Raised by every change: what was judged before may be judged otherwise now.
    version: AtomicU32,
}

#[derive(Debug)]
struct Seen {
    keys_min: usize,
    generation: u32,
    /// The keys of the failures in a row.
    run: Few,
    /// The keys of calls in flight that are slow already, with their numbers, in a generation.
    overdue: Vec<(u64, u32)>,
    overdue_generation: u32,
    span: Span,
}

/// The same span of time or calls that the aggregate's window has.
#[derive(Debug)]
enum Span {
    /// No policy reads a window: the whole generation.
    Generation(Box<Bucket>),
    Calls {
        ring: VecDeque<KeyedOutcome>,
        calls: usize,
    },
    Time {
        buckets: Box<[Bucket; BUCKETS]>,
        width: u64,
        /// What a window of another length left, until its instant.
        carried: Vec<(Tick, Bucket)>,
    },
}

impl Keys {
    pub(crate) fn new(settings: &Settings, keys_min: u32) -> Self {
        let span = Span::of(settings);
        Self {
            enough: AtomicU64::new(0),
            last: AtomicU64::new(0),
            // Zero is that of a circuit that never was keyed.
            version: AtomicU32::new(1),
            width: AtomicU64::new(span.width()),
            seen: Mutex::new(Seen {
                keys_min: keys_min as usize,
                generation: 0,
                run: Few::new(),
                overdue: Vec::new(),
                overdue_generation: 0,
                span,
            }),
        }
    }

    /// Notes the key of an outcome, and changes the run together with the list of its keys.
    pub(crate) fn record(
        &self,
        outcome: KeyedOutcome,
        run: u32,
        change_run: impl FnOnce() -> RunChange,
    ) -> RunChange {
        let quiet = !outcome.entry.failure && !outcome.entry.slow && run == 0;
        let (mark, own_mark) = self.marks(outcome);
        // Relaxed, here and below: marks that only save work.
        let known = || {
            self.enough.load(Ordering::Relaxed) == mark
                || self.last.load(Ordering::Relaxed) == own_mark
        };
        if quiet && known() {
            return change_run();
        }
        let mut seen = lock(&self.seen);
        let change = change_run();
        if matches!(change, RunChange::Now(_)) {
            // Under the lock, so that a change of settings wipes marks out for good.
            match seen.enters(outcome) {
                Entered::Enough => self.enough.store(mark, Ordering::Relaxed),
                Entered::Once => self.last.store(own_mark, Ordering::Relaxed),
                Entered::Each => {}
            }
            seen.follow_run(outcome, run);
        }
        change
    }

    /// A call in flight has become slow.
    pub(crate) fn note_overdue(&self, key: u64, generation: u32) {
        let mut seen = lock(&self.seen);
        if seen.overdue_generation != generation {
            seen.overdue_generation = generation;
            seen.overdue.clear();
        }
        match seen.overdue.iter_mut().find(|(known, _)| *known == key) {
            Some((_, calls)) => *calls += 1,
            None => seen.overdue.push((key, 1)),
        }
    }

    /// A call that had become slow is over.
    pub(crate) fn end_overdue(&self, key: u64, generation: u32) {
        let mut seen = lock(&self.seen);
        if seen.overdue_generation == generation {
            seen.overdue
                .iter_mut()
                .filter(|(known, _)| *known == key)
                .for_each(|(_, n)| *n -= 1);
            seen.overdue.retain(|(_, calls)| *calls > 0);
        }
    }

    /// The circuit is no longer keyed: what comes meanwhile is not noted.
    pub(crate) fn forget(&self) {
        let mut seen = lock(&self.seen);
        seen.generation = 0;
        seen.clear();
        seen.overdue.clear();
        self.forget_marks();
        // As in `change`: what was judged by keys is judged anew without them.
        self.version.fetch_add(1, Ordering::Release);
    }

    /// Whether what decides came from enough keys.
    pub(crate) fn are_enough(&self, cause: Cause, seen: &policy::Seen) -> bool {
        lock(&self.seen).are_enough(cause, seen)
    }

    /// Other settings of the circuit, or another minimum. What was noted stays where the unit of
    /// the window does: for a window of another length as if it had just happened. A greater
    /// minimum is counted from now on.
    pub(crate) fn change(&self, settings: &Settings, keys_min: u32, now: Tick) {
        let mut seen = lock(&self.seen);
        seen.keys_min = keys_min as usize;
        let new = Span::of(settings);
        if new.size() != seen.span.size() {
            let old = std::mem::replace(&mut seen.span, new);
            seen.keep(old, now);
        }
        self.width.store(seen.span.width(), Ordering::Relaxed);
        self.forget_marks();
        // Release, pairs with `version`: whoever sees it counts keys as they are counted now.
        self.version.fetch_add(1, Ordering::Release);
    }

    /// Raised by every change, also when the circuit is no longer keyed.
    pub(crate) fn version(&self) -> u32 {
        self.version.load(Ordering::Acquire)
    }

    /// Of the time of an outcome, and of its key at that time.
    fn marks(&self, outcome: KeyedOutcome) -> (u64, u64) {
        let width = self.width.load(Ordering::Relaxed);
        let epoch = outcome.entry.now.as_nanos().checked_div(width).unwrap_or(0);
        let mark = (u64::from(outcome.entry.generation) << 32) | (epoch & 0xFFFF_FFFF);
        // Keys are hashes: turned by the time they stay as different as they are.
        (mark, outcome.key ^ mark.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    fn forget_marks(&self) {
        for mark in [&self.enough, &self.last] {
            mark.store(0, Ordering::Relaxed);
        }
    }
}

/// What is left to do for successes after this one.
enum Entered {
    /// Nothing, at this time: enough keys are known.
    Enough,
    /// Nothing for this key at this time.
    Once,
    /// Every outcome is noted.
    Each,
}

impl Span {
    fn of(settings: &Settings) -> Self {
        match settings.window() {
            _ if !settings.reads_window() => Self::Generation(Box::default()),
            WindowSize::Calls(n) => Self::Calls {
                ring: VecDeque::new(),
                calls: n as usize,
            },
            WindowSize::Time(length) => Self::Time {
                buckets: Box::new(std::array::from_fn(|_| Bucket::of_window())),
                width: (nanos(length) / BUCKETS as u64).max(1),
                carried: Vec::new(),
            },
        }
    }
}

impl Span {
    /// Calls, and nanoseconds of a bucket.
    fn size(&self) -> (usize, u64) {
        match self {
            Self::Generation(_) => (0, 0),
            Self::Calls { calls, .. } => (*calls, 0),
            Self::Time { width, .. } => (0, *width),
        }
    }

    fn width(&self) -> u64 {
        match self {
            Self::Time { width, .. } => *width,
            Self::Generation(_) | Self::Calls { .. } => 0,
        }
    }
}

impl Seen {
    /// The run went on, or this success ended one of `before` failures.
    fn follow_run(&mut self, outcome: KeyedOutcome, before: u32) {
        if outcome.entry.failure {
            put(&mut self.run, outcome.key, self.keys_min);
        } else if before > 0 {
            self.run.clear();
        }
    }

    fn enters(&mut self, outcome: KeyedOutcome) -> Entered {
        if outcome.entry.generation != self.generation {
            if outcome.entry.generation.wrapping_sub(self.generation) > u32::MAX / 2 {
                return Entered::Each;
            }
            self.generation = outcome.entry.generation;
            self.clear();
        }
        let most = self.keys_min;
        match &mut self.span {
            Span::Generation(bucket) => bucket.put(outcome, most),
            Span::Calls { ring, calls } => {
                while ring.len() >= *calls {
                    ring.pop_front();
                }
                ring.push_back(outcome);
                Entered::Each
            }
            Span::Time { buckets, width, .. } => {
                let epoch = outcome.entry.now.as_nanos() / *width;
                // Less than the number of buckets.
                #[allow(clippy::cast_possible_truncation)]
                let bucket = &mut buckets[(epoch % BUCKETS as u64) as usize];
                if bucket.epoch > epoch {
                    // Its recorder slept for a whole window.
                    return Entered::Each;
                }
                if bucket.epoch < epoch {
                    bucket.begin(epoch);
                }
                bucket.put(outcome, most)
            }
        }
    }

    fn clear(&mut self) {
        self.run.clear();
        match &mut self.span {
            Span::Generation(bucket) => bucket.begin(0),
            Span::Calls { ring, .. } => ring.clear(),
            Span::Time {
                buckets, carried, ..
            } => {
                buckets.iter_mut().for_each(|bucket| bucket.begin(0));
                carried.clear();
            }
        }
    }

    fn keep(&mut self, old: Span, now: Tick) {
        let most = self.keys_min;
        match (old, &mut self.span) {
            (Span::Calls { mut ring, .. }, Span::Calls { ring: new, calls }) => {
                while ring.len() > *calls {
                    ring.pop_front();
                }
                *new = ring;
            }
            (
                Span::Time {
                    buckets,
                    width,
                    carried,
                },
                Span::Time {
                    width: wide,
                    carried: kept,
                    ..
                },
            ) => {
                let (old, new) = (width * BUCKETS as u64, *wide * BUCKETS as u64);
                let begun = buckets.into_iter().map(|b| (b.epoch * width, b));
                let before = carried.into_iter();
                let before = before.map(|(dies, b)| (dies.as_nanos().saturating_sub(old), b));
                let dying = begun
                    .chain(before)
                    .map(|(begin, b)| (Tick::from_nanos(begin.saturating_add(new)), b));
                kept.extend(dying.filter(|(dies, b)| *dies > now && !b.all.is_empty()));
            }
            (Span::Generation(old), Span::Generation(new)) => new.add(&old, most),
            _ => {}
        }
    }

    fn are_enough(&self, cause: Cause, judged: &policy::Seen) -> bool {
        let mut sum = Sum::new(self.keys_min);
        if judged.overdue > 0 && self.overdue_generation == judged.generation {
            self.overdue.iter().for_each(|(key, _)| sum.add_slow(*key));
        }
        match &self.span {
            // Nothing was recorded in this generation: only calls in flight can decide.
            _ if self.generation != judged.generation => {}
            Span::Generation(bucket) => sum.add(bucket),
            Span::Calls { ring, .. } => {
                ring.iter().for_each(|outcome| sum.add_outcome(*outcome));
            }
            Span::Time {
                buckets,
                width,
                carried,
            } => {
                let epoch = judged.at.as_nanos() / width;
                let live = buckets.iter();
                live.filter(|bucket| bucket.epoch + (BUCKETS as u64) > epoch)
                    .for_each(|bucket| sum.add(bucket));
                let carried = carried.iter().filter(|(dies, _)| *dies > judged.at);
                carried.for_each(|(_, bucket)| sum.add(bucket));
            }
        }
        let decide = match cause {
            Cause::ConsecutiveFailures => self.run.len(),
            Cause::SlowCallRate => sum.keys.slow.len(),
            _ => sum.keys.failed.len(),
        };
        decide >= sum.needed()
    }
}
