//! The calls of the last D (R5).
//!
//! Each recording thread has its own cell of 16 buckets, each D/16 wide. A bucket counts until
//! its *start* is D old: a call recorded D ago or longer never counts, one recorded less than
//! 15/16 D ago always does.
//!
//! A cell has one writer, so that recording is a plain load and store. A bucket is tagged with
//! (generation, epoch), 32 bits each; its writer takes the tag off before it clears the counts
//! and puts the new one on after (a sequence lock that readers need not wait for: a bucket
//! without a live tag counts nothing). Who needs to see all records meets the other recorders in
//! the state word first (`StateWord::lengthen_run`).

use super::{Entry, Recorded, WindowStats};
use crate::clock::{Tick, nanos};
use crate::counters::cells::Cells;
use crate::sync::{AtomicU32, AtomicU64, BUCKETS, Ordering, fence};
use std::time::Duration;

/// No bucket has this tag: the last epoch of the last generation is 8 years away at least.
const UNTAGGED: u64 = u64::MAX;
const FAILURE_SHIFT: u32 = 32;

#[derive(Debug)]
struct Bucket {
    tag: AtomicU64,
    /// Calls in the lower half, failures in the upper.
    counts: AtomicU64,
    slow: AtomicU64,
}

#[derive(Debug)]
#[repr(align(128))]
struct Cell {
    buckets: [Bucket; BUCKETS],
    /// The last epoch's number and the instant of its end, so that most records do not divide.
    epoch: AtomicU32,
    epoch_end: AtomicU64,
    /// Tag and settings version for which this thread saw the minimum reached.
    enough_tag: AtomicU64,
    enough_version: AtomicU32,
}

