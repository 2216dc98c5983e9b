//! What happens under the circuit's lock: due instants and transitions.

use super::CircuitBreaker;
use crate::clock::Tick;
use crate::event::{Author, Cause, Event, EventKind, Evidence};
use crate::machine::Machine;
use crate::outcome::{FailureClass, Outcome};
use crate::settings::{Recovery, Settings};
use crate::snapshot::Why;
use crate::sync::{MutexGuard, Ordering, lock};
use crate::tap::RecordedCall;
use crate::word::{HoldKind, State, Word};
use std::sync::Arc;
use std::time::Duration;

/// Who opens, and so for how long.
#[derive(Clone, Copy, Debug)]
pub(super) enum Opening {
    /// A verdict or a failed trial, with the deciding outcome's `Retry-After`.
    Automatic(Option<Duration>),
    /// A person.
    Hand,
}

/// What is due next.
enum Due {
    HoldExpiry,
    OpenOver,
    TrialDeadline,
}

pub(super) struct Locked<'a> {
    pub(super) breaker: &'a CircuitBreaker,
    pub(super) machine: MutexGuard<'a, Machine>,
    /// Read after the lock was taken: among holders of the lock time does not go back.
    pub(super) now: Tick,
    after: After,
}

/// What has to be done once the lock is given back.
#[derive(Debug, Default)]
pub(super) struct After {
    /// Somebody has to be woken.
    pub(super) told: bool,
    /// The main breaker has to open, and why.
    pub(super) trips_main: Option<String>,
}

impl<'a> Locked<'a> {
    pub(super) fn new(breaker: &'a CircuitBreaker) -> Self {
        let machine = lock(&breaker.machine);
        let now = breaker.clock.now();
        Self {
            breaker,
            machine,
            now,
            after: After::default(),
        }
    }

    /// Gives the lock back.
    pub(super) fn unlock(self) -> After {
        self.after
    }

    pub(super) fn word(&self) -> Word {
        self.breaker.word.load()
    }

