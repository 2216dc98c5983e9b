//! Calls that are slow while they are still under way (R3).

use crate::alarm::Alarm;
use crate::circuit::Circuit;
use fusebox::PermitOf;
use std::task::Context;

/// Tells the breaker when a call passes `slow_call_duration` without its head.
///
/// Nothing is asked and no timer is set before the call is pending for the first time, and none
/// at all where no slow-call rate is set.
pub(crate) enum Overdue {
    /// The call was not pending yet.
    Unasked,
    /// The timer runs.
    Running(Alarm),
    /// There is nothing to tell, or it was told.
    Over,
}

impl Overdue {
    /// The call is pending: sets the timer, or hears it.
    pub(crate) fn poll<B: Circuit>(&mut self, cx: &mut Context<'_>, permit: &mut PermitOf<B>) {
        if matches!(self, Self::Over) {
            return;
        }
        loop {
            // Read again at every ring: settings may change while the call is under way.
            let Some(limit) = permit.breaker().settings().slow_call_duration() else {
                *self = Self::Over;
                return;
            };
            let left = limit.saturating_sub(permit.elapsed());
            let alarm = match self {
                Self::Running(alarm) => alarm,
                Self::Unasked | Self::Over => {
                    *self = Self::Running(Alarm::new());
                    continue;
                }
            };
            if alarm.poll(cx, left).is_pending() {
                return;
            }
            if left.is_zero() {
                permit.overdue();
                *self = Self::Over;
                return;
            }
            // The breaker's clock is behind the timer, or slow calls may take longer by now.
            *self = Self::Running(Alarm::new());
        }
    }
}
