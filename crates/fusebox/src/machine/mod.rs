//! What a breaker knows besides its word: deadlines, trials, the wait, holds. Under the
//! circuit's lock; the state itself is in the word alone.

pub(crate) mod backoff;
pub(crate) mod trials;

use crate::clock::Tick;
use crate::event::{Cause, Hold};
use crate::snapshot::{TransitionCount, TrialTotals, Why};
use crate::word::State;
use backoff::Backoff;
use std::time::Duration;
use trials::Trials;

#[derive(Debug)]
pub(crate) struct Machine {
    pub(crate) hold: Option<Hold>,
    /// The hold of a registry's switch, while another one is set over it.
    pub(crate) under: Option<Hold>,
    /// When the open period ends; `None`: by hand only. Of use only while open.
    pub(crate) open_until: Option<Tick>,
    pub(crate) trials: Trials,
    /// Failures in a row that ended the closed state, and of trials since; 0 while closed.
    pub(crate) failures_in_row: u32,
    pub(crate) backoff: Backoff,
    /// When the present state began.
    pub(crate) since: Tick,
    /// Time spent open counts from here on: what a store restored belongs to another life.
    pub(crate) counted_from: Tick,
    /// The latest instant that anything was dated to: no later event is dated before it.
    pub(crate) latest: Tick,
    pub(crate) why: Option<Why>,
    pub(crate) transitions: u64,
    pub(crate) transition_counts: Vec<TransitionCount>,
    pub(crate) trial_totals: TrialTotals,
    /// Time spent open in periods that are over.
    pub(crate) open_time: Duration,
}

impl Machine {
    pub(crate) fn new(now: Tick, seed: u64) -> Self {
        Self {
            hold: None,
            under: None,
            open_until: None,
            trials: Trials::default(),
            failures_in_row: 0,
            backoff: Backoff::new(seed),
            since: now,
            counted_from: now,
            latest: now,
            why: None,
            transitions: 0,
            transition_counts: Vec::new(),
            trial_totals: TrialTotals::default(),
            open_time: Duration::ZERO,
        }
    }

    /// Counts a transition; the kinds are few, so that a short list serves.
    pub(crate) fn count(&mut self, from: State, to: State, cause: Cause) {
        self.transitions += 1;
        let same = |c: &&mut TransitionCount| (c.from, c.to, c.cause) == (from, to, cause);
        match self.transition_counts.iter_mut().find(same) {
            Some(found) => found.count += 1,
            None => self.transition_counts.push(TransitionCount {
                from,
                to,
                cause,
                count: 1,
            }),
        }
    }
}
