//! One circuit's last hour.

use std::collections::VecDeque;
use std::time::Duration;

use fusebox::{CircuitBreaker, Durations, Tick, Totals};

use super::POINTS_MAX;
use super::quantiles::{Counts, quantile};

/// Points whose durations are kept one by one: a minute, for the latency of now.
const RECENT: usize = 6;

/// Points, the oldest first, and the counters they are differences of.
#[derive(Debug)]
pub(super) struct Line {
    points: VecDeque<Point>,
    recent: VecDeque<Counts>,
    counted: Counted,
}

/// What happened between two looks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Point {
    pub(super) until: Tick,
    pub(super) took: Duration,
    pub(super) success: u64,
    pub(super) failure: u64,
    pub(super) ignored: u64,
    pub(super) rejected: u64,
    pub(super) fallbacks: u64,
    /// Seconds; `None`: nobody measured.
    pub(super) p50: Option<f32>,
    pub(super) p95: Option<f32>,
    pub(super) p99: Option<f32>,
}

/// The counters when they were looked at.
#[derive(Debug)]
struct Counted {
    at: Tick,
    totals: Totals,
    fallbacks: u64,
    durations: Counts,
}

impl Counted {
    fn now(circuit: &CircuitBreaker, at: Tick) -> Self {
        let fallbacks = circuit.fallbacks();
        Self {
            at,
            totals: circuit.snapshot().totals,
            fallbacks: fallbacks.iter().map(|(_, count)| count).sum(),
            durations: durations(circuit.durations()),
        }
    }
}

impl Line {
    /// From now on.
    pub(super) fn begin(circuit: &CircuitBreaker, now: Tick) -> Self {
        Self {
            points: VecDeque::new(),
            recent: VecDeque::new(),
            counted: Counted::now(circuit, now),
        }
    }

    /// Adds the point that ends now. A circuit that was replaced counts from nothing again, so that
    /// its counters may have gone down: that is no activity.
    pub(super) fn take(&mut self, circuit: &CircuitBreaker, now: Tick) {
        let counted = Counted::now(circuit, now);
        let before = std::mem::replace(&mut self.counted, counted);
        let counted = &self.counted;
        let more = |now: u64, before: u64| now.saturating_sub(before);
        let took: Counts =
            std::array::from_fn(|bucket| more(counted.durations[bucket], before.durations[bucket]));
        let (new, old) = (&counted.totals, &before.totals);
        let point = Point {
            until: now,
            took: now.saturating_since(before.at),
            success: more(new.success, old.success),
            failure: more(new.failure, old.failure),
            ignored: more(new.ignored, old.ignored),
            rejected: more(new.rejected_total(), old.rejected_total()),
            fallbacks: more(counted.fallbacks, before.fallbacks),
            p50: quantile(&took, 0.5),
            p95: quantile(&took, 0.95),
            p99: quantile(&took, 0.99),
        };
        if self.points.len() == POINTS_MAX {
            self.points.pop_front();
        }
        self.points.push_back(point);
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(took);
    }

    /// The oldest first.
    pub(super) fn points(&self) -> impl DoubleEndedIterator<Item = &Point> + ExactSizeIterator {
        self.points.iter()
    }

    /// Of the last minute, in seconds.
    pub(super) fn p95(&self) -> Option<f32> {
        let mut sum = Counts::default();
        for counts in &self.recent {
            let buckets = sum.iter_mut().zip(counts);
            buckets.for_each(|(sum, count)| *sum += count);
        }
        quantile(&sum, 0.95)
    }

    /// Fallbacks of the last minute.
    pub(super) fn fallbacks(&self) -> u64 {
        let newest = self.points.iter().rev().take(RECENT);
        newest.map(|point| point.fallbacks).sum()
    }
}

fn durations(durations: Option<Durations>) -> Counts {
    durations.map_or_else(Counts::default, |durations| durations.counts)
}
