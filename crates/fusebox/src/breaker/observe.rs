//! For readers: state and snapshot. Both do first what is due, so that they are true without a
//! call (R7).

use super::CircuitBreaker;
use super::admit::Decision;
use super::locked::Locked;
use crate::branch::Branches;
use crate::clock::Tick;
use crate::rejection::Reason;
use crate::snapshot::Snapshot;
use crate::sync::Ordering;
use crate::word::{HoldKind, State, Word};
use std::time::Duration;

impl CircuitBreaker {
    /// The state of the machine at this instant, also under a hold.
    pub fn state(&self) -> State {
        let word = self.word.load();
        if word.is_plain() {
            return State::Closed;
        }
        self.locked(|locked| locked.word().state())
    }

    /// Failures in a row at this instant. One atomic load.
    pub fn consecutive_failures(&self) -> u32 {
        self.word.load().run()
    }

    /// Everything that can be known, at this instant.
    pub fn snapshot(&self) -> Snapshot {
        let mut snapshot = self.locked(Locked::snapshot);
        // Not under the circuit's lock: the table of branches has locks of its own.
        snapshot.branches = self.branches_in_force().map(Branches::stats);
        snapshot
    }

    /// What a call would be told, without making one.
    fn preview(&self, word: Word, now: Tick) -> (Option<Reason>, Option<Duration>) {
        if word.is_ramping() && word.hold().is_none() && !word.is_under_main() {
            return (self.ramp.share(now).map(|_| Reason::Ramp), None);
        }
        let until = Tick::from_nanos(self.until.load(Ordering::Acquire));
        match self.decide(word, until, now) {
            Decision::Reject(told) => (Some(told.reason()), told.retry_after()),
            Decision::Admit(_) | Decision::Lock => (None, None),
        }
    }
}

impl Locked<'_> {
    fn snapshot(&mut self) -> Snapshot {
        let breaker = self.breaker;
        let (word, now, machine) = (self.word(), self.now, &self.machine);
        let plan = breaker.plans.current();
        let (rejecting, retry_after) = breaker.preview(word, now);
        let in_state = now.saturating_since(machine.since);
        let closed_for = (word.state() == State::Closed).then_some(in_state);
        let open = word.state() == State::Open;
        let open_now = if open {
            self.spent(now)
        } else {
            Duration::ZERO
        };
        let ramping = word.is_ramping() && word.hold() != Some(HoldKind::Disabled);
        let window = plan.window.as_ref().map(|window| {
            // Coarse, as every record of the window is.
            window.stats(word.generation(), breaker.clock.coarse())
        });
        Snapshot {
            name: breaker.name.to_string(),
            state: word.state(),
            hold: machine.hold.clone(),
            since: machine.since,
            taken_at: now,
            generation: word.generation(),
            retry_after,
            rejecting,
            why: machine.why.clone(),
            totals: breaker.ledger.totals(),
            window: window.unwrap_or_default(),
            consecutive_failures: word.run(),
            // The one is 0 while closed, the other while not.
            failures_in_row: word.run() + machine.failures_in_row,
            last_failure: breaker.ledger.last_failure(),
            in_flight: machine.trials.in_flight(),
            transitions: machine.transitions,
            transition_counts: machine.transition_counts.clone(),
            trials: machine.trial_totals,
            openings: machine.backoff.openings(closed_for),
            open_time: machine.open_time + open_now,
            ramp: if ramping {
                breaker.ramp.share(now)
            } else {
                None
            },
            settings: plan.settings.clone(),
            shutting_down: breaker.shutting_down.load(Ordering::Acquire),
            branches: None,
        }
    }
}
