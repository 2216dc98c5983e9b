//! Calls that are slow while they are still under way (R3).

use crate::alarm::Alarm;
use fusebox::{CircuitBreaker, Handle, PermitOf, Settings};
use std::task::Context;
use std::time::Duration;

/// Tells the breaker when a call passes `slow_call_duration` without its head; where a branch has
/// settings of its own, when it passes either.
///
/// Nothing is asked and no timer is set before the call is pending for the first time, and none
/// at all where no slow-call rate is set.
pub(crate) enum Overdue {
    /// The call was not pending yet.
    Unasked,
    /// The timer runs; limits up to `told` have been told of.
    Running { alarm: Alarm, told: Duration },
    /// There is nothing more to tell.
    Over,
}

impl Overdue {
    /// The call is pending: sets the timer, or hears it.
    pub(crate) fn poll<B: Handle>(&mut self, cx: &mut Context<'_>, permit: &mut PermitOf<B>) {
        let mut told = match self {
            Self::Over => return,
            Self::Unasked => Duration::ZERO,
            Self::Running { told, .. } => *told,
        };
        // Read again at every poll: settings may change while the call is under way.
        while let Some(limit) = next_limit(permit.breaker(), told) {
            let left = limit.saturating_sub(permit.elapsed());
            if let Self::Unasked | Self::Over = self {
                let alarm = Alarm::new();
                *self = Self::Running { alarm, told };
            }
            if let Self::Running { alarm, .. } = self
                && alarm.poll(cx, left).is_pending()
            {
                return;
            }
            // Else the breaker's clock is behind the timer, or slow calls may take longer by now.
            if left.is_zero() {
                permit.overdue();
                told = limit;
            }
            let alarm = Alarm::new();
            *self = Self::Running { alarm, told };
        }
        *self = Self::Over;
    }
}

/// The shortest limit in force, for the circuit or its branches, that is longer than `told`.
fn next_limit(circuit: &CircuitBreaker, told: Duration) -> Option<Duration> {
    let own = circuit.settings().slow_call_duration();
    let branches = circuit.branch_settings();
    let branch = branches.as_ref().and_then(|branches| branches.breaker());
    let branch = branch.and_then(Settings::slow_call_duration);
    let limits = own.into_iter().chain(branch);
    limits.filter(|limit| *limit > told).min()
}
