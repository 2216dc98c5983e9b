//! How long the next opening lasts (R13).

use crate::clock::nanos;
use crate::settings::{Rate, Settings};
use std::time::Duration;

#[derive(Debug)]
pub(crate) struct Backoff {
    /// k: automatic openings since the circuit last stayed closed for long enough.
    openings: u32,
    last_wait: Duration,
    random: u64,
}

impl Backoff {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            openings: 0,
            last_wait: Duration::ZERO,
            random: seed,
        }
    }

    pub(crate) fn reset(&mut self) {
        self.openings = 0;
        self.last_wait = Duration::ZERO;
    }

    /// Where a store left it.
    pub(crate) fn restore(&mut self, openings: u32, last_wait: Duration) {
        self.openings = openings;
        self.last_wait = last_wait;
    }

    pub(crate) fn last_wait(&self) -> Duration {
        self.last_wait
    }

    /// k, for a circuit that has been closed for `closed_for` (`None`: it is not closed).
    pub(crate) fn openings(&self, closed_for: Option<Duration>) -> u32 {
        if closed_for.is_some_and(|time| time >= self.last_wait) {
            0
        } else {
            self.openings
        }
    }

    /// The circuit stops being closed after `closed_for`.
    pub(crate) fn leave_closed(&mut self, closed_for: Duration) {
        self.openings = self.openings(Some(closed_for));
    }

    /// The wait of the next automatic opening; counts it.
    pub(crate) fn next(&mut self, settings: &Settings, retry_after: Option<Duration>) -> Duration {
        self.openings = self.openings.saturating_add(1);
        let grown = self.grown(settings);
        let wait = grown
            .max(retry_after.unwrap_or_default())
            .min(settings.open_for_max);
        self.last_wait = wait;
        wait
    }

    fn grown(&mut self, settings: &Settings) -> Duration {
        let exponent = i32::try_from(self.openings - 1).unwrap_or(i32::MAX);
        let mut factor = settings.backoff.powi(exponent);
        if settings.jitter > Rate::ZERO {
            factor *= 1.0 + settings.jitter.ratio() * (2.0 * self.uniform() - 1.0);
        }
        if factor == 1.0 {
            return settings.open_for;
        }
        // Nanoseconds of a month are exact in a float, a year to the microsecond. The cast
        // saturates, and the cap is applied by the caller.
        #[allow(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss
        )]
        let grown = (nanos(settings.open_for) as f64 * factor).round() as u64;
        Duration::from_nanos(grown)
    }

    /// Uniform in 0..1: `SplitMix64` (Steele, Lea, Flood, "Fast splittable pseudorandom number
    /// generators", OOPSLA 2014). It spreads openings apart and protects nothing.
    fn uniform(&mut self) -> f64 {
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        // 53 bits are exact in a float.
        #[allow(clippy::cast_precision_loss)]
        let uniform = (z >> 11) as f64 / (1_u64 << 53) as f64;
        uniform
    }
}
