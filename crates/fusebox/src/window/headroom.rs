//! Failures that open nothing, known beforehand.
//!
//! Who judges by the sums of all threads knows how many failures more can open nothing before a
//! bucket leaves, since successes that come besides only lower a rate. Until so many were counted
//! its thread's failures need no sum, so that threads which fail side by side do not read each
//! other's cells every time.
//!
//! No trip is missed: every failure of a closed generation is recorded, then counted by a
//! read-modify-write of one counter (`StateWord::count_failure`), and only then judged. What was
//! counted before a judgement is in its sum, and what was counted after is in the difference of
//! the counts. A failure that was recorded and not yet counted will be judged by its own count,
//! which is a later one.

use crate::sync::{AtomicU64, Ordering};

/// One thread's note. Relaxed: nobody else reads it.
#[derive(Debug)]
pub(super) struct Headroom {
    /// The epoch of the judgement.
    epoch: AtomicU64,
    /// Its generation, and the version of the settings.
    of: AtomicU64,
    /// The count up to which failures open nothing.
    most: AtomicU64,
}

impl Default for Headroom {
    fn default() -> Self {
        Self {
            epoch: AtomicU64::new(u64::MAX),
            of: AtomicU64::new(0),
            most: AtomicU64::new(0),
        }
    }
}

impl Headroom {
    #[inline]
    pub(super) fn covers(&self, epoch: u64, of: u64, count: u64) -> bool {
        self.epoch.load(Ordering::Relaxed) == epoch
            && self.of.load(Ordering::Relaxed) == of
            && count <= self.most.load(Ordering::Relaxed)
    }

    pub(super) fn set(&self, epoch: u64, of: u64, most: u64) {
        self.epoch.store(epoch, Ordering::Relaxed);
        self.of.store(of, Ordering::Relaxed);
        self.most.store(most, Ordering::Relaxed);
    }
}
