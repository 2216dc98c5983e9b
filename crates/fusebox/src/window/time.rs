//! The calls of the last D (R5).
//!
//! Each recording thread has its own cell of 16 buckets, each D/16 wide. A bucket counts until
//! its *start* is D old: a call recorded D ago or longer never counts, one recorded less than
//! 15/16 D ago always does.
//!
//! A cell has one writer, so that recording is a plain load and store. A bucket is tagged with its
//! epoch, in 40 bits that no clock outlives, and with its generation; its writer takes the epoch
//! off before it clears the counts and puts the new one on after (a sequence lock that readers need
//! not wait for: a bucket without a live epoch counts nothing). Who needs to see all records meets
//! the other recorders in the state word first (`StateWord::lengthen_run`).

use super::{Entry, Recorded, WindowStats};
use crate::clock::{Tick, nanos};
use crate::counters::cells::Cells;
use crate::sync::{AtomicU64, BUCKETS, Ordering, fence};
use std::time::Duration;

/// No bucket has this stamp: its epoch is 2,000 years away at least.
const UNSTAMPED: u64 = u64::MAX;
/// A stamp is the epoch and, in 24 bits, where in its bucket's time the first record came.
const FIRST_BITS: u32 = 24;
const UPPER_SHIFT: u32 = 32;
const LOWER: u64 = u32::MAX as u64;
/// A bucket counts for so many epochs, its own included.
const AGE_MAX: u64 = BUCKETS as u64;

#[derive(Debug)]
struct Bucket {
    stamp: AtomicU64,
    /// Calls in the lower half, failures in the upper.
    counts: AtomicU64,
    /// Slow calls in the lower half, the generation in the upper.
    slow: AtomicU64,
}

#[derive(Debug)]
#[repr(align(128))]
struct Cell {
    buckets: [Bucket; BUCKETS],
    /// The last epoch's number and the instant of its end, so that most records do not divide.
    epoch: AtomicU64,
    epoch_end: AtomicU64,
    /// Epoch, generation and settings version for which this thread saw the minimum reached.
    enough_epoch: AtomicU64,
    enough_of: AtomicU64,
    /// Generation and settings version of which, in `epoch`, this thread has recorded a success
    /// that needed no judgement, and nothing of another generation since; zero for none.
    repeats: AtomicU64,
}

impl Default for Cell {
    fn default() -> Self {
        let bucket = || Bucket {
            stamp: AtomicU64::new(UNSTAMPED),
            counts: AtomicU64::new(0),
            slow: AtomicU64::new(0),
        };
        Self {
            buckets: std::array::from_fn(|_| bucket()),
            epoch: AtomicU64::new(0),
            epoch_end: AtomicU64::new(0),
            enough_epoch: AtomicU64::new(u64::MAX),
            enough_of: AtomicU64::new(0),
            repeats: AtomicU64::new(0),
        }
    }
}

/// What a window of another size left: counts until its instant.
#[derive(Debug)]
struct Carried {
    dies: Tick,
    stats: WindowStats,
}

#[derive(Debug)]
pub(crate) struct TimeWindow {
    cells: Cells<Cell>,
    /// Of a bucket, in nanoseconds.
    width: u64,
    carried: Vec<Carried>,
    carried_generation: u32,
}

fn pair(upper: u32, lower: u32) -> u64 {
    (u64::from(upper) << UPPER_SHIFT) | u64::from(lower)
}

impl TimeWindow {
    pub(crate) fn new(length: Duration) -> Self {
        // At least a second: never zero.
        let width = (nanos(length) / BUCKETS as u64).max(1);
        Self {
            cells: Cells::new(),
            width,
            carried: Vec::new(),
            carried_generation: 0,
        }
    }

    /// A window that holds successes from before: each counts until the begin of its bucket is as
    /// old as the window is long, as it would have in the bucket itself.
    pub(crate) fn beginning_with(
        length: Duration,
        generation: u32,
        successes: &[(Tick, u64)],
    ) -> Self {
        let mut window = Self::new(length);
        window.carried_generation = generation;
        let span = Duration::from_nanos(window.width * BUCKETS as u64);
        let carried = successes.iter().map(|(since, calls)| Carried {
            dies: since.saturating_add(span),
            stats: WindowStats {
                calls: *calls,
                ..WindowStats::default()
            },
        });
        window.carried = carried.collect();
        window
    }

    /// The begin of each bucket that counts, and its calls.
    pub(crate) fn calls_since(&self, generation: u32, now: Tick) -> Vec<(Tick, u64)> {
        let mut since = Vec::new();
        self.visit(generation, now, |stamp, stats| {
            let begin = (stamp >> FIRST_BITS) * self.width;
            since.push((Tick::from_nanos(begin), stats.calls));
        });
        let span = self.width * BUCKETS as u64;
        for carried in self.alive(generation, now) {
            let begin = carried.dies.as_nanos().saturating_sub(span);
            since.push((Tick::from_nanos(begin), carried.stats.calls));
        }
        since
    }

