//! When a message that failed is tried again.

use std::time::Duration;

use crate::settings::QueueSettings;

/// Beyond 2^31 of even a millisecond, 24 days, every bound has been reached.
const DOUBLINGS_MAX: u32 = 31;

/// The wait after so many failed attempts: exponential with a bound, and "equal jitter" (M.
/// Brooker, "Exponential backoff and jitter"): half of it for certain, so that a message is not
/// hammered, and half at random, so that many that failed at once do not come back at once.
///
/// `random` is from 0 to 1.
pub(super) fn wait(settings: &QueueSettings, attempts: u32, random: f64) -> Duration {
    let doublings = attempts.saturating_sub(1).min(DOUBLINGS_MAX);
    let whole = settings.retry_after.saturating_mul(1_u32 << doublings);
    let whole = whole.min(settings.retry_after_max);
    let half = whole / 2;
    half + half.mul_f64(random.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_half_of_each_is_certain() {
        let settings = QueueSettings::default();
        let seconds = |attempts, random| wait(&settings, attempts, random).as_secs_f64();
        let whole: Vec<_> = (1..=10).map(|attempts| seconds(attempts, 1.0)).collect();
        let expected = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 300.0];
        assert_eq!(whole, expected);
        assert_eq!((seconds(3, 0.0), seconds(3, 0.5)), (2.0, 3.0));
        assert_eq!(seconds(0, 1.0), 1.0);
        assert_eq!(seconds(u32::MAX, 7.0), 300.0);
    }
}
