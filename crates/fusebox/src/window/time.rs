//! The calls of the last D (R5).
//!
//! Each recording thread has its own cell of 16 buckets, each D/16 wide. A bucket counts until
//! its *start* is D old: a call recorded D ago or longer never counts, one recorded less than
//! 15/16 D ago always does.

use super::cell::{Cell, FIRST_BITS, pair};
use super::{Entry, Recorded, WindowStats};
use crate::clock::{Tick, nanos};
use crate::counters::cells::Cells;
use crate::sync::{AtomicU64, BUCKETS, Ordering};
use std::time::Duration;

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
    /// The latest epoch of which there was an outcome.
    latest: AtomicU64,
    carried: Vec<Carried>,
    carried_generation: u32,
}

impl TimeWindow {
    pub(crate) fn new(length: Duration) -> Self {
        // At least a second: never zero.
        let width = (nanos(length) / BUCKETS as u64).max(1);
        Self {
            cells: Cells::new(),
            width,
            latest: AtomicU64::new(0),
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
    pub(crate) fn record_in(&self, slot: usize, entry: Entry, version: u32) -> Recorded {
        let cell = self.cells.of(slot);
        let epoch = cell.epoch_at(entry.now, self.width);
        if cell.add(epoch, entry, self.width) {
            // Relaxed: who reads it has met this thread since.
            self.latest.fetch_max(epoch, Ordering::Relaxed);
        }
        if entry.failure || entry.slow {
            return Recorded::MustJudge;
        }
        let of = pair(entry.generation, version);
        if cell.has_enough(epoch, of) {
            cell.repeat(epoch, of);
            Recorded::Enough
        } else {
            Recorded::MustJudge
        }
    }

    /// One more quick success of this thread in a bucket where the last one needed no judgement:
    /// `false` if it is none, and not recorded then.
    #[inline(always)] // in two places
    pub(crate) fn succeed_again(
        &self,
        slot: usize,
        generation: u32,
        now: Tick,
        version: u32,
    ) -> bool {
        let cell = self.cells.of(slot);
        cell.is_repeat(now, self.width, pair(generation, version)) && cell.add_one()
    }

    #[inline]
    pub(crate) fn judged(&self, slot: usize, generation: u32, now: Tick, version: u32) {
        // What is carried leaves between two epochs: while there is any, every outcome judges.
        if self.alive(generation, now).next().is_some() {
            return;
        }
        let cell = self.cells.of(slot);
        cell.set_enough(cell.epoch_at(now, self.width), pair(generation, version));
    }

    /// Whether a failure that the thread of this number has recorded at `now`, and that was then
    /// the `count`th, opens nothing.
    #[inline]
    pub(crate) fn is_within_headroom(
        &self,
        slot: usize,
        (generation, version): (u32, u32),
        now: Tick,
        count: u64,
    ) -> bool {
        let cell = self.cells.of(slot);
        let epoch = cell.epoch_at(now, self.width);
        let of = pair(generation, version);
        cell.headroom.covers(epoch, of, count) && self.latest.load(Ordering::Relaxed) == epoch
    }

    /// A judgement found that no failure opens up to the `most`th.
    pub(crate) fn set_headroom(
        &self,
        slot: usize,
        (generation, version): (u32, u32),
        now: Tick,
        most: u64,
    ) {
        // As in `judged`.
        if self.alive(generation, now).next().is_some() {
            return;
        }
        let cell = self.cells.of(slot);
        let epoch = cell.epoch_at(now, self.width);
        cell.headroom.set(epoch, pair(generation, version), most);
    }

    pub(crate) fn stats(&self, generation: u32, now: Tick) -> WindowStats {
        let mut sum = WindowStats::default();
        self.visit(generation, now, |_, stats| sum.add(stats));
        for carried in self.alive(generation, now) {
            sum.add(carried.stats);
        }
        sum
    }

    /// The same for a thread that has recorded at `now`, which knows what its own older buckets
    /// hold.
    #[inline(always)] // a sum that a function returns is in memory
    pub(crate) fn stats_of_recorder(&self, slot: usize, generation: u32, now: Tick) -> WindowStats {
        let mine = self.cells.of(slot);
        let epoch = mine.epoch_at(now, self.width);
        let mut sum = mine.own(generation);
        self.cells.visit_others(slot, |cell| {
            cell.visit(generation, epoch, |_, stats| sum.add(stats));
        });
        for carried in self.alive(generation, now) {
            sum.add(carried.stats);
        }
        sum
    }

    /// Shows every bucket that counts.
    fn visit(&self, generation: u32, now: Tick, mut show: impl FnMut(u64, WindowStats)) {
        let epoch = now.as_nanos() / self.width;
        for cell in self.cells.iter() {
            cell.visit(generation, epoch, &mut show);
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
}

impl WindowStats {
    pub(super) fn add(&mut self, other: Self) {
        self.calls += other.calls;
        self.failures += other.failures;
        self.slow += other.slow;
    }
}