impl Default for Cell {
    fn default() -> Self {
        let bucket = || Bucket {
            tag: AtomicU64::new(UNTAGGED),
            counts: AtomicU64::new(0),
            slow: AtomicU64::new(0),
        };
        Self {
            buckets: std::array::from_fn(|_| bucket()),
            epoch: AtomicU32::new(0),
            epoch_end: AtomicU64::new(0),
            enough_tag: AtomicU64::new(UNTAGGED),
            enough_version: AtomicU32::new(0),
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

fn tag(generation: u32, epoch: u32) -> u64 {
    (u64::from(generation) << 32) | u64::from(epoch)
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

    /// A window of another length. What the old one holds goes on counting until its age exceeds
    /// the new length, in the grain of the old buckets. An outcome that is being recorded at
    /// this very instant may be lost to the window.
    pub(crate) fn resized(&self, length: Duration, generation: u32, now: Tick) -> Self {
        let mut new = Self::new(length);
        new.carried_generation = generation;
        let span = Duration::from_nanos(new.width * BUCKETS as u64);
        let old_span = self.width * BUCKETS as u64;
        let mut keep = |start: u64, stats: WindowStats| {
            let dies = Tick::from_nanos(start).saturating_add(span);
            if dies > now && stats.calls > 0 {
                new.carried.push(Carried { dies, stats });
            }
        };
        let current = now.as_nanos() / self.width;
        for back in 0..BUCKETS as u64 {
            let Some(epoch) = current.checked_sub(back) else {
                break;
            };
            keep(
                epoch * self.width,
                self.of_epoch(generation, truncated(epoch)),
            );
        }
        // A bucket that a thread opened a moment after our `now`.
        keep(
            (current + 1) * self.width,
            self.of_epoch(generation, truncated(current + 1)),
        );
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
            let tag = tag(entry.generation, epoch);
            cell.add(tag, epoch, entry);
            if entry.failure || entry.slow {
                return Recorded::MustJudge;
            }
            // Relaxed: this thread's own notes.
            let enough = cell.enough_tag.load(Ordering::Relaxed) == tag
                && cell.enough_version.load(Ordering::Relaxed) == version;
            if enough {
                Recorded::Enough
            } else {
                Recorded::MustJudge
            }
        })
    }

    pub(crate) fn judged(&self, generation: u32, now: Tick, version: u32) {
        // What is carried leaves between two epochs: while there is any, every outcome judges.
        if self.alive(generation, now).next().is_some() {
            return;
        }
        self.cells.with_mine(|cell| {
            let tag = tag(generation, self.epoch(cell, now));
            cell.enough_version.store(version, Ordering::Relaxed);
            cell.enough_tag.store(tag, Ordering::Relaxed);
        });
    }

    pub(crate) fn stats(&self, generation: u32, now: Tick) -> WindowStats {
        let epoch = truncated(now.as_nanos() / self.width);
        let mut stats = WindowStats::default();
        for cell in self.cells.iter() {
            for bucket in &cell.buckets {
                bucket.read(&mut stats, |tag| is_live(tag, generation, epoch));
            }
        }
        for carried in self.alive(generation, now) {
            stats.add(carried.stats);
        }
        stats
    }

    fn of_epoch(&self, generation: u32, epoch: u32) -> WindowStats {
        let mut stats = WindowStats::default();
        for cell in self.cells.iter() {
            let bucket = &cell.buckets[epoch as usize % BUCKETS];
            bucket.read(&mut stats, |found| found == tag(generation, epoch));
        }
        stats
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
    fn epoch(&self, cell: &Cell, now: Tick) -> u32 {
        let now = now.as_nanos();
        let end = cell.epoch_end.load(Ordering::Relaxed);
        if now < end && now >= end.saturating_sub(self.width) {
            return cell.epoch.load(Ordering::Relaxed);
        }
        let epoch = now / self.width;
        cell.epoch_end
            .store((epoch + 1).saturating_mul(self.width), Ordering::Relaxed);
        cell.epoch.store(truncated(epoch), Ordering::Relaxed);
        truncated(epoch)
    }
}

/// Epochs are compared modulo 2^32: 8 years of the smallest bucket.
#[allow(clippy::cast_possible_truncation)]
fn truncated(epoch: u64) -> u32 {
    epoch as u32
}

/// Whether a bucket with this tag counts. Another thread may already be an epoch ahead of our
/// `now`: what it recorded counts too.
fn is_live(tag: u64, generation: u32, epoch: u32) -> bool {
    let age = epoch.wrapping_sub(truncated(tag)).cast_signed();
    tag >> 32 == u64::from(generation) && tag != UNTAGGED && age < BUCKETS as i32
}

impl Cell {
    /// Only by the cell's own thread.
    #[inline]
    fn add(&self, tag: u64, epoch: u32, entry: Entry) {
        let bucket = &self.buckets[epoch as usize % BUCKETS];
        let one = 1 | (u64::from(entry.failure) << FAILURE_SHIFT);
        let slow = u64::from(entry.slow);
        if bucket.tag.load(Ordering::Relaxed) == tag {
            let counts = bucket.counts.load(Ordering::Relaxed);
            // A bucket that holds four thousand million calls holds enough to judge by.
            if counts & u64::from(u32::MAX) != u64::from(u32::MAX) {
                bucket.counts.store(counts + one, Ordering::Relaxed);
                // Release, pairs with the Acquire in `read`: whoever sees the slow call sees it
                // among the calls, so that a slow rate is never too high.
                let slow = bucket.slow.load(Ordering::Relaxed) + slow;
                bucket.slow.store(slow, Ordering::Release);
            }
            return;
        }
        bucket.tag.store(UNTAGGED, Ordering::Relaxed);
        // Pairs with the fence in `read`: whoever sees new counts sees that the old tag is gone.
        fence(Ordering::Release);
        bucket.counts.store(one, Ordering::Relaxed);
        bucket.slow.store(slow, Ordering::Release);
        // Release, pairs with the Acquire in `read`: whoever sees the tag sees the new counts.
        bucket.tag.store(tag, Ordering::Release);
    }
}

impl Bucket {
    /// Adds what the bucket holds, if its tag is wanted before and after.
    #[inline]
    fn read(&self, stats: &mut WindowStats, wanted: impl Fn(u64) -> bool) {
        let tag = self.tag.load(Ordering::Acquire);
        if !wanted(tag) {
            return;
        }
        let slow = self.slow.load(Ordering::Acquire);
        let counts = self.counts.load(Ordering::Relaxed);
        fence(Ordering::Acquire);
        // Changed meanwhile: the bucket was a whole window old for its thread, or is being made.
        if self.tag.load(Ordering::Relaxed) == tag {
            let failures = counts >> FAILURE_SHIFT;
            stats.add(WindowStats {
                calls: counts & u64::from(u32::MAX),
                failures,
                slow,
            });
        }
    }
}

impl WindowStats {
    pub(super) fn add(&mut self, other: Self) {
        self.calls += other.calls;
        self.failures += other.failures;
        self.slow += other.slow;
    }
}
