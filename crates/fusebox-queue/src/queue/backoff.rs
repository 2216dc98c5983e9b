//! When a message that failed is tried again.

use std::time::Duration;

use crate::settings::QueueSettings;

/// Doubling beyond this would only overflow: 2^32 of the shortest wait is 50 days.
const DOUBLINGS_MAX: u32 = 32;

/// The wait after so many failed attempts: exponential with a bound, and "equal jitter" (M. Brooker,
/// "Exponential backoff and jitter"): half of it for certain, so that a message is not hammered, and
/// half at random, so that many that failed at once do not come back at once.
///
/// `random` is from 0 to 1.
pub(super) fn wait(settings: &QueueSettings, attempts: u32, random: f64) -> Duration {
    let doublings = attempts.saturating_sub(1).min(DOUBLINGS_MAX);
    let whole = settings
        .retry_after
        .saturating_mul(1_u32 << doublings.min(31));
    let whole = whole.min(settings.retry_after_max);
    let half = whole / 2;
    half + half.mul_f64(random.clamp(0.0, 1.0))
}
