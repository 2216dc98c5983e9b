//! Trip policies: pure questions to what was counted.

use crate::event::Cause;
use crate::settings::Settings;
use crate::window::WindowStats;

/// Why the breaker should open, if it should: the first policy that says so, of consecutive
/// failures, failure count, failure rate and slow-call rate (R2, R3).
pub(crate) fn verdict(settings: &Settings, run: u32, stats: &WindowStats) -> Option<Cause> {
    if settings.consecutive_failures.is_some_and(|n| run >= n) {
        return Some(Cause::ConsecutiveFailures);
    }
    if settings
        .failure_count
        .is_some_and(|n| stats.failures >= u64::from(n))
    {
        return Some(Cause::FailureCount);
    }
    if stats.calls < u64::from(settings.minimum_calls) {
        // Below the minimum a rate is undefined, not 0.
        return None;
    }
    if settings
        .failure_rate
        .is_some_and(|rate| rate.reached(stats.failures, stats.calls))
    {
        return Some(Cause::FailureRate);
    }
    let slow = settings
        .slow_call
        .is_some_and(|(rate, _)| rate.reached(stats.slow, stats.calls));
    slow.then_some(Cause::SlowCallRate)
}

/// Whether a success could still open the circuit by completing the minimum.
pub(crate) fn waits_for_minimum(settings: &Settings, stats: &WindowStats) -> bool {
    let rates = settings.failure_rate.is_some() || settings.slow_call.is_some();
    rates && stats.calls < u64::from(settings.minimum_calls)
}
