//! One thread's part of a time window: 16 buckets, and what their owner notes for itself.
//!
//! A cell has one writer, so that recording is a plain load and store. A bucket is tagged with its
//! epoch, in 40 bits that no clock outlives, and with its generation; its writer takes the epoch
//! off before it clears the counts and puts the new one on after (a sequence lock that readers need
//! not wait for: a bucket without a live epoch counts nothing). Who needs to see all records meets
//! the other recorders in the state word first (`StateWord::lengthen_run`).

use super::headroom::Headroom;
use super::{Entry, WindowStats};
use crate::clock::Tick;
use crate::sync::{AtomicU64, BUCKETS, Ordering, fence};

/// No bucket has this stamp: its epoch is 2,000 years away at least.
const UNSTAMPED: u64 = u64::MAX;
/// A stamp is the epoch and, in 24 bits, where in its bucket's time the first record came.
pub(super) const FIRST_BITS: u32 = 24;
const UPPER_SHIFT: u32 = 32;
const LOWER: u64 = u32::MAX as u64;
/// The last generation and a version that no settings have.
const NO_REPEATS: u64 = u64::MAX;
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
pub(super) struct Cell {
    buckets: [Bucket; BUCKETS],
    /// The last epoch's number and the instant of its end, so that most records do not divide.
    epoch: AtomicU64,
    epoch_end: AtomicU64,
    /// Epoch, generation and settings version for which this thread saw the minimum reached.
    enough_epoch: AtomicU64,
    enough_of: AtomicU64,
    /// Generation and settings version of which, in `epoch`, this thread has recorded a success
    /// that needed no judgement, and nothing of another generation since; `NO_REPEATS` for none.
    repeats: AtomicU64,
    past: Past,
    pub(super) headroom: Headroom,
}

/// The sum of a cell's buckets but that of its epoch, noted by the owner: they stand still until
/// the epoch turns, and whoever judges every failure need not add them up every time.
#[derive(Debug, Default)]
struct Past {
    /// The generation that was summed, and one; zero for none.
    of: AtomicU64,
    calls: AtomicU64,
    failures: AtomicU64,
    slow: AtomicU64,
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
            repeats: AtomicU64::new(NO_REPEATS),
            past: Past::default(),
            headroom: Headroom::default(),
        }
    }
}

pub(super) fn pair(upper: u32, lower: u32) -> u64 {
    (u64::from(upper) << UPPER_SHIFT) | u64::from(lower)
}

impl Cell {
    /// The epoch of `now`, where a bucket is `width` nanoseconds wide. Only by the cell's own
    /// thread.
    #[inline]
    pub(super) fn epoch_at(&self, now: Tick, width: u64) -> u64 {
        let now = now.as_nanos();
        let end = self.epoch_end.load(Ordering::Relaxed);
        if now < end && now >= end.saturating_sub(width) {
            return self.epoch.load(Ordering::Relaxed);
        }
        let epoch = now / width;
        // Relaxed, here and below: this thread's own notes.
        self.repeats.store(NO_REPEATS, Ordering::Relaxed);
        self.past.of.store(0, Ordering::Relaxed);
        self.epoch_end
            .store((epoch + 1).saturating_mul(width), Ordering::Relaxed);
        self.epoch.store(epoch, Ordering::Relaxed);
        epoch
    }

    /// Whether the owner has seen, at this epoch, that successes need no judgement.
    #[inline]
    pub(super) fn has_enough(&self, epoch: u64, of: u64) -> bool {
        self.enough_epoch.load(Ordering::Relaxed) == epoch
            && self.enough_of.load(Ordering::Relaxed) == of
    }

    /// The owner sees that.
    pub(super) fn set_enough(&self, epoch: u64, of: u64) {
        self.enough_epoch.store(epoch, Ordering::Relaxed);
        self.enough_of.store(of, Ordering::Relaxed);
    }

    /// Whether a quick success at `now` is one more of those that [`repeat`](Self::repeat) told of.
    #[inline]
    pub(super) fn is_repeat(&self, now: Tick, width: u64, of: u64) -> bool {
        let end = self.epoch_end.load(Ordering::Relaxed);
        end.wrapping_sub(now.as_nanos()).wrapping_sub(1) < width
            && self.repeats.load(Ordering::Relaxed) == of
    }

