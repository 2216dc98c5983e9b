//! What a store keeps of a breaker, so that it is where it was after a restart.

use crate::clock::{Tick, nanos};
use crate::event::{Author, Cause, Evidence};
use crate::word::{HoldKind, State};
use std::time::Duration;

/// A breaker's state without a clock: every time is relative to the instant of
/// [`save`](crate::CircuitBreaker::save). Windows, the run of a closed machine and calls in flight
/// do not come back: they belong to one generation, and
/// [`restore`](crate::CircuitBreaker::restore) begins another.
#[derive(Clone, Debug, PartialEq)]
pub struct Saved {
    /// The state of the machine, also under a hold.
    pub state: State,
    /// How long the state had lasted.
    pub state_age: Duration,
    /// What was left of the open period; `None` where it ends by hand only, and in other states.
    pub open_left: Option<Duration>,
    /// k of R13: automatic openings since the circuit last stayed closed for long enough.
    pub openings: u32,
    /// How long the last automatic opening was to last.
    pub last_wait: Duration,
    /// Failures in a row as people count them: `failures_in_row` of a
    /// [`Snapshot`](crate::Snapshot). A machine that is restored as closed begins at none.
    pub failures_in_row: u32,
    /// The hold in force; that of a registry's switch is not kept, the registry sets it anew.
    pub hold: Option<SavedHold>,
    /// What led to the state.
    pub why: Option<SavedWhy>,
}

/// A hold of a [`Saved`] breaker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedHold {
    /// What it does.
    pub kind: HoldKind,
    /// Why it was set.
    pub reason: String,
    /// Who set it.
    pub author: Author,
    /// How long it had been set.
    pub age: Duration,
    /// What was left of it; `None`: until it is released.
    pub left: Option<Duration>,
}

/// What led to the state of a [`Saved`] breaker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedWhy {
    /// The cause as a word; one that [`Cause::from_word`] does not know (that of a user's policy)
    /// is not restored.
    pub cause: String,
    /// The numbers that decided.
    pub evidence: Evidence,
    /// How long ago.
    pub age: Duration,
}

impl Saved {
    /// The same after `elapsed` more: ages grow, and what is left shrinks, to nothing at the least.
    #[must_use]
    pub fn after(mut self, elapsed: Duration) -> Self {
        self.state_age = self
            .state_age
            .saturating_add(elapsed.min(self.state_left()));
        self.open_left = self.open_left.map(|left| left.saturating_sub(elapsed));
        if let Some(hold) = &mut self.hold {
            hold.age = hold.age.saturating_add(elapsed);
            hold.left = hold.left.map(|left| left.saturating_sub(elapsed));
        }
        if let Some(why) = &mut self.why {
            why.age = why.age.saturating_add(elapsed);
        }
        self
    }

    /// How long a closed machine under a forced-open hold can still have been closed: the hold's
    /// end makes it half-open, and what came after was no time without failures.
    fn state_left(&self) -> Duration {
        let hold = self.hold.as_ref();
        hold.filter(|hold| hold.kind == HoldKind::ForcedOpen && self.state == State::Closed)
            .and_then(|hold| hold.left)
            .unwrap_or(Duration::MAX)
    }

    /// Whether there is nothing to keep: closed, no hold, and the next opening is a first one.
    pub fn is_at_rest(&self) -> bool {
        self.state == State::Closed && self.hold.is_none() && self.openings == 0
    }
}

impl Cause {
    /// The cause that [`as_str`](Self::as_str) names so; `None` for that of a user's policy, and
    /// for a word that is none.
    pub fn from_word(word: &str) -> Option<Self> {
        const ALL: [Cause; 12] = [
            Cause::ConsecutiveFailures,
            Cause::FailureRate,
            Cause::FailureCount,
            Cause::SlowCallRate,
            Cause::TrialFailed,
            Cause::TrialTimedOut,
            Cause::TrialsSucceeded,
            Cause::OpenTimeOver,
            Cause::Hand,
            Cause::Reset,
            Cause::HoldSet,
            Cause::HoldEnded,
        ];
        ALL.into_iter().find(|cause| cause.as_str() == word)
    }
}

/// The instant `age` before `now`, or the clock's origin if it is not that old.
pub(crate) fn ago(now: Tick, age: Duration) -> Tick {
    Tick::from_nanos(now.as_nanos().saturating_sub(nanos(age)))
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_closed_machine_is_not_closed_beyond_the_end_of_a_forced_open_hold() {
        let hold = SavedHold {
            kind: HoldKind::ForcedOpen,
            reason: String::new(),
            author: Author::system(),
            age: Duration::ZERO,
            left: Some(Duration::from_secs(20)),
        };
        let saved = Saved {
            state: State::Closed,
            state_age: Duration::ZERO,
            open_left: None,
            openings: 3,
            last_wait: Duration::from_secs(40),
            failures_in_row: 0,
            hold: Some(hold),
            why: None,
        };
        let after = saved.after(Duration::from_secs(40));
        assert_eq!(after.state_age, Duration::from_secs(20));
        assert_eq!(after.hold.and_then(|hold| hold.left), Some(Duration::ZERO));
    }

    #[test]
    fn every_cause_of_the_core_is_found_by_its_word() {
        for cause in [Cause::FailureRate, Cause::TrialTimedOut, Cause::HoldEnded] {
            assert_eq!(Cause::from_word(cause.as_str()), Some(cause));
        }
        assert_eq!(Cause::from_word("my_policy"), None);
    }
}
