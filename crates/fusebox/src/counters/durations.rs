//! How long calls took, in buckets, where their callers tell.

use super::cells::Cells;
use crate::clock::nanos;
use crate::sync::{AtomicU64, Ordering};
use std::time::Duration;

const BOUNDS: usize = Durations::BOUNDS.len();

/// A histogram of the durations of a circuit's calls since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Durations {
    /// Calls in each bucket, not cumulative: up to the bound of the same number, and in the last
    /// one what took longer than all bounds.
    pub counts: [u64; BOUNDS + 1],
    /// All durations together.
    pub sum: Duration,
}

impl Durations {
    /// Upper bounds of the buckets, each inclusive.
    pub const BOUNDS: [Duration; 13] = [
        Duration::from_millis(1),
        Duration::from_micros(2_500),
        Duration::from_millis(5),
        Duration::from_millis(10),
        Duration::from_millis(25),
        Duration::from_millis(50),
        Duration::from_millis(100),
        Duration::from_millis(250),
        Duration::from_millis(500),
        Duration::from_secs(1),
        Duration::from_millis(2_500),
        Duration::from_secs(5),
        Duration::from_secs(10),
    ];

    /// How many calls were measured.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }
}

const BOUNDS_NANOS: [u64; BOUNDS] = {
    let mut bounds = [0; BOUNDS];
    let mut at = 0;
    while at < BOUNDS {
        // Ten seconds at most.
        #[allow(clippy::cast_possible_truncation)]
        let bound = Durations::BOUNDS[at].as_nanos() as u64;
        bounds[at] = bound;
        at += 1;
    }
    bounds
};

/// One thread's counts, on cache lines of its own.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Cell {
    counts: [AtomicU64; BOUNDS + 1],
    sum: AtomicU64,
}

/// Nothing is allocated before the first duration is told.
#[derive(Debug)]
pub(crate) struct Histogram {
    cells: Cells<Cell>,
}

impl Histogram {
    pub(crate) fn new() -> Self {
        Self {
            cells: Cells::new(),
        }
    }

    /// Plain loads and stores: the cell has one writer. Relaxed: no decision reads these.
    #[inline(never)]
    pub(crate) fn record(&self, took: Duration) {
        let took = nanos(took);
        // Most calls of a circuit take about as long: one after the other is guessed right.
        let bucket = BOUNDS_NANOS.iter().position(|bound| took <= *bound);
        let bucket = bucket.unwrap_or(BOUNDS);
        self.cells.with_mine(|cell| {
            let add = |counter: &AtomicU64, more: u64| {
                let sum = counter.load(Ordering::Relaxed).wrapping_add(more);
                counter.store(sum, Ordering::Relaxed);
            };
            add(&cell.counts[bucket], 1);
            add(&cell.sum, took);
        });
    }

    /// `None`: no duration was ever told.
    pub(crate) fn read(&self) -> Option<Durations> {
        let mut read = Durations::default();
        for cell in self.cells.iter() {
            for (sum, counter) in read.counts.iter_mut().zip(&cell.counts) {
                *sum += counter.load(Ordering::Relaxed);
            }
            read.sum += Duration::from_nanos(cell.sum.load(Ordering::Relaxed));
        }
        (read.count() > 0).then_some(read)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_duration_on_a_bound_is_in_its_bucket_and_one_above_in_the_next() {
        let histogram = Histogram::new();
        assert_eq!(histogram.read(), None);
        for took in [
            Duration::ZERO,
            Duration::from_millis(1),
            Duration::from_nanos(1_000_001),
        ] {
            histogram.record(took);
        }
        histogram.record(Duration::from_secs(3600));
        let read = histogram.read().expect("four durations");
        assert_eq!(
            (read.counts[0], read.counts[1], read.counts[BOUNDS]),
            (2, 1, 1)
        );
        assert_eq!(
            (read.count(), read.sum),
            (4, Duration::from_nanos(3_600_002_000_001))
        );
    }
}
