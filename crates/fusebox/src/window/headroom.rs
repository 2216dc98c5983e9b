//! Failures that open nothing, known beforehand.
//!
//! Who judges by the sums of all threads knows how many failures more open nothing in the same
//! epoch: successes that come besides only lower a rate, and none leave. Until so many were counted
//! its thread's failures need no sum, so that threads which fail side by side do not read each
//! other's cells every time.
//!
//! No trip is missed. Every failure in a window of time is recorded, then changes the state word
//! (`StateWord::lengthen_run`), is then counted by a read-modify-write of one counter
//! (`StateWord::count_failure`), and only then judged.
//!
//! - Failures: what was counted before a judgement is in its sum, and what was counted after is in
//!   the difference of the counts. One that was recorded and not yet counted is judged by its own
//!   count, a later one; until then its circuit stays closed, as it did while it was not recorded.
//! - The success that completes a minimum: it sees the failures that changed the word before it,
//!   and the judgements of all others see it among the calls.
//! - Epochs: a thread whose clock is an epoch ahead writes over calls that others still count. It
//!   says so before it meets them in the word (`TimeWindow::latest`); who then finds a later epoch
//!   than its own judges by the sums.

use crate::sync::{AtomicU64, Ordering};

/// One thread's note. Relaxed: only the owner of the cell reads it.
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
