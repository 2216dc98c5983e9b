//! Settlement: outcomes are recorded and judged (R1 to R6, R9, R11, R12).

use super::CircuitBreaker;
use super::judge::Deciding;
use super::locked::Locked;
use crate::branch::KeyedOutcome;
use crate::clock::{Tick, nanos};
use crate::counters::slot::with_slot;
use crate::event::{Cause, Evidence};
use crate::outcome::{FailureClass, Outcome, Settled, Settlement};
use crate::permit::{Ticket, TicketKind};
use crate::plan::{Plan, Timing};
use crate::policy::{self, Seen};
use crate::settings::WindowSize;
use crate::sync::Ordering;
use crate::tap::{RecordedCall, Tap};
use crate::window::{Entry, Recorded, WindowStats};
use crate::word::{HoldKind, RunChange, State, Word};
use std::time::Duration;

/// An outcome that the window has, and the failures in a row with it.
#[derive(Clone, Copy)]
pub(super) struct Record {
    pub(super) entry: Entry,
    pub(super) recorded: Recorded,
    pub(super) run: u32,
    /// By what it is judged, as it was before the record: a change in between is seen by the next.
    pub(super) judged_by: u32,
}

impl CircuitBreaker {
    /// Never inlined: it would make the plain path save registers.
    #[inline(never)]
    pub(super) fn settle_otherwise(
        &self,
        ticket: &Ticket,
        settlement: Settlement,
        key: u64,
    ) -> Settled {
        if let Some(settled) = self.succeed_tapped(ticket, settlement) {
            return settled;
        }
        if ticket.kind == TicketKind::UNCOUNTED {
            return Settled::Uncounted;
        }
        let mut word = self.word.load();
        if !word.is_plain() {
            if word.hold().is_some() {
                word = self.past_expiry(word);
            }
            if word.hold() == Some(HoldKind::Disabled) {
                return Settled::Uncounted;
            }
            if word.state() == State::HalfOpen && word.generation() == ticket.generation {
                return self.settle_trial(ticket, settlement);
            }
        }
        if word.generation() != ticket.generation {
            self.ledger.late();
            return Settled::Late;
        }
        self.record(word, ticket, settlement, key)
    }

    /// The word after the hold's expiry, if that is due.
    fn past_expiry(&self, word: Word) -> Word {
        let until = Tick::from_nanos(self.until.load(Ordering::Acquire));
        if self.clock.coarse() < until {
            return word;
        }
        self.locked(|locked| locked.word())
    }

    /// An outcome in a closed generation, also under `Observe` and on a ramp.
    #[inline]
    fn record(&self, word: Word, ticket: &Ticket, settlement: Settlement, key: u64) -> Settled {
        let generation = ticket.generation;
        // The thread has its number after this, whatever is counted, unless it is ending.
        with_slot(|_| {});
        if ticket.is_overdue {
            // Before it is recorded: in between it is missing, never there twice.
            self.overdue.end(generation);
            if let Some(branches) = self.branches_in_force() {
                branches.keys.end_overdue(key, generation);
            }
        }
        let failure = match settlement.outcome {
            Outcome::Success => None,
            Outcome::Failure(class) => Some(class),
            Outcome::Ignored => {
                self.recorded(ticket, settlement, false, Tick::ZERO);
                return Settled::Recorded;
            }
        };
        let plan = self.plans.current();
        let slow = is_slow(plan, self.took(plan, ticket, settlement));
        let asks_always = self.asks_always(word, plan);
        let now = if plan.window.is_some() || asks_always || failure.is_some() {
            self.clock.coarse()
        } else {
            Tick::ZERO
        };
        let entry = Entry {
            generation,
            now,
            failure: failure.is_some(),
            slow,
        };
        let window = plan.window.as_ref();
        let judged_by = self.judged_by(plan);
        let recorded = window.map_or(Recorded::Enough, |window| {
            with_slot(|slot| window.record_in(slot, entry, judged_by))
        });
        let RunChange::Now(run) = self.change_run(word, entry, key) else {
            self.ledger.late();
            return Settled::Late;
        };
        if failure.is_some() && matches!(recorded, Recorded::MustJudge) {
            // The headroom of other threads is a difference of counts.
            self.word.count_failure();
        }
        self.recorded(ticket, settlement, slow, now);
        let deciding = Deciding {
            class: failure,
            retry_after: settlement.retry_after,
        };
        let record = Record {
            entry,
            recorded,
            run,
            judged_by,
        };
        self.consider(word, plan, record, deciding)
    }

