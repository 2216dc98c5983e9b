//! Quantiles of durations that were counted in buckets.

use fusebox::Durations;

const BUCKETS: usize = Durations::BOUNDS.len() + 1;

/// Calls in each bucket.
pub(super) type Counts = [u64; BUCKETS];

/// The duration, in seconds, that this share of the calls did not exceed; `None`: there were none.
///
/// Within a bucket calls are taken to lie evenly, as Prometheus does it, so that a chart here and
/// one there agree. Of calls above the last bound only that bound is known.
#[allow(clippy::cast_precision_loss)] // ten seconds hold far fewer than 2^53 calls
#[allow(clippy::cast_possible_truncation)] // for a chart
pub(super) fn quantile(counts: &Counts, share: f64) -> Option<f32> {
    let all: u64 = counts.iter().sum();
    if all == 0 {
        return None;
    }
    let rank = share * all as f64;
    let (mut below, mut lower) = (0.0, 0.0);
    for (bound, count) in Durations::BOUNDS.iter().zip(counts) {
        let (upper, count) = (bound.as_secs_f64(), *count as f64);
        if count > 0.0 && below + count >= rank {
            return Some((lower + (upper - lower) * (rank - below) / count) as f32);
        }
        below += count;
        lower = upper;
    }
    Some(lower as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: Option<f32>, expected: f32) {
        let found = found.expect("a quantile");
        assert!((found - expected).abs() < 1e-6, "{found} for {expected}");
    }

    #[test]
    fn calls_lie_evenly_in_their_bucket() {
        let mut counts = Counts::default();
        assert_eq!(quantile(&counts, 0.5), None);
        counts[3] = 100;
        // The bucket from 5 to 10 ms.
        close(quantile(&counts, 0.5), 0.0075);
        close(quantile(&counts, 0.95), 0.009_75);
        counts[0] = 900;
        close(quantile(&counts, 0.5), 0.000_555_556);
    }

    #[test]
    fn above_the_last_bound_only_that_is_known() {
        let mut counts = Counts::default();
        counts[BUCKETS - 1] = 3;
        close(quantile(&counts, 0.5), 10.0);
    }
}
