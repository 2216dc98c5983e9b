//! The model's rules for what operators do: moves, holds, reset, settings (R15, R16, R21).

use super::model::{Model, nanos};
use super::plan::Plan;
use super::told::{Expected, Told};
use fusebox::{Cause, HoldKind, State};
use std::time::Duration;

impl Model {
    /// R16. False if it is refused.
    pub(crate) fn transition(&mut self, to: State) -> Option<bool> {
        if self.held(HoldKind::Observe) && to != State::Closed {
            return None;
        }
        if self.state == to {
            return Some(false);
        }
        self.go(to, vec![Cause::Hand]);
        if to == State::Open && !self.plan.manual {
            self.open_until = Some(self.now + nanos(self.plan.open_for));
        }
        Some(true)
    }

    /// R15.
    pub(crate) fn set_hold(&mut self, kind: HoldKind, expires_after: Option<Duration>) {
        if kind == HoldKind::Observe {
            self.go(State::Closed, vec![Cause::HoldSet]);
        }
        self.raise();
        self.hold = Some((kind, expires_after.map(|d| self.now + nanos(d))));
        self.tell(Told::HoldSet(kind));
    }

    /// R15. False if nothing was held.
    pub(crate) fn release(&mut self) -> bool {
        let held = self.hold.is_some();
        if held {
            self.end_hold(false);
        }
        held
    }

    pub(super) fn end_hold(&mut self, expired: bool) {
        let (kind, _) = self.hold.take().unwrap();
        self.tell(Told::HoldEnded { kind, expired });
        self.raise();
        match kind {
            HoldKind::ForcedOpen if self.plan.manual => {}
            HoldKind::ForcedOpen => self.go(State::HalfOpen, vec![Cause::HoldEnded]),
            HoldKind::Disabled | HoldKind::Observe => {
                self.go(State::Closed, vec![Cause::HoldEnded]);
            }
        }
    }

    /// R16.
    pub(crate) fn reset(&mut self) {
        self.go(State::Closed, vec![Cause::Reset]);
        self.raise();
        self.openings = 0;
        self.tell(Told::Reset);
    }

    /// R21.
    pub(crate) fn change(&mut self, plan: Plan) {
        self.window.refit(&self.plan, &plan, self.now);
        let optional = self.plan.settings() == plan.settings();
        self.plan = plan;
        self.told.push(Expected {
            at: self.now,
            told: Told::SettingsChanged,
            optional,
        });
    }

    /// R11: from now on every drop is ignored.
    pub(crate) fn begin_shutdown(&mut self) {
        self.shutting_down = true;
    }
}
