//! Saving a breaker for a store, and putting a new one where a saved one was.

use super::{CircuitBreaker, Locked};
use crate::event::{Cause, EventKind, Hold};
use crate::saved::{Saved, SavedHold, SavedWhy, ago};
use crate::settings::Recovery;
use crate::snapshot::Why;
use crate::word::State;
use std::time::Duration;

impl CircuitBreaker {
    /// What a store keeps of this breaker, at this instant.
    pub fn save(&self) -> Saved {
        self.locked(|locked| locked.save())
    }

    /// Puts a new breaker where a saved one was. What time has passed in between the caller knows:
    /// [`Saved::after`]. Restored time is at most `open_for_max`; what is then due happens as
    /// ever: an open period that is over is half-open, a hold that is over has ended.
    ///
    /// `false`: this breaker has a history of its own already (a transition, a hold, a reset), and
    /// nothing changed. Outcomes recorded before are forgotten, as by a transition. Told as
    /// [`EventKind::Restored`].
    ///
    /// ```
    /// use fusebox::{Author, CircuitBreaker, State};
    /// use std::time::Duration;
    ///
    /// let before = CircuitBreaker::builder("rag").open_for(Duration::from_secs(60)).build()?;
    /// before.transition(State::Open, &Author::new("ada")).unwrap();
    /// let saved = before.save();
    ///
    /// // The process is down for 20 s.
    /// let after = CircuitBreaker::builder("rag").open_for(Duration::from_secs(60)).build()?;
    /// assert!(after.restore(&saved.after(Duration::from_secs(20))));
    /// assert_eq!(after.state(), State::Open);
    /// assert!(after.snapshot().retry_after.unwrap() <= Duration::from_secs(40));
    /// # Ok::<(), fusebox::SettingsError>(())
    /// ```
    pub fn restore(&self, saved: &Saved) -> bool {
        self.locked(|locked| locked.restore(saved))
    }

    /// The branches that there is something to keep of: at most `max`, held and open ones first.
    pub fn save_branches(&self, max: usize) -> Vec<(String, Saved)> {
        let branches = self.whole_branches().into_iter();
        let saved = branches.map(|(key, branch)| (key, branch.save()));
        let mut saved: Vec<_> = saved.filter(|(_, saved)| !saved.is_at_rest()).collect();
        let dear = |saved: &Saved| (saved.hold.is_none(), saved.state == State::Closed);
        saved.sort_by(|(a_key, a), (b_key, b)| dear(a).cmp(&dear(b)).then(a_key.cmp(b_key)));
        saved.truncate(max);
        saved
    }

    /// [`restore`](Self::restore) for the branch of a key, also one that was never seen. `false`:
    /// the circuit is not keyed, there is no room, or the branch has a history of its own.
    pub fn restore_branch(&self, key: &str, saved: &Saved) -> bool {
        let restored = self.act(key, true, |branch| branch.restore(saved));
        restored.unwrap_or(false)
    }
}

impl Locked<'_> {
    fn save(&self) -> Saved {
        let (machine, now) = (&self.machine, self.now);
        let state = self.word().state();
        let state_age = now.saturating_since(machine.since);
        let closed_for = (state == State::Closed).then_some(state_age);
        let open_until = machine.open_until.filter(|_| state == State::Open);
        let hold = machine.hold.as_ref();
        Saved {
            state,
            state_age,
            open_left: open_until.map(|until| until.saturating_since(now)),
            openings: machine.backoff.openings(closed_for),
            last_wait: machine.backoff.last_wait(),
            failures_in_row: self.word().run() + machine.failures_in_row,
            hold: hold
                .filter(|hold| !super::control::is_switch(hold))
                .map(|hold| SavedHold {
                    kind: hold.kind,
                    reason: hold.reason.clone(),
                    author: hold.author.clone(),
                    age: now.saturating_since(hold.since),
                    left: hold.until.map(|until| until.saturating_since(now)),
                }),
            why: machine.why.as_ref().map(|why| SavedWhy {
                cause: why.cause.as_str().to_owned(),
                evidence: why.evidence.clone(),
                age: now.saturating_since(why.at),
            }),
        }
    }

    fn restore(&mut self, saved: &Saved) -> bool {
        if self.has_history() {
            return false;
        }
        let now = self.now;
        self.machine
            .backoff
            .restore(saved.openings, saved.last_wait);
        self.machine.since = ago(now, saved.state_age);
        self.machine.counted_from = now;
        self.machine.why = saved.why.as_ref().and_then(|why| {
            Some(Why {
                cause: Cause::from_word(&why.cause)?,
                evidence: why.evidence.clone(),
                at: ago(now, why.age),
            })
        });
        if saved.is_at_rest() {
            return true;
        }
        self.machine.hold = saved.hold.as_ref().map(|hold| Hold {
            kind: hold.kind,
            reason: hold.reason.clone(),
            author: hold.author.clone(),
            since: ago(now, hold.age),
            until: hold.left.map(|left| now.saturating_add(left)),
        });
        if saved.state != State::Closed {
            self.machine.failures_in_row = saved.failures_in_row;
        }
        self.machine.open_until = self.wait_left(saved).map(|wait| now.saturating_add(wait));
        self.begin(saved.state, now);
        let state = saved.state;
        self.tell(now, EventKind::Restored { state });
        self.settle_due();
        true
    }

    /// What is left of an open period under the settings of today.
    fn wait_left(&self, saved: &Saved) -> Option<Duration> {
        let settings = self.settings();
        match settings.recovery {
            Recovery::Manual => None,
            Recovery::Automatic => {
                let left = saved.open_left.unwrap_or(settings.open_for);
                Some(left.min(settings.open_for_max))
            }
        }
    }

    fn has_history(&self) -> bool {
        self.word().generation() != 1 || self.machine.transitions > 0 || self.machine.hold.is_some()
    }
}