    /// Shows every bucket of a generation that counts at `epoch`. Another thread may already be an
    /// epoch ahead: what it recorded counts too.
    pub(super) fn visit(
        &self,
        generation: u32,
        epoch: u64,
        mut show: impl FnMut(u64, WindowStats),
    ) {
        for bucket in &self.buckets {
            if let Some((stamp, stats)) = bucket.read(generation, epoch) {
                show(stamp, stats);
            }
        }
    }

    /// What the buckets of a generation hold at the owner's epoch. Only by the cell's own thread,
    /// after [`epoch_at`](Self::epoch_at).
    #[inline]
    pub(super) fn own(&self, generation: u32) -> WindowStats {
        if self.past.of.load(Ordering::Relaxed) != u64::from(generation) + 1 {
            self.sum_past(generation);
        }
        // Read again where it has just been summed: a sum that a function returns is in memory.
        let mut sum = self.past.read();
        let epoch = self.epoch.load(Ordering::Relaxed);
        if let Some((_, stats)) = self.bucket(epoch).read(generation, epoch) {
            sum.add(stats);
        }
        sum
    }

    #[cold]
    fn sum_past(&self, generation: u32) {
        let mut sum = WindowStats::default();
        let epoch = self.epoch.load(Ordering::Relaxed);
        let present = self.bucket(epoch);
        for bucket in self.buckets.iter().filter(|b| !std::ptr::eq(*b, present)) {
            if let Some((_, stats)) = bucket.read(generation, epoch) {
                sum.add(stats);
            }
        }
        self.past.note(generation, sum);
    }

    #[inline]
    fn bucket(&self, epoch: u64) -> &Bucket {
        // Less than the number of buckets.
        #[allow(clippy::cast_possible_truncation)]
        &self.buckets[(epoch % AGE_MAX) as usize]
    }

    /// The next success of this epoch and of the same generation and settings is a repeat.
    pub(super) fn repeat(&self, epoch: u64, of: u64) {
        if self.epoch.load(Ordering::Relaxed) == epoch {
            self.repeats.store(of, Ordering::Relaxed);
        }
    }

    /// A quick success into the bucket of `epoch`, which has its stamp and generation. Only by the
    /// cell's own thread.
    #[inline]
    pub(super) fn add_one(&self) -> bool {
        let bucket = self.bucket(self.epoch.load(Ordering::Relaxed));
        let counts = bucket.counts.load(Ordering::Relaxed);
        let has_room = counts & LOWER != LOWER;
        if has_room {
            bucket.counts.store(counts + 1, Ordering::Relaxed);
        }
        has_room
    }

    /// Only by the cell's own thread. `true`: it is the first of its bucket.
    #[inline]
    pub(super) fn add(&self, epoch: u64, entry: Entry, width: u64) -> bool {
        let bucket = self.bucket(epoch);
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
            return false;
        }
        self.repeats.store(NO_REPEATS, Ordering::Relaxed);
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
        true
    }
}

impl Past {
    #[inline]
    fn read(&self) -> WindowStats {
        WindowStats {
            calls: self.calls.load(Ordering::Relaxed),
            failures: self.failures.load(Ordering::Relaxed),
            slow: self.slow.load(Ordering::Relaxed),
        }
    }

    fn note(&self, generation: u32, sum: WindowStats) {
        self.calls.store(sum.calls, Ordering::Relaxed);
        self.failures.store(sum.failures, Ordering::Relaxed);
        self.slow.store(sum.slow, Ordering::Relaxed);
        self.of.store(u64::from(generation) + 1, Ordering::Relaxed);
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
    /// What the bucket holds of a generation, if its stamp is live at `epoch` before and after.
    #[inline]
    fn read(&self, generation: u32, epoch: u64) -> Option<(u64, WindowStats)> {
        let stamp = self.stamp.load(Ordering::Acquire);
        if stamp == UNSTAMPED || (stamp >> FIRST_BITS) + AGE_MAX <= epoch {
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
