//! For hands: holds, transitions, reset, settings (R15, R16, R21).

use super::CircuitBreaker;
use super::locked::{Locked, Opening};
use crate::event::{Author, Cause, EventKind, Evidence, Hold, HoldRequest, Subscription};
use crate::plan::{PLANS_MAX, Plan};
use crate::settings::Settings;
use crate::window::Window;
use crate::word::{HoldKind, State};
use std::fmt;
use std::sync::Arc;

/// Why an operator's wish was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ControlError {
    /// Under `Observe` the machine does not open: release the hold first.
    Observed,
    /// The settings of this breaker were changed too often; make a new breaker.
    TooManyChanges,
}

impl fmt::Display for ControlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Observed => f.write_str("the circuit is held in observe: release it first"),
            Self::TooManyChanges => write!(f, "settings were changed {PLANS_MAX} times"),
        }
    }
}

impl std::error::Error for ControlError {}

impl CircuitBreaker {
    /// Moves the machine once; it goes on from there (R16). Not a hold. `false`: it was in that
    /// state, and nothing changed.
    ///
    /// # Errors
    /// [`ControlError::Observed`] for open and half-open under an `Observe` hold.
    pub fn transition(&self, to: State, by: &Author) -> Result<bool, ControlError> {
        self.locked(|locked| locked.transition(to, by))
    }

    /// Sets a hold, in place of any other (R15).
    pub fn hold(&self, request: HoldRequest) {
        self.locked(|locked| locked.hold(request));
    }

    /// Ends the hold: a circuit held open is half-open then (with manual recovery as it was),
    /// another one closed. `false`: there was none.
    pub fn release(&self, by: &Author) -> bool {
        self.locked(|locked| {
            let held = locked.machine.hold.is_some();
            locked.end_hold(locked.now, Some(by.clone()));
            held
        })
    }

    /// Closes, forgets the backoff, begins a new generation. A hold stays.
    pub fn reset(&self, by: &Author) {
        self.locked(|locked| locked.reset(by));
    }

    /// Puts other settings in force: they judge from the next outcome on, running deadlines
    /// stay, and a window whose unit did not change keeps what still fits (R21). The same
    /// settings change nothing. Where the old settings asked for no durations, the system's clock
    /// was not read for the calls in flight: they count as neither slow nor abandoned.
    ///
    /// # Errors
    /// [`ControlError::TooManyChanges`] after 4,096 changes: each keeps some memory.
    pub fn change_settings(&self, settings: Settings, by: &Author) -> Result<(), ControlError> {
        self.locked(|locked| locked.change_settings(settings, by))?;
        self.branches_follow(by);
        Ok(())
    }

    /// Whether these settings can be put in force: they are, or there is room for one more change.
    pub(crate) fn can_change_to(&self, settings: &Settings) -> bool {
        let plan = self.plans.current();
        plan.version < PLANS_MAX || plan.settings == *settings
    }

    /// [`change_settings`](Self::change_settings) for a branch, under a lock of its circuit: the readers of events are woken by the
    /// circuit, after that lock.
    pub(crate) fn change_settings_quietly(&self, settings: Settings, by: &Author) {
        // Refused after 4,096 changes in the life of one branch: it goes on as it is.
        let _ = self.locked_only(|locked| locked.change_settings(settings, by));
    }

    /// A reader of this breaker's events (and of those that share its bus) from now on.
    pub fn subscribe(&self) -> Subscription {
        self.events.subscribe()
    }
}

impl Locked<'_> {
    fn transition(&mut self, to: State, by: &Author) -> Result<bool, ControlError> {
        if self.word().state() == to {
            return Ok(false);
        }
        if to != State::Closed && self.word().hold() == Some(HoldKind::Observe) {
            return Err(ControlError::Observed);
        }
        let evidence = Evidence {
            by: Some(by.clone()),
            ..Evidence::default()
        };
        match to {
            State::Open => self.open(self.now, Cause::Hand, evidence, Opening::Hand),
            _ => self.go(to, self.now, Cause::Hand, evidence),
        }
        Ok(true)
    }

    fn hold(&mut self, request: HoldRequest) {
        let HoldRequest {
            kind,
            reason,
            author,
            for_,
        } = request;
        let until = for_.map(|time| self.now.saturating_add(time));
        let evidence = Evidence {
            by: Some(author.clone()),
            ..Evidence::default()
        };
        let hold = Hold {
            kind,
            reason,
            author,
            since: self.now,
            until,
        };
        self.machine.hold = Some(hold.clone());
        let state = self.word().state();
        if kind == HoldKind::Observe && state != State::Closed {
            self.go(State::Closed, self.now, Cause::HoldSet, evidence);
        } else {
            self.begin(state, self.now);
        }
        self.tell(self.now, EventKind::HoldSet(hold));
    }

    fn reset(&mut self, by: &Author) {
        if self.word().state() == State::Closed {
            self.begin(State::Closed, self.now);
        } else {
            let evidence = Evidence {
                by: Some(by.clone()),
                ..Evidence::default()
            };
            self.go(State::Closed, self.now, Cause::Reset, evidence);
        }
        self.machine.backoff.reset();
        self.tell(self.now, EventKind::Reset { by: by.clone() });
    }

    fn change_settings(&mut self, settings: Settings, by: &Author) -> Result<(), ControlError> {
        let old = self.breaker.plans.current();
        if old.settings == settings {
            return Ok(());
        }
        if old.version == PLANS_MAX {
            return Err(ControlError::TooManyChanges);
        }
        let generation = self.word().generation();
        let size = settings.reads_window().then(|| settings.window());
        let window = match (&old.window, size) {
            (_, None) => None,
            (Some(window), Some(size)) if old.window_size() == Some(size) => {
                Some(Arc::clone(window))
            }
            (Some(window), Some(size)) => {
                // Coarse, as every record of the window is.
                let now = self.breaker.clock.coarse();
                Some(Arc::new(window.resized(size, generation, now)))
            }
            (None, Some(size)) => Some(Arc::new(Window::new(size, generation))),
        };
        self.breaker
            .plans
            .append(Plan::new(settings, window, old.version + 1));
        self.publish_until();
        self.tell(self.now, EventKind::SettingsChanged { by: by.clone() });
        Ok(())
    }
}
