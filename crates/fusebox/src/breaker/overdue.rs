//! Calls that are slow while they are still under way (R3).

use super::CircuitBreaker;
use super::judge::{Deciding, Judged};
use super::locked::Locked;
use crate::event::{Cause, Evidence};
use crate::permit::{Ticket, TicketKind};
use crate::policy::{self, Seen, TripPolicy};
use crate::window::WindowStats;
use crate::word::{HoldKind, State};

impl CircuitBreaker {
    /// The call of this ticket has passed the slow-call limit.
    pub(crate) fn overdue(&self, ticket: &mut Ticket) {
        self.overdue_keyed(ticket, 0);
    }

    /// The same for the aggregate of a keyed circuit.
    #[cold]
    pub(crate) fn overdue_keyed(&self, ticket: &mut Ticket, key: u64) {
        let plan = self.plans.current();
        let Some(limit) = plan.settings.slow_call_duration() else {
            return;
        };
        // A head that came in time, or settings that allow more by now. A call that nobody
        // timed is overdue if its caller says so.
        let age = ticket.took().or_else(|| ticket.age(self.clock.now()));
        let early = age.is_some_and(|age| age < limit);
        if early || ticket.is_overdue || ticket.kind == TicketKind::UNCOUNTED {
            return;
        }
        let word = self.word.load();
        let generation = ticket.generation;
        if word.generation() != generation || word.hold() == Some(HoldKind::Disabled) {
            return;
        }
        if word.state() == State::HalfOpen {
            return self.locked(|locked| locked.overdue_trial(ticket));
        }
        if !self.overdue.begin(generation) {
            return;
        }
        ticket.is_overdue = true;
        if let Some(branches) = self.branches_in_force() {
            branches.keys.note_overdue(key, generation);
        }
        // As every record that judges: whoever meets last sees all (`StateWord::lengthen_run`).
        self.word.meet();
        let now = self.clock.coarse();
        let window = plan.window.as_ref();
        let seen = Seen {
            failure: false,
            slow: true,
            run: word.run(),
            window: window.map_or_else(WindowStats::default, |w| w.stats(generation, now)),
            overdue: self.overdue_calls(plan, generation),
            at: now,
            generation,
        };
        // Nothing is recorded yet: only what speaks of slow calls can have turned true.
        let policy = policy::slow_calls(&plan.settings);
        let opens = policy.is_some_and(|policy| policy.opens(&seen));
        if opens && self.keys_allow(Cause::SlowCallRate, &seen) {
            let version = plan.version;
            let judged = Judged { version, seen };
            self.opens(word, judged, Cause::SlowCallRate, Deciding::default());
        }
    }
}

impl Locked<'_> {
    /// A trial that is slow has failed (R9), at this instant; what comes of it is late.
    fn overdue_trial(&mut self, ticket: &Ticket) {
        let Some(number) = ticket.kind.trial() else {
            return;
        };
        if self.word().generation() == ticket.generation && self.machine.trials.end(number) {
            self.trial_failed(self.now, Cause::TrialFailed, Evidence::default(), None);
            self.publish_until();
        }
    }
}
