//! Calls that are slow while they are still under way (R3).

use crate::alarm::Alarm;
use fusebox::{Handle, PermitOf};
use std::task::Context;
use std::time::Duration;

/// Tells the breaker when a call passes `slow_call_duration` without its head; where a branch has
/// settings of its own, when it passes either.
///
/// Nothing is asked and no timer is set before the call is pending for the first time, and none
/// at all where no slow-call rate is set then: a rate switched on later is for calls that begin
/// later. A limit that is changed meanwhile is seen at the next poll, whoever caused it.
pub(crate) struct Overdue {
    alarm: Alarm,
    /// What the timer was set for.
    set_for: Duration,
    /// Limits up to this one have been told of.
    told: Duration,
    /// There is nothing more to tell.
    over: bool,
}

impl Overdue {
    /// Of a call that was not pending yet.
    pub(crate) fn new() -> Self {
        Self {
            alarm: Alarm::new(),
            set_for: Duration::ZERO,
            told: Duration::ZERO,
            over: false,
        }
    }

    /// The call is pending: sets the timer, or hears it.
    pub(crate) fn poll<B: Handle>(&mut self, cx: &mut Context<'_>, permit: &mut PermitOf<B>) {
        if self.over {
            return;
        }
        while let Some(limit) = permit.slow_limit_after(self.told) {
            let left = limit.saturating_sub(permit.elapsed());
            if left.is_zero() {
                permit.overdue();
                self.told = limit;
                continue;
            }
            if self.set_for != limit {
                self.alarm = Alarm::new();
                self.set_for = limit;
            }
            if self.alarm.poll(cx, left).is_pending() {
                return;
            }
            // It rang, and the breaker's clock is behind it: it is set again.
            self.alarm = Alarm::new();
        }
        self.over = true;
    }
}