    /// Whether every outcome is judged, also one that leaves the window as it was.
    #[inline]
    fn asks_always(&self, word: Word, plan: &Plan) -> bool {
        // The last outcomes of a keyed circuit stay as many while their keys become more.
        let keys = || matches!(plan.settings.window, WindowSize::Calls(_)) && self.is_keyed();
        word.hold() == Some(HoldKind::Observe) || !self.policies.is_empty() || keys()
    }

    fn is_keyed(&self) -> bool {
        self.branches_in_force().is_some()
    }

    /// Judges after a record, if that can have changed anything.
    #[inline]
    pub(super) fn consider(
        &self,
        word: Word,
        plan: &Plan,
        record: Record,
        deciding: Deciding,
    ) -> Settled {
        let Record {
            entry,
            recorded,
            run,
            judged_by,
        } = record;
        let Entry {
            generation,
            now,
            failure,
            slow,
        } = entry;
        let asks_always = self.asks_always(word, plan);
        let stats = match (&plan.window, recorded) {
            (Some(_), Recorded::Stats(stats)) => {
                // With a call in flight that turns slow just now (`overdue_keyed`).
                if !failure && plan.settings.slow_call.is_some() {
                    self.word.meet();
                }
                stats
            }
            (Some(window), Recorded::MustJudge) => {
                if !failure {
                    self.word.meet();
                }
                with_slot(|slot| window.stats_of_recorder(slot, generation, now))
            }
            (Some(window), Recorded::Enough) if asks_always => {
                with_slot(|slot| window.stats_of_recorder(slot, generation, now))
            }
            // Nothing that could open has changed.
            _ if !failure && !asks_always => return Settled::Recorded,
            _ => WindowStats::default(),
        };
        let seen = Seen {
            failure,
            slow,
            run,
            window: stats,
            overdue: self.overdue_calls(plan, generation),
            at: now,
            generation,
        };
        let opens = self.judge(word, plan, seen, deciding);
        if let (Some(window), Recorded::MustJudge, false) = (&plan.window, recorded, opens)
            && !policy::waits_for_minimum(&plan.settings, &seen.window)
        {
            with_slot(|slot| window.judged(slot, generation, now, judged_by));
        }
        Settled::Recorded
    }

    /// A failure lengthens the run, a success ends it. In a keyed circuit the run and the list of
    /// its keys change as one.
    #[inline]
    fn change_run(&self, word: Word, entry: Entry, key: u64) -> RunChange {
        let change = || match entry.failure {
            true => self.word.lengthen_run(word, entry.generation),
            false if word.run() > 0 => self.word.end_run(word, entry.generation),
            false => RunChange::Now(0),
        };
        match self.branches_in_force() {
            None => change(),
            Some(branches) => {
                let outcome = KeyedOutcome { key, entry };
                branches.keys.record(outcome, word.run(), change)
            }
        }
    }

    /// Counts a recorded call, and shows it.
    #[inline]
    pub(super) fn recorded(&self, ticket: &Ticket, settlement: Settlement, slow: bool, at: Tick) {
        self.ledger.recorded(settlement.outcome, slow, at);
        self.show(ticket, settlement, None);
    }

    /// Shows a recorded call to those who look: durations, and the tap.
    #[inline]
    fn show(&self, ticket: &Ticket, settlement: Settlement, now: Option<Tick>) {
        if let Some(took) = settlement.took {
            self.durations.record(took);
        }
        if let Some(tap) = self.tap.get() {
            self.record_on(tap, ticket, settlement, now);
        }
    }

