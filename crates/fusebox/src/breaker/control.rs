//! For hands: holds, transitions, reset, settings (R15, R16, R21).

use super::CircuitBreaker;
use super::locked::{Locked, Opening};
use crate::event::{Author, Cause, EventKind, Evidence, Hold, HoldRequest, Subscription};
use crate::plan::{PLANS_MAX, Plan};
use crate::settings::Settings;
use crate::window::Window;
use crate::word::{HoldKind, State};
use std::fmt;
use std::sync::{Arc, LazyLock};

/// The author of the holds of a registry's switch. Known by this very value and not by its name,
/// which anybody can give.
static SWITCH: LazyLock<Author> = LazyLock::new(|| Author::new("switch"));

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

    /// Sets a hold, in place of any other (R15). When one that was set over the hold of a
    /// registry's switch ends, the circuit is switched off again.
    pub fn hold(&self, request: HoldRequest) {
        self.locked(|locked| locked.hold(request));
    }

    /// Ends the hold: a circuit held open is half-open then (with manual recovery as it was),
    /// another one closed. `false`: there was none, or only that of a registry's switch, which
    /// ends when the switch is turned on.
    pub fn release(&self, by: &Author) -> bool {
        self.locked(|locked| {
            let held = locked.machine.hold.as_ref();
            let is_ours = held.is_some_and(|hold| !is_switch(hold));
            if is_ours {
                locked.end_hold(locked.now, Some(by.clone()));
            }
            is_ours
        })
    }

    /// Ends the hold, whoever set it.
    pub(crate) fn release_any(&self, by: &Author) {
        self.locked(|locked| {
            locked.machine.under = None;
            locked.end_hold(locked.now, Some(by.clone()));
        });
    }

    /// Sets the hold of a registry's switch, unless it is set. `Some`: it was not, and this is
    /// what it covers, if anything.
    pub(crate) fn switch_off(&self, reason: String) -> Option<Option<Hold>> {
        self.locked(|locked| {
            let covered = locked.machine.hold.clone();
            if covered.as_ref().is_some_and(is_switch) {
                return None;
            }
            locked.hold(HoldRequest {
                kind: HoldKind::Disabled,
                reason,
                author: SWITCH.clone(),
                for_: None,
            });
            Some(covered)
        })
    }

    /// Ends the hold of a registry's switch, if it is in force, and puts back what it covered. A
    /// hold whose time is over by now ends as any hold does (R15).
    pub(crate) fn switch_on(&self, covered: Option<Hold>, by: &Author) {
        self.locked(|locked| {
            locked.machine.under = None;
            if !locked.machine.hold.as_ref().is_some_and(is_switch) {
                return;
            }
            let Some(hold) = covered else {
                return locked.end_hold(locked.now, Some(by.clone()));
            };
            // It is put back, not set over the switch's.
            locked.machine.hold = None;
            locked.hold(HoldRequest {
                kind: hold.kind,
                reason: hold.reason,
                author: hold.author,
                for_: hold.until.map(|until| until.saturating_since(locked.now)),
            });
            locked.settle_due();
        });
    }

    /// Closes, forgets the backoff and the last failure, begins a new generation. A hold stays.
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
        self.put_settings(settings, by, false)
    }

    /// The same, told as no news where a store restores what was in force.
    pub(crate) fn put_settings(
        &self,
        settings: Settings,
        by: &Author,
        restored: bool,
    ) -> Result<(), ControlError> {
        self.locked(|locked| locked.change_settings(settings, by, restored))?;
        self.branches_follow(by);
        Ok(())
    }

    /// Whether these settings can be put in force: they are, or there is room for one more change.
    pub(crate) fn can_change_to(&self, settings: &Settings) -> bool {
        let plan = self.plans.current();
        plan.version < PLANS_MAX || plan.settings == *settings
    }

    /// [`change_settings`](Self::change_settings) for a branch, under a lock of its circuit: the
    /// readers of events are woken by the circuit, after that lock.
    pub(crate) fn change_settings_quietly(&self, settings: Settings, by: &Author) {
        // Refused after 4,096 changes in the life of one branch: it goes on as it is.
        let _ = self.locked_only(|locked| locked.change_settings(settings, by, false));
    }

    /// A reader of this breaker's events (and of those that share its bus) from now on.
    pub fn subscribe(&self) -> Subscription {
        self.events.subscribe()
    }
}

/// Whether a registry's switch set it.
pub(super) fn is_switch(hold: &Hold) -> bool {
    std::ptr::eq(hold.author.as_str(), SWITCH.as_str())
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
        let before = self.machine.hold.replace(hold.clone());
        let under = before
            .filter(is_switch)
            .or_else(|| self.machine.under.take());
        self.machine.under = under.filter(|_| !is_switch(&hold));
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
        self.breaker.ledger.forget_last_failure();
        self.tell(self.now, EventKind::Reset { by: by.clone() });
    }

    fn change_settings(
        &mut self,
        settings: Settings,
        by: &Author,
        restored: bool,
    ) -> Result<(), ControlError> {
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
        let changed = EventKind::SettingsChanged { by: by.clone() };
        self.tell_as(self.now, changed, restored);
        Ok(())
    }
}
