//! Judgement: the policies are asked, and what they say is done (R2, R3, R15, R19).

use super::CircuitBreaker;
use super::locked::{Locked, Opening};
use crate::event::{Cause, EventKind, Evidence};
use crate::outcome::FailureClass;
use crate::plan::Plan;
use crate::policy::{self, Seen};
use crate::sync::Ordering;
use crate::window::WindowStats;
use crate::word::{HoldKind, Word};
use std::time::Duration;

/// What a verdict is made of, and by which settings.
#[derive(Clone, Copy)]
pub(super) struct Judged {
    pub(super) version: u32,
    pub(super) seen: Seen,
}

/// What else is known of the outcome that decides.
#[derive(Clone, Copy, Default)]
pub(super) struct Deciding {
    pub(super) class: Option<FailureClass>,
    pub(super) retry_after: Option<Duration>,
}

impl CircuitBreaker {
    /// Asks the policies, and does what they say. `false`: nothing speaks for opening, nor has to
    /// be watched.
    #[inline]
    pub(super) fn judge(&self, word: Word, plan: &Plan, seen: Seen, deciding: Deciding) -> bool {
        let observing = word.hold() == Some(HoldKind::Observe);
        let allowed = |cause| self.keys_allow(cause, &seen);
        let own = self.own_verdict(&seen, allowed);
        match policy::verdict(&plan.settings, &seen, allowed).or(own) {
            Some(cause) => {
                let version = plan.version;
                self.opens(word, Judged { version, seen }, cause, deciding);
                true
            }
            None if observing => {
                self.would_not_open(seen.generation);
                true
            }
            None => false,
        }
    }

    /// By what a judgement that is not repeated was made: the plan, and how keys were counted.
    #[inline]
    pub(super) fn judged_by(&self, plan: &Plan) -> u32 {
        // Versions of plans have 13 bits.
        let keys = self.branches.get().map(|b| b.keys.version());
        plan.version | keys.unwrap_or(0) << 13
    }

    /// Whether a keyed circuit may open for this: enough keys have to agree (R19).
    #[inline]
    pub(super) fn keys_allow(&self, cause: Cause, seen: &Seen) -> bool {
        let branches = self.branches_in_force();
        branches.is_none_or(|branches| branches.keys.are_enough(cause, seen))
    }

    /// Calls in flight that are slow already, where a policy asks for them.
    #[inline]
    pub(super) fn overdue_calls(&self, plan: &Plan, generation: u32) -> u64 {
        match plan.settings.slow_call {
            Some(_) => self.overdue.count(generation),
            None => 0,
        }
    }

    /// What the policies say that judge beside the settings.
    #[inline]
    fn own_verdict(&self, seen: &Seen, allowed: impl Fn(Cause) -> bool) -> Option<Cause> {
        let mut verdict = None;
        // All of them, also after one has spoken: they may remember what they are asked about.
        for policy in &self.policies {
            let opens = policy.opens(seen).then(|| Cause::Policy(policy.name()));
            verdict = verdict.or(opens.filter(|cause| allowed(*cause)));
        }
        verdict
    }

    /// A verdict was reached.
    #[cold]
    pub(super) fn opens(&self, word: Word, judged: Judged, cause: Cause, deciding: Deciding) {
        if word.hold() == Some(HoldKind::Observe) {
            self.would_open(judged, cause, deciding);
        } else {
            self.trip(judged, cause, deciding);
        }
    }

    /// Opens, unless the generation ended meanwhile.
    fn trip(&self, judged: Judged, cause: Cause, deciding: Deciding) {
        self.locked(|locked| {
            let Some(cause) = locked.stands(judged, cause) else {
                return;
            };
            let evidence = judged.evidence(cause, deciding.class);
            let opening = Opening::Automatic(deciding.retry_after);
            locked.open(locked.now, cause, evidence, opening);
        });
    }

    /// Under `Observe`: reports when the verdict turns true.
    fn would_open(&self, judged: Judged, cause: Cause, deciding: Deciding) {
        let mark = u64::from(judged.seen.generation) + 1;
        // Relaxed, here and below: the mark says all there is to know.
        if self.would_open.load(Ordering::Relaxed) == mark {
            return;
        }
        self.locked(|locked| {
            let Some(cause) = locked.stands(judged, cause) else {
                return;
            };
            if self.would_open.swap(mark, Ordering::Relaxed) != mark {
                let evidence = judged.evidence(cause, deciding.class);
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
}

impl Judged {
    fn evidence(self, cause: Cause, class: Option<FailureClass>) -> Evidence {
        let WindowStats {
            calls,
            failures,
            slow,
        } = self.seen.window;
        let overdue = match cause {
            Cause::SlowCallRate => self.seen.overdue,
            _ => 0,
        };
        Evidence {
            calls: calls + overdue,
            failures,
            slow: slow + overdue,
            consecutive_failures: self.seen.run,
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
        if self.word().generation() != judged.seen.generation {
            return None;
        }
        if plan.version == judged.version || matches!(cause, Cause::Policy(_)) {
            return Some(cause);
        }
        policy::verdict(&plan.settings, &judged.seen, |cause| {
            self.breaker.keys_allow(cause, &judged.seen)
        })
    }
}
