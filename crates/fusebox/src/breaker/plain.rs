//! Settlement where nothing is wrong with the circuit and nobody, or only a tap, looks at single
//! calls: nearly all of them. What `settle.rs` would do, and none of what it would ask.

use super::CircuitBreaker;
use super::judge::{Deciding, Judged};
use super::settle::Record;
use crate::clock::Tick;
use crate::counters::slot::{my_slot, with_slot};
use crate::outcome::{Outcome, Settled, Settlement};
use crate::permit::Ticket;
use crate::plan::Plan;
use crate::policy::{self, Seen};
use crate::window::{Entry, Recorded, Window, WindowStats};
use crate::word::{RunChange, Word};
use std::time::Duration;

impl CircuitBreaker {
    #[inline]
    pub(crate) fn settle(&self, ticket: &Ticket, settlement: Settlement) -> Settled {
        self.settle_keyed(ticket, settlement, 0)
    }

    /// The same for the aggregate of a keyed circuit: `key` is the hash of the call's key, 0 for a
    /// call without one.
    #[inline(always)]
    pub(crate) fn settle_keyed(
        &self,
        ticket: &Ticket,
        settlement: Settlement,
        key: u64,
    ) -> Settled {
        // A thread's first record goes the longer way.
        if let (true, Some(slot)) = (ticket.is_plain(), my_slot()) {
            let word = self.word.load();
            let plan = self.plans.current();
            let is_plain = word.is_plainly(ticket.generation)
                && plan.settings.slow_call.is_none()
                && self.watched.by_nobody();
            let is_quiet = word.run() == 0 && settlement.retry_after.is_none();
            match settlement.outcome {
                Outcome::Success if is_plain && is_quiet => {
                    return self.succeed(word, plan, slot, settlement.took);
                }
                Outcome::Failure(_) if is_plain => {
                    return self.fail(word, plan, slot, settlement);
                }
                _ => {}
            }
        }
        // A copy: whose address is given away has to be in memory, from its admission on.
        let ticket = *ticket;
        self.settle_otherwise(&ticket, settlement, key)
    }

    /// A success where nothing is wrong, nothing but a tap looks, as in a gateway, and nothing has
    /// to be judged. `None`: it is another case, and not recorded.
    #[inline]
    pub(super) fn succeed_tapped(
        &self,
        ticket: &Ticket,
        settlement: Settlement,
    ) -> Option<Settled> {
        let slot = my_slot()?;
        let word = self.word.load();
        let plan = self.plans.current();
        let is_case = ticket.is_plain()
            && settlement.outcome == Outcome::Success
            && settlement.retry_after.is_none()
            && word.is_plainly(ticket.generation)
            && word.run() == 0
            && plan.settings.slow_call.is_none()
            && self.watched.only_by_tap();
        if !is_case {
            return None;
        }
        if let Some(window) = &plan.window {
            let now = || self.clock.coarse();
            let again = window.succeed_again(slot, word.generation(), plan.version, now);
            again.ok()?;
        }
        self.recorded(ticket, settlement, false, Tick::ZERO);
        Some(Settled::Recorded)
    }

    /// A success where nothing is wrong and nobody looks: what `record` in `settle.rs` would do,
    /// and none of what it would ask.
    #[inline(always)]
    fn succeed(&self, word: Word, plan: &Plan, slot: usize, took: Option<Duration>) -> Settled {
        if let Some(took) = took {
            self.durations.record(took);
        }
        self.ledger.succeeded(slot);
        match &plan.window {
            Some(window) => self.succeed_in(window, slot, word, plan),
            None => Settled::Recorded,
        }
    }

    /// Never inlined: it reads the clock, and so has registers to save.
    #[inline(never)]
    fn succeed_in(&self, window: &Window, slot: usize, word: Word, plan: &Plan) -> Settled {
        let now = || self.clock.coarse();
        match window.succeed_again(slot, word.generation(), plan.version, now) {
            Ok(()) => Settled::Recorded,
            Err(now) => self.succeed_and_judge(word, plan, window, now),
        }
    }

    /// `now`, where it is known.
    #[inline(never)]
    fn succeed_and_judge(
        &self,
        word: Word,
        plan: &Plan,
        window: &Window,
        now: Option<Tick>,
    ) -> Settled {
        let mut entry = Entry {
            generation: word.generation(),
            // Only a window of time asks for it.
            now: now.unwrap_or(Tick::ZERO),
            failure: false,
            slow: false,
        };
        let recorded = with_slot(|slot| window.record_in(slot, entry, plan.version));
        if matches!(recorded, Recorded::Enough) {
            return Settled::Recorded;
        }
        entry.now = now.unwrap_or_else(|| self.clock.coarse());
        let record = Record {
            entry,
            recorded,
            run: 0,
            judged_by: plan.version,
        };
        self.consider(word, plan, record, Deciding::default())
    }

    /// A failure where nobody looks: what `record` in `settle.rs` would do, and none of what it
    /// would ask.
    #[inline(never)]
    fn fail(&self, word: Word, plan: &Plan, slot: usize, settlement: Settlement) -> Settled {
        let generation = word.generation();
        let now = self.clock.coarse();
        let entry = Entry {
            generation,
            now,
            failure: true,
            slow: false,
        };
        let window = plan.window.as_deref();
        let recorded = window.map(|window| window.record_in(slot, entry, plan.version));
        let RunChange::Now(run) = self.word.lengthen_run(word, generation) else {
            self.ledger.late();
            return Settled::Late;
        };
        if let Some(took) = settlement.took {
            self.durations.record(took);
        }
        let class = match settlement.outcome {
            Outcome::Failure(class) => Some(class),
            Outcome::Success | Outcome::Ignored => None,
        };
        self.ledger.failed(slot, class, now);
        let of = (generation, plan.version);
        let in_a_row = plan.settings.consecutive_failures;
        let mut count = 0;
        let stats = match (window, recorded) {
            (_, Some(Recorded::Stats(stats))) => stats,
            (Some(window), Some(_)) => {
                count = self.word.count_failure();
                let is_within = window.is_within_headroom(slot, of, now, count);
                if is_within && in_a_row.is_none_or(|most| run < most) {
                    return Settled::Recorded;
                }
                window.stats_of_recorder(slot, generation, now)
            }
            _ => WindowStats::default(),
        };
        let seen = Seen {
            failure: true,
            slow: false,
            run,
            window: stats,
            overdue: 0,
            at: now,
            generation,
        };
        // Keys may have come since nobody looked.
        let allowed = |cause| self.keys_allow(cause, &seen);
        if let Some(cause) = policy::verdict(&plan.settings, &seen, allowed) {
            let version = plan.version;
            let deciding = Deciding {
                class,
                retry_after: settlement.retry_after,
            };
            self.opens(word, Judged { version, seen }, cause, deciding);
        } else if let Some(window) = window {
            let more = policy::failures_to_spare(&plan.settings, &stats);
            window.set_headroom(slot, of, now, count.saturating_add(more));
            if !policy::waits_for_minimum(&plan.settings, &stats) {
                window.judged(slot, generation, now, plan.version);
            }
        }
        Settled::Recorded
    }
}