    #[inline(never)] // a gateway's calls go here, those of most circuits do not
    fn record_on(&self, tap: &Tap, ticket: &Ticket, settlement: Settlement, now: Option<Tick>) {
        // Exact, since readers merge threads by it.
        let at = now.unwrap_or_else(|| self.clock.now());
        let told = settlement.took.or_else(|| ticket.took());
        tap.record(&RecordedCall {
            at,
            outcome: settlement.outcome,
            took: told.or_else(|| ticket.age(at)),
            retry_after: settlement.retry_after,
            generation: ticket.generation,
        });
    }

    fn took(&self, plan: &Plan, ticket: &Ticket, settlement: Settlement) -> Option<Duration> {
        plan.settings.slow_call?;
        let known = settlement.took.or_else(|| ticket.took());
        known.or_else(|| ticket.age(self.reading(plan)))
    }

    /// The time, as exactly as the limits in force need it.
    fn reading(&self, plan: &Plan) -> Tick {
        match plan.timing {
            Timing::Exact => self.clock.now(),
            Timing::None | Timing::Coarse => self.clock.coarse(),
        }
    }

    #[cold]
    fn settle_trial(&self, ticket: &Ticket, settlement: Settlement) -> Settled {
        self.locked(|locked| locked.settle_trial(ticket, settlement))
    }

    /// R11: a permit was dropped unsettled.
    #[cold]
    pub(crate) fn settle_dropped(&self, ticket: &Ticket) {
        self.settle_dropped_keyed(ticket, 0);
    }

    /// The same for the aggregate of a keyed circuit.
    #[cold]
    pub(crate) fn settle_dropped_keyed(&self, ticket: &Ticket, key: u64) {
        let old = || {
            let plan = self.plans.current();
            let limit = plan.settings.abandoned_after;
            // Lazy: the clock is read only where there is a limit.
            limit.is_some_and(|limit| {
                let age = ticket.age(self.reading(plan));
                age.is_some_and(|age| age >= limit)
            })
        };
        let outcome = if self.shutting_down.load(Ordering::Acquire) {
            Outcome::Ignored
        } else if std::thread::panicking() {
            Outcome::Failure(FailureClass::Caller)
        } else if old() {
            Outcome::Failure(FailureClass::Timeout)
        } else {
            Outcome::Ignored
        };
        let settlement = Settlement::new(outcome);
        if self.settle_keyed(ticket, settlement, key) != Settled::Uncounted {
            self.ledger.abandoned();
        }
    }
}

fn is_slow(plan: &Plan, took: Option<Duration>) -> bool {
    let limit = plan.settings.slow_call_duration();
    limit
        .zip(took)
        .is_some_and(|(limit, took)| nanos(took) > nanos(limit))
}

impl Locked<'_> {
    fn settle_trial(&mut self, ticket: &Ticket, settlement: Settlement) -> Settled {
        let word = self.word();
        if word.hold() == Some(HoldKind::Disabled) {
            return Settled::Uncounted;
        }
        let Some(number) = ticket.kind.trial() else {
            return self.late();
        };
        if word.generation() != ticket.generation || !self.machine.trials.end(number) {
            return self.late();
        }
        let plan = self.breaker.plans.current();
        let took = settlement
            .took
            .or_else(|| ticket.took())
            .or_else(|| ticket.age(self.now));
        let ignored = settlement.outcome == Outcome::Ignored;
        let slow = !ignored && is_slow(plan, took);
        let ledger = &self.breaker.ledger;
        ledger.recorded(settlement.outcome, slow, self.now);
        self.breaker.show(ticket, settlement, Some(self.now));
        let class = match settlement.outcome {
            Outcome::Failure(class) => Some(class),
            Outcome::Success | Outcome::Ignored => None,
        };
        if class.is_some() || slow {
            let evidence = Evidence {
                class,
                ..Evidence::default()
            };
            self.trial_failed(
                self.now,
                Cause::TrialFailed,
                evidence,
                settlement.retry_after,
            );
        } else if !ignored {
            self.trial_succeeded();
        }
        self.publish_until();
        Settled::Recorded
    }

    fn late(&self) -> Settled {
        self.breaker.ledger.late();
        Settled::Late
    }
}