    /// A window of another length. What the old one holds goes on counting until the first of a
    /// bucket's calls is as old as the new length. An outcome that is being recorded at this
    /// very instant may be lost to the window.
    pub(crate) fn resized(&self, length: Duration, generation: u32, now: Tick) -> Self {
        let mut new = Self::new(length);
        new.carried_generation = generation;
        let span = Duration::from_nanos(new.width * BUCKETS as u64);
        let old_span = self.width * BUCKETS as u64;
        let mut keep = |first: u64, stats: WindowStats| {
            let dies = Tick::from_nanos(first).saturating_add(span);
            if dies > now && stats.calls > 0 {
                new.carried.push(Carried { dies, stats });
            }
        };
        self.visit(generation, now, |stamp, stats| {
            let (epoch, part) = (stamp >> FIRST_BITS, stamp & ((1 << FIRST_BITS) - 1));
            let offset = (u128::from(self.width) * u128::from(part)) >> FIRST_BITS;
            // Less than the width, which is 64 bits.
            #[allow(clippy::cast_possible_truncation)]
            keep(epoch * self.width + offset as u64, stats);
        });
        for carried in self.alive(generation, now) {
            keep(
                carried.dies.as_nanos().saturating_sub(old_span),
                carried.stats,
            );
        }
        new
    }

    #[inline]
    pub(crate) fn record(&self, entry: Entry, version: u32) -> Recorded {
        self.cells.with_mine(|cell| {
            let epoch = self.epoch(cell, entry.now);
            cell.add(epoch, entry, self.width);
            if entry.failure || entry.slow {
                return Recorded::MustJudge;
            }
            // Relaxed: this thread's own notes.
            let enough = cell.enough_epoch.load(Ordering::Relaxed) == epoch
                && cell.enough_of.load(Ordering::Relaxed) == pair(entry.generation, version);
            if enough {
                cell.repeat(epoch, pair(entry.generation, version));
                Recorded::Enough
            } else {
                Recorded::MustJudge
            }
        })
    }

    /// One more quick success of this thread in a bucket where the last one needed no judgement:
    /// `false` if it is none, and not recorded then.
    #[inline]
    pub(crate) fn succeed_again(
        &self,
        slot: usize,
        generation: u32,
        now: Tick,
        version: u32,
    ) -> bool {
        let cell = self.cells.of(slot);
        // Relaxed: this thread's own notes.
        let end = cell.epoch_end.load(Ordering::Relaxed);
        let is_repeat = end.wrapping_sub(now.as_nanos()).wrapping_sub(1) < self.width
            && cell.repeats.load(Ordering::Relaxed) == pair(generation, version);
        is_repeat && cell.add_one()
    }

    pub(crate) fn judged(&self, generation: u32, now: Tick, version: u32) {
        // What is carried leaves between two epochs: while there is any, every outcome judges.
        if self.alive(generation, now).next().is_some() {
            return;
        }
        self.cells.with_mine(|cell| {
            cell.enough_epoch
                .store(self.epoch(cell, now), Ordering::Relaxed);
            cell.enough_of
                .store(pair(generation, version), Ordering::Relaxed);
        });
    }

    pub(crate) fn stats(&self, generation: u32, now: Tick) -> WindowStats {
        let mut sum = WindowStats::default();
        self.visit(generation, now, |_, stats| sum.add(stats));
        for carried in self.alive(generation, now) {
            sum.add(carried.stats);
        }
        sum
    }

    /// Shows every bucket that counts. Another thread may already be an epoch ahead of our
    /// `now`: what it recorded counts too.
    fn visit(&self, generation: u32, now: Tick, mut show: impl FnMut(u64, WindowStats)) {
        let epoch = now.as_nanos() / self.width;
        for bucket in self.cells.iter().flat_map(|cell| &cell.buckets) {
            let live = |stamp: u64| stamp != UNSTAMPED && (stamp >> FIRST_BITS) + AGE_MAX > epoch;
            if let Some((stamp, stats)) = bucket.read(generation, live) {
                show(stamp, stats);
            }
        }
    }

    fn alive(&self, generation: u32, now: Tick) -> impl Iterator<Item = &Carried> {
        let carried = if self.carried_generation == generation {
            &self.carried[..]
        } else {
            &[]
        };
        carried.iter().filter(move |carried| carried.dies > now)
    }

