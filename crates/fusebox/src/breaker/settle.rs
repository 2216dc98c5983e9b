//! Settlement: outcomes are recorded and judged (R1 to R6, R9, R11, R12).

use super::CircuitBreaker;
use super::locked::{Locked, Opening};
use crate::clock::{Tick, nanos};
use crate::event::{Cause, EventKind, Evidence};
use crate::outcome::{FailureClass, Outcome, Settled, Settlement};
use crate::permit::{Ticket, TicketKind};
use crate::plan::{Plan, Timing};
use crate::policy;
use crate::sync::Ordering;
use crate::window::{Entry, Recorded, WindowStats};
use crate::word::{HoldKind, RunChange, State, Word};
use std::time::Duration;

/// What a verdict was made of.
#[derive(Clone, Copy)]
struct Judged {
    generation: u32,
    version: u32,
    run: u32,
    stats: WindowStats,
}

impl CircuitBreaker {
    #[inline]
    pub(crate) fn settle(&self, ticket: &Ticket, settlement: Settlement) -> Settled {
        if ticket.kind == TicketKind::Uncounted {
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
        self.record(word, ticket, settlement)
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
    fn record(&self, word: Word, ticket: &Ticket, settlement: Settlement) -> Settled {
        let failure = match settlement.outcome {
            Outcome::Success => None,
            Outcome::Failure(class) => Some(class),
            Outcome::Ignored => {
                self.ledger.recorded(Outcome::Ignored, false);
                return Settled::Recorded;
            }
        };
        let plan = self.plans.current();
        let generation = ticket.generation;
        let slow = is_slow(plan, self.took(plan, ticket, settlement));
        let observing = word.hold() == Some(HoldKind::Observe);
        let now = if plan.window.is_some() {
            self.clock.coarse()
        } else {
            Tick::ZERO
        };
        let recorded = plan.window.as_ref().map_or(Recorded::Enough, |window| {
            let entry = Entry {
                generation,
                now,
                failure: failure.is_some(),
                slow,
            };
            window.record(entry, plan.version)
        });
        let run = match failure {
            Some(_) => self.word.lengthen_run(generation),
            None if word.run() > 0 => self.word.end_run(generation),
            None => RunChange::Now(0),
        };
        let RunChange::Now(run) = run else {
            self.ledger.late();
            return Settled::Late;
        };
        self.ledger.recorded(settlement.outcome, slow);
        let stats = match (&plan.window, recorded) {
            (Some(_), Recorded::Stats(stats)) => stats,
            (Some(window), Recorded::MustJudge) => {
                if failure.is_none() {
                    self.word.meet();
                }
                window.stats(generation, now)
            }
            (Some(window), Recorded::Enough) if observing => window.stats(generation, now),
            // Nothing that could open has changed.
            _ if failure.is_none() && !observing => return Settled::Recorded,
            _ => WindowStats::default(),
        };
        let judged = Judged {
            generation,
            version: plan.version,
            run,
            stats,
        };
        match policy::verdict(&plan.settings, run, &stats) {
            Some(cause) if observing => self.would_open(judged, cause, failure),
            Some(cause) => self.trip(judged, cause, failure, settlement.retry_after),
            None if observing => self.would_not_open(generation),
            None => {
                if let (Some(window), Recorded::MustJudge) = (&plan.window, recorded)
                    && !policy::waits_for_minimum(&plan.settings, &stats)
                {
                    window.judged(generation, now, plan.version);
                }
            }
        }
        Settled::Recorded
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

    /// A verdict was reached: opens, unless the generation ended meanwhile.
    #[cold]
    fn trip(
        &self,
        judged: Judged,
        cause: Cause,
        class: Option<FailureClass>,
        retry_after: Option<Duration>,
    ) {
        self.locked(|locked| {
            let Some(cause) = locked.stands(judged, cause) else {
                return;
            };
            let evidence = judged.evidence(class);
            locked.open(locked.now, cause, evidence, Opening::Automatic(retry_after));
        });
    }

    /// Under `Observe`: reports when the verdict turns true.
    fn would_open(&self, judged: Judged, cause: Cause, class: Option<FailureClass>) {
        let mark = u64::from(judged.generation) + 1;
        // Relaxed, here and below: the mark says all there is to know.
        if self.would_open.load(Ordering::Relaxed) == mark {
            return;
        }
        self.locked(|locked| {
            let Some(cause) = locked.stands(judged, cause) else {
                return;
            };
            if self.would_open.swap(mark, Ordering::Relaxed) != mark {
                let evidence = judged.evidence(class);
                locked.tell(locked.now, EventKind::WouldOpen { cause, evidence });
            }
        });
    }

    /// The verdict turned false, unless a newer generation has spoken.
    fn would_not_open(&self, generation: u32) {
        let mark = u64::from(generation) + 1;
        let relaxed = Ordering::Relaxed;
        let _ = self.would_open.compare_exchange(mark, 0, relaxed, relaxed);
    }

    #[cold]
    fn settle_trial(&self, ticket: &Ticket, settlement: Settlement) -> Settled {
        self.locked(|locked| locked.settle_trial(ticket, settlement))
    }

    /// R11: a permit was dropped unsettled.
    #[cold]
    pub(crate) fn settle_dropped(&self, ticket: &Ticket) {
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
        if self.settle(ticket, Settlement::new(outcome)) != Settled::Uncounted {
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

impl Judged {
    fn evidence(self, class: Option<FailureClass>) -> Evidence {
        let WindowStats {
            calls,
            failures,
            slow,
        } = self.stats;
        let consecutive_failures = self.run;
        Evidence {
            calls,
            failures,
            slow,
            consecutive_failures,
            class,
            ..Evidence::default()
        }
    }
}

impl Locked<'_> {
    /// Whether a verdict still stands: its generation lives, and settings that changed meanwhile
    /// agree.
    fn stands(&self, judged: Judged, cause: Cause) -> Option<Cause> {
        let plan = self.breaker.plans.current();
        if self.word().generation() != judged.generation {
            return None;
        }
        if plan.version == judged.version {
            return Some(cause);
        }
        policy::verdict(&plan.settings, judged.run, &judged.stats)
    }

    fn settle_trial(&mut self, ticket: &Ticket, settlement: Settlement) -> Settled {
        let word = self.word();
        if word.hold() == Some(HoldKind::Disabled) {
            return Settled::Uncounted;
        }
        let TicketKind::Trial(number) = ticket.kind else {
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
        self.breaker.ledger.recorded(settlement.outcome, slow);
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
