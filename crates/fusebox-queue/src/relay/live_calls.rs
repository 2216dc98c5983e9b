//! Live traffic through the same breaker: its totals without what the relay did itself.

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use fusebox::CircuitBreaker;

use super::pace::Ended;
use super::stats::Counts;

/// How often is looked.
const EVERY: Duration = Duration::from_secs(1);
/// After a longer time than this nobody knows when in it something happened.
const TOO_LONG: Duration = Duration::from_secs(5);

/// What was seen at the last look.
#[derive(Debug)]
pub(super) struct LiveCalls {
    at: Duration,
    good: i64,
    bad: i64,
    own_good: i64,
}

impl LiveCalls {
    pub(super) fn new(breaker: &CircuitBreaker, counts: &Counts, now: Duration) -> Self {
        let mut calls = Self {
            at: now,
            good: 0,
            bad: 0,
            own_good: 0,
        };
        calls.forget(breaker, counts, now);
        calls
    }

    /// Begins anew: what happened before tells the pace nothing.
    pub(super) fn forget(&mut self, breaker: &CircuitBreaker, counts: &Counts, now: Duration) {
        self.look(breaker, counts);
        self.at = now;
    }

    /// What ended since the last look, and how long that was, if it is time to look.
    pub(super) fn ended(
        &mut self,
        breaker: &CircuitBreaker,
        counts: &Counts,
        now: Duration,
    ) -> Option<(Duration, Ended)> {
        let span = now.saturating_sub(self.at);
        if span < EVERY {
            return None;
        }
        let ended = self.look(breaker, counts);
        self.at = now;
        (span <= TOO_LONG).then_some((span, ended))
    }

    /// The totals are read first: an own call is counted here before the breaker counts it, so
    /// that it never looks like one of somebody else.
    fn look(&mut self, breaker: &CircuitBreaker, counts: &Counts) -> Ended {
        let totals = breaker.snapshot().totals;
        let own_good = counts.own_good.load(Relaxed);
        let own_bad = counts.own_bad.load(Relaxed);
        let rise = |before: &mut i64, now: i64| {
            let by = u64::try_from(now - *before).unwrap_or(0);
            *before = now.max(*before);
            by
        };
        Ended {
            live_good: rise(&mut self.good, signed(totals.success) - own_good),
            live_bad: rise(&mut self.bad, signed(totals.failure) - own_bad),
            own_good: rise(&mut self.own_good, own_good),
        }
    }
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
