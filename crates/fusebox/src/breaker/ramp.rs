//! The share of calls that a closed circuit admits just after it closed (R17).

use crate::clock::{Tick, nanos};
use crate::sync::{AtomicU64, Ordering};
use std::time::Duration;

/// A running sum: each call adds its share `(D + 9 t) / 10 D` of a whole, and a whole admits.
/// Integers, so that the sum is exact to 2^-61 a call; the same whole for every length, so that
/// a caller who still knows the length of an earlier ramp adds one share at most.
#[derive(Debug)]
pub(crate) struct Ramp {
    start: AtomicU64,
    length: AtomicU64,
    sum: AtomicU64,
}

/// What admits a call. Ten times a power of two, so that a tenth of it is whole.
const WHOLE: u64 = 10 << 58;

/// What a ramp says to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Share {
    Admit,
    Reject,
    /// The ramp is over.
    Over,
}

impl Ramp {
    pub(super) fn new() -> Self {
        Self {
            start: AtomicU64::new(0),
            length: AtomicU64::new(0),
            sum: AtomicU64::new(0),
        }
    }

    /// Under the circuit's lock, before the word says that there is a ramp. Relaxed: the word's
    /// Release publishes it.
    pub(super) fn begin(&self, at: Tick, length: Duration) {
        self.start.store(at.as_nanos(), Ordering::Relaxed);
        self.length.store(nanos(length), Ordering::Relaxed);
        self.sum.store(0, Ordering::Relaxed);
    }

    pub(super) fn admit(&self, now: Tick) -> Share {
        let Some((elapsed, length)) = self.position(now) else {
            return Share::Over;
        };
        let part = u128::from(length) + 9 * u128::from(elapsed);
        // Rounded up, so that ten tenths are a whole. At most a whole, which is 62 bits.
        #[allow(clippy::cast_possible_truncation)]
        let step = (u128::from(WHOLE) * part).div_ceil(10 * u128::from(length)) as u64;
        let mut sum = self.sum.load(Ordering::Relaxed);
        loop {
            let raised = sum + step;
            let (next, share) = match raised.checked_sub(WHOLE) {
                Some(rest) => (rest, Share::Admit),
                None => (raised, Share::Reject),
            };
            // Relaxed: the sum is all there is to agree on.
            match self
                .sum
                .compare_exchange_weak(sum, next, Ordering::Relaxed, Ordering::Relaxed)
            {
                Ok(_) => return share,
                Err(now) => sum = now,
            }
        }
    }

    /// The admitted share; `None` once the ramp is over.
    pub(super) fn share(&self, now: Tick) -> Option<f64> {
        let (elapsed, length) = self.position(now)?;
        // For display.
        #[allow(clippy::cast_precision_loss)]
        let share = 0.1 + 0.9 * (elapsed as f64 / length as f64);
        Some(share)
    }

    fn position(&self, now: Tick) -> Option<(u64, u64)> {
        let start = self.start.load(Ordering::Relaxed);
        let length = self.length.load(Ordering::Relaxed);
        let elapsed = now.as_nanos().saturating_sub(start);
        (elapsed < length).then_some((elapsed, length))
    }
}