    pub(super) fn settings(&self) -> &'a Settings {
        &self.breaker.plans.current().settings
    }

    /// Does what is due by now, in order of time, each dated to its instant (R15).
    pub(super) fn settle_due(&mut self) {
        while let Some((at, due)) = self.next_due().filter(|(at, _)| *at <= self.now) {
            match due {
                Due::HoldExpiry => self.end_hold(at, None),
                Due::OpenOver => {
                    self.go(
                        State::HalfOpen,
                        at,
                        Cause::OpenTimeOver,
                        Evidence::default(),
                    );
                }
                Due::TrialDeadline => {
                    self.machine.trials.expire(at);
                    self.show_timed_out(at);
                    self.trial_failed(at, Cause::TrialTimedOut, Evidence::default(), None);
                    self.publish_until();
                }
            }
        }
    }

    /// A trial that ran out of time, as those who look at calls see it.
    fn show_timed_out(&self, at: Tick) {
        if let Some(tap) = self.breaker.tap.get() {
            tap.record(&RecordedCall {
                at,
                outcome: Outcome::Failure(FailureClass::Timeout),
                took: Some(self.settings().half_open_timeout),
                retry_after: None,
                generation: self.word().generation(),
            });
        }
    }

    fn next_due(&self) -> Option<(Tick, Due)> {
        let machine = &self.machine;
        // A hold stops every timer but its own.
        if let Some(hold) = &machine.hold {
            return hold.until.map(|at| (at, Due::HoldExpiry));
        }
        match self.word().state() {
            State::Closed => None,
            State::Open => machine.open_until.map(|at| (at, Due::OpenOver)),
            State::HalfOpen => machine
                .trials
                .earliest_deadline()
                .map(|at| (at, Due::TrialDeadline)),
        }
    }

    /// A trial succeeded: enough of them close (R9).
    pub(super) fn trial_succeeded(&mut self) {
        self.machine.trial_totals.succeeded += 1;
        self.machine.trials.succeeded += 1;
        self.machine.failures_in_row = 0;
        if self.machine.trials.succeeded >= self.settings().half_open_successes {
            let evidence = self.with_trials(Evidence::default());
            self.go(State::Closed, self.now, Cause::TrialsSucceeded, evidence);
        }
    }

    /// A trial failed at `at`: enough of them open again (R9).
    pub(super) fn trial_failed(
        &mut self,
        at: Tick,
        cause: Cause,
        evidence: Evidence,
        retry_after: Option<Duration>,
    ) {
        self.machine.trial_totals.failed += 1;
        self.machine.trials.failed += 1;
        self.machine.failures_in_row = self.machine.failures_in_row.saturating_add(1);
        if self.machine.trials.failed >= self.settings().half_open_failures {
            let evidence = self.with_trials(evidence);
            self.open(at, cause, evidence, Opening::Automatic(retry_after));
        }
    }

    fn with_trials(&self, evidence: Evidence) -> Evidence {
        let trials = &self.machine.trials;
        Evidence {
            trial_successes: trials.succeeded,
            trial_failures: trials.failed,
            ..evidence
        }
    }

    /// Ends the hold (R15), at its expiry or by somebody's hand.
    pub(super) fn end_hold(&mut self, at: Tick, by: Option<Author>) {
        let Some(hold) = self.machine.hold.take() else {
            return;
        };
        let state = self.word().state();
        let manual = self.settings().recovery == Recovery::Manual;
        let to = match hold.kind {
            HoldKind::ForcedOpen if manual => state,
            HoldKind::ForcedOpen => State::HalfOpen,
            HoldKind::Disabled | HoldKind::Observe => State::Closed,
        };
        let evidence = Evidence {
            by: by.clone(),
            ..Evidence::default()
        };
        let ended = EventKind::HoldEnded {
            kind: hold.kind,
            expired: by.is_none(),
            by,
        };
        if let Some(under) = self.machine.under.take() {
            // What a registry switched off is off again, and its machine stands still.
            self.machine.hold = Some(under.clone());
            self.begin(state, at);
            self.tell(at, ended);
            self.tell(at, EventKind::HoldSet(under));
        } else if to == state {
            self.begin(state, at);
            self.tell(at, ended);
        } else {
            self.tell(at, ended);
            self.go(to, at, Cause::HoldEnded, evidence);
        }
    }

    /// Opens: draws the wait (R13, R14), then goes.
    pub(super) fn open(&mut self, at: Tick, cause: Cause, evidence: Evidence, opening: Opening) {
        let at = at.max(self.machine.latest);
        self.leave_closed(at);
        let settings = self.settings();
        if matches!(opening, Opening::Automatic(_)) && self.breaker.trips_main() {
            let why = evidence.explain(cause);
            self.after.trips_main = Some(format!("circuit {} opened: {why}", self.breaker.name));
        }
        let wait = match opening {
            _ if settings.recovery == Recovery::Manual => None,
            Opening::Hand => Some(settings.open_for),
            Opening::Automatic(hint) => Some(self.machine.backoff.next(settings, hint)),
        };
        self.machine.open_until = wait.map(|wait| at.saturating_add(wait));
        self.change(
            State::Open,
            at,
            cause,
            Evidence {
                open_for: wait,
                ..evidence
            },
        );
    }

    /// Goes to closed or half-open.
    pub(super) fn go(&mut self, to: State, at: Tick, cause: Cause, evidence: Evidence) {
        let at = at.max(self.machine.latest);
        self.leave_closed(at);
        self.change(to, at, cause, evidence);
    }

    fn leave_closed(&mut self, at: Tick) {
        if self.word().state() == State::Closed {
            let closed_for = at.saturating_since(self.machine.since);
            self.machine.backoff.leave_closed(closed_for);
        }
    }

    fn change(&mut self, to: State, at: Tick, cause: Cause, evidence: Evidence) {
        let from = self.word().state();
        if from == State::Open {
            let spent = self.spent(at);
            self.machine.open_time += spent;
        }
        if from == State::Closed {
            self.machine.failures_in_row = self.word().run();
        } else if to == State::Closed {
            self.machine.failures_in_row = 0;
        }
        self.machine.since = at;
        self.machine.count(from, to, cause);
        let ramped = cause == Cause::TrialsSucceeded;
        let ramp = self.settings().ramp;
        if to == State::Closed && ramped && !ramp.is_zero() {
            self.breaker.ramp.begin(at, ramp);
            self.begin_with(to, at, Word::with_ramp);
        } else {
            self.begin(to, at);
        }
        self.machine.why = Some(Why {
            cause,
            evidence: evidence.clone(),
            at,
        });
        self.tell(
            at,
            EventKind::Transition {
                from,
                to,
                cause,
                evidence,
            },
        );
    }

    /// How long the present state has lasted in this life of the breaker.
    pub(super) fn spent(&self, at: Tick) -> Duration {
        at.saturating_since(self.machine.since.max(self.machine.counted_from))
    }

    /// Begins a generation in `state`, under the hold that is set.
    pub(super) fn begin(&mut self, state: State, at: Tick) {
        self.begin_with(state, at, |word| word);
    }

    fn begin_with(&mut self, state: State, at: Tick, mark: impl FnOnce(Word) -> Word) {
        self.machine.latest = self.machine.latest.max(at);
        self.machine.trials.clear();
        let ended = self.word();
        let generation = ended.generation().wrapping_add(1);
        if let Some(window) = &self.breaker.plans.current().window {
            window.begin(generation);
        }
        let hold = self.machine.hold.as_ref().map(|hold| hold.kind);
        // Between the two nobody may put an old word and a new instant together: zero sends
        // them to the lock. Release, pairs with the Acquire in `admit`.
        self.breaker.until.store(0, Ordering::Release);
        let word = mark(Word::new(generation, state, hold));
        self.breaker.word.replace(word.under_main_of(ended));
        self.publish_until();
    }

    /// Publishes until when the word alone decides.
    pub(super) fn publish_until(&self) {
        let machine = &self.machine;
        let until = match (&machine.hold, self.word().state()) {
            (Some(hold), _) => hold.until.unwrap_or(Tick::NEVER),
            (None, State::Closed) => Tick::NEVER,
            (None, State::Open) => machine.open_until.unwrap_or(Tick::NEVER),
            (None, State::HalfOpen) => {
                let full = machine.trials.in_flight() >= self.settings().half_open_calls;
                let earliest = machine.trials.earliest_deadline();
                earliest.filter(|_| full).unwrap_or(Tick::ZERO)
            }
        };
        // Relaxed: published by the next line.
        self.breaker
            .published
            .store(self.now.as_nanos(), Ordering::Relaxed);
        // Release, pairs with the Acquire in `admit`.
        self.breaker
            .until
            .store(until.as_nanos(), Ordering::Release);
    }

    /// Puts an event on the bus: under the lock, so that a circuit's events stay in order.
    pub(super) fn tell(&mut self, at: Tick, kind: EventKind) {
        self.tell_as(at, kind, false);
    }

    /// The same of what a store puts back, where `restored`.
    pub(super) fn tell_as(&mut self, at: Tick, kind: EventKind, restored: bool) {
        self.machine.latest = self.machine.latest.max(at);
        let generation = self.word().generation();
        let circuit = Arc::clone(&self.breaker.name);
        self.breaker.events.push(Event {
            circuit,
            branch: self.breaker.key.clone(),
            at,
            generation,
            kind,
            restored,
        });
        self.after.told = true;
    }
}
