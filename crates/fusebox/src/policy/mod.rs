//! Trip policies: pure questions to what was counted (R2, R3).
//!
//! To add one: a file named after it that implements [`TripPolicy`], and its line in [`verdict`].

mod consecutive_failures;
mod failure_count;
mod failure_rate;
mod slow_call_rate;

pub use consecutive_failures::ConsecutiveFailures;
pub use failure_count::FailureCount;
pub use failure_rate::FailureRate;
pub use slow_call_rate::SlowCallRate;

use crate::clock::Tick;
use crate::event::Cause;
use crate::settings::Settings;
use crate::window::WindowStats;
use std::fmt;

/// What a policy is asked about: one recorded outcome, and what the breaker holds with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Whether this outcome was a failure.
    pub failure: bool,
    /// Whether this call was slow.
    pub slow: bool,
    /// Failures in a row, this outcome included.
    pub run: u32,
    /// The window with this outcome as its newest; empty where no setting asks for a window.
    pub window: WindowStats,
    /// Calls in flight that have passed the slow-call limit: slow already, and in no window yet.
    pub overdue: u64,
    /// When it was recorded: a few milliseconds old at most, zero where the breaker had no need
    /// to read its clock.
    pub at: Tick,
    /// The breaker's generation. A policy that remembers outcomes forgets them with it.
    pub generation: u32,
}

/// Decides when a closed breaker opens.
///
/// The settings put the four policies of this crate in force; others are given to
/// [`Builder::trip_policy`](crate::Builder::trip_policy) and judge beside them. A policy is asked
/// about every recorded success and failure of a closed generation, on the thread of the caller
/// and from several threads at once: it must neither block nor panic, and what it remembers
/// belongs into atomics. Under an `Observe` hold its verdict is only reported.
///
/// ```
/// use fusebox::{Cause, CircuitBreaker, FailureClass, Seen, State, TripPolicy};
///
/// /// Opens at the first failure of a breaker that has hardly been used.
/// #[derive(Debug)]
/// struct BadStart;
///
/// impl TripPolicy for BadStart {
///     fn name(&self) -> &'static str {
///         "bad_start"
///     }
///
///     fn opens(&self, seen: &Seen) -> bool {
///         seen.failure && seen.window.calls <= 3
///     }
/// }
///
/// let breaker = CircuitBreaker::builder("new").trip_policy(BadStart).build()?;
/// breaker.acquire()?.failure(FailureClass::Other);
/// assert_eq!(breaker.state(), State::Open);
/// assert_eq!(breaker.snapshot().why.map(|why| why.cause), Some(Cause::Policy("bad_start")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait TripPolicy: Send + Sync + fmt::Debug {
    /// The name that stands as the cause of an opening: lower case, words joined by `_`.
    fn name(&self) -> &'static str;

    /// Whether the breaker should open now.
    fn opens(&self, seen: &Seen) -> bool;
}

/// Why the breaker should open, if it should: the first policy that says so and that is `allowed`
/// to decide, in the order of their cost.
#[inline]
pub(crate) fn verdict(
    settings: &Settings,
    seen: &Seen,
    allowed: impl Fn(Cause) -> bool,
) -> Option<Cause> {
    let minimum_calls = settings.minimum_calls;
    let run = settings.consecutive_failures.map(ConsecutiveFailures);
    if run.is_some_and(|policy| policy.opens(seen)) && allowed(Cause::ConsecutiveFailures) {
        return Some(Cause::ConsecutiveFailures);
    }
    let count = settings.failure_count.map(FailureCount);
    if count.is_some_and(|policy| policy.opens(seen)) && allowed(Cause::FailureCount) {
        return Some(Cause::FailureCount);
    }
    let failures = settings.failure_rate.map(|rate| FailureRate {
        rate,
        minimum_calls,
    });
    if failures.is_some_and(|policy| policy.opens(seen)) && allowed(Cause::FailureRate) {
        return Some(Cause::FailureRate);
    }
    let slow = slow_calls(settings);
    if slow.is_some_and(|policy| policy.opens(seen)) && allowed(Cause::SlowCallRate) {
        return Some(Cause::SlowCallRate);
    }
    None
}

/// The policy on slow calls, if it is in force.
pub(crate) fn slow_calls(settings: &Settings) -> Option<SlowCallRate> {
    settings.slow_call.map(|(rate, _)| SlowCallRate {
        rate,
        minimum_calls: settings.minimum_calls,
    })
}

/// How many failures more surely open nothing, whatever successes come besides, while none leaves
/// the window. For quick calls; failures in a row are not asked about.
pub(crate) fn failures_to_spare(settings: &Settings, stats: &WindowStats) -> u64 {
    let by_count = settings.failure_count.map_or(u64::MAX, u64::from);
    let by_rate = settings.failure_rate.map_or(u64::MAX, |rate| {
        let calls = stats.calls.max(u64::from(settings.minimum_calls));
        rate.least(calls)
    });
    let least = by_count.min(by_rate);
    least.saturating_sub(1).saturating_sub(stats.failures)
}

/// Whether a success could still open the circuit by completing the minimum.
pub(crate) fn waits_for_minimum(settings: &Settings, stats: &WindowStats) -> bool {
    let rates = settings.failure_rate.is_some() || settings.slow_call.is_some();
    rates && stats.calls < u64::from(settings.minimum_calls)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::settings::Rate;

    fn opens(settings: &Settings, calls: u64, failures: u64) -> bool {
        let seen = Seen {
            failure: true,
            slow: false,
            run: 0,
            window: WindowStats {
                calls,
                failures,
                slow: 0,
            },
            overdue: 0,
            at: Tick::ZERO,
            generation: 0,
        };
        verdict(settings, &seen, |_| true).is_some()
    }

    #[test]
    fn failures_to_spare_open_nothing_and_one_more_may() {
        let rate = |percent| Rate::percent(percent).unwrap();
        let of = Settings::builder;
        for settings in [
            of().failure_rate(rate(50.0)).minimum_calls(10),
            of().failure_rate(rate(33.3333)).minimum_calls(3),
            of().failure_rate(rate(0.0001)).minimum_calls(1),
            of().failure_rate(rate(100.0))
                .minimum_calls(7)
                .failure_count(4),
            of().failure_count(6),
        ] {
            let settings = settings.build().unwrap();
            let minimum = u64::from(settings.minimum_calls);
            for (calls, failures) in (0..30).flat_map(|calls| (0..=calls).map(move |f| (calls, f)))
            {
                let stats = WindowStats {
                    calls,
                    failures,
                    slow: 0,
                };
                let spare = failures_to_spare(&settings, &stats);
                let after = |more, good| opens(&settings, calls + more + good, failures + more);
                let all = (1..=spare).flat_map(|more| (0..12).map(move |good| (more, good)));
                for (more, good) in all {
                    assert!(!after(more, good), "{settings:?} {stats:?} {more} {good}");
                }
                let missing = minimum.saturating_sub(calls + spare + 1);
                let at_last = after(spare + 1, missing) || calls + spare + 1 > minimum;
                assert!(at_last, "{settings:?} {stats:?} {spare}");
            }
        }
    }
}