    /// The epoch of `now`. Only by the cell's own thread.
    #[inline]
    fn epoch(&self, cell: &Cell, now: Tick) -> u64 {
        let now = now.as_nanos();
        let end = cell.epoch_end.load(Ordering::Relaxed);
        if now < end && now >= end.saturating_sub(self.width) {
            return cell.epoch.load(Ordering::Relaxed);
        }
        let epoch = now / self.width;
        cell.repeats.store(0, Ordering::Relaxed);
        cell.epoch_end
            .store((epoch + 1).saturating_mul(self.width), Ordering::Relaxed);
        cell.epoch.store(epoch, Ordering::Relaxed);
        epoch
    }
}

impl Cell {
    /// The next success of this epoch and of the same generation and settings is a repeat.
    fn repeat(&self, epoch: u64, of: u64) {
        if self.epoch.load(Ordering::Relaxed) == epoch {
            self.repeats.store(of, Ordering::Relaxed);
        }
    }

    /// A quick success into the bucket of `epoch`, which has its stamp and generation. Only by the
    /// cell's own thread.
    #[inline]
    fn add_one(&self) -> bool {
        // Less than the number of buckets.
        #[allow(clippy::cast_possible_truncation)]
        let bucket = &self.buckets[(self.epoch.load(Ordering::Relaxed) % AGE_MAX) as usize];
        let counts = bucket.counts.load(Ordering::Relaxed);
        let has_room = counts & LOWER != LOWER;
        if has_room {
            bucket.counts.store(counts + 1, Ordering::Relaxed);
        }
        has_room
    }

    /// Only by the cell's own thread.
    #[inline]
    fn add(&self, epoch: u64, entry: Entry, width: u64) {
        // Less than the number of buckets.
        #[allow(clippy::cast_possible_truncation)]
        let bucket = &self.buckets[(epoch % AGE_MAX) as usize];
        let one = pair(u32::from(entry.failure), 1);
        let slow = bucket.slow.load(Ordering::Relaxed);
        let stamp = bucket.stamp.load(Ordering::Relaxed);
        let same = stamp >> FIRST_BITS == epoch && stamp != UNSTAMPED;
        if same && slow >> UPPER_SHIFT == u64::from(entry.generation) {
            let counts = bucket.counts.load(Ordering::Relaxed);
            // A bucket that holds four thousand million calls holds enough to judge by.
            if counts & LOWER != LOWER {
                bucket.counts.store(counts + one, Ordering::Relaxed);
                // Release, pairs with the Acquire in `read`: whoever sees the slow call sees it
                // among the calls, so that a slow rate is never too high.
                bucket
                    .slow
                    .store(slow + u64::from(entry.slow), Ordering::Release);
            }
            return;
        }
        self.repeats.store(0, Ordering::Relaxed);
        bucket.stamp.store(UNSTAMPED, Ordering::Relaxed);
        // Pairs with the fence in `read`: whoever sees new counts sees that the stamp is gone.
        fence(Ordering::Release);
        bucket.counts.store(one, Ordering::Relaxed);
        // Release, pairs with the Acquire in `read`: whoever sees the generation sees its counts,
        // also where a new generation begins within the same epoch and the stamp is as before.
        let slow = pair(entry.generation, u32::from(entry.slow));
        bucket.slow.store(slow, Ordering::Release);
        // Release, pairs with the Acquire in `read`: whoever sees the stamp sees the new counts.
        bucket
            .stamp
            .store(stamped(epoch, entry.now, width), Ordering::Release);
    }
}

fn stamped(epoch: u64, now: Tick, width: u64) -> u64 {
    let into = u128::from(now.as_nanos().saturating_sub(epoch * width));
    // A part of the width: less than 1 in 24 bits.
    #[allow(clippy::cast_possible_truncation)]
    let part = ((into << FIRST_BITS) / u128::from(width)) as u64;
    (epoch << FIRST_BITS) | part
}

impl Bucket {
    /// What the bucket holds of a generation, if its stamp is live before and after.
    #[inline]
    fn read(&self, generation: u32, live: impl Fn(u64) -> bool) -> Option<(u64, WindowStats)> {
        let stamp = self.stamp.load(Ordering::Acquire);
        if !live(stamp) {
            return None;
        }
        let slow = self.slow.load(Ordering::Acquire);
        let counts = self.counts.load(Ordering::Relaxed);
        fence(Ordering::Acquire);
        // Changed meanwhile: the bucket was a whole window old for its thread, or is being made.
        let same = self.stamp.load(Ordering::Relaxed) == stamp;
        (same && slow >> UPPER_SHIFT == u64::from(generation)).then(|| {
            let failures = counts >> UPPER_SHIFT;
            (
                stamp,
                WindowStats {
                    calls: counts & LOWER,
                    failures,
                    slow: slow & LOWER,
                },
            )
        })
    }
}

impl WindowStats {
    pub(super) fn add(&mut self, other: Self) {
        self.calls += other.calls;
        self.failures += other.failures;
        self.slow += other.slow;
    }
}
