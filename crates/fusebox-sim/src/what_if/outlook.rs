//! What would have been.

use crate::openings::Openings;
use fusebox::{Outcome, State};
use std::time::Duration;

/// What a circuit would have done with a [`Record`](super::Record).
///
/// Where it says that a call was let through that really was rejected, nothing is known of how
/// that call would have ended: it counts as ignored.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outlook {
    /// The openings, by hand too.
    pub openings: Openings,
    /// Recorded calls that were asked for.
    pub calls: u64,
    /// Of these, rejected.
    pub calls_rejected: u64,
    /// Of the rejected ones, those that had failed.
    pub failures_avoided: u64,
    /// Of the rejected ones, those that had succeeded.
    pub successes_lost: u64,
    /// Recorded calls that were let through and came late (R12).
    pub late: u64,
    /// Calls that the real circuit rejected.
    pub rejections: u64,
    /// Of these, let through.
    pub let_through: u64,
    /// Time spent open.
    pub time_open: Duration,
    /// The state at the end; `None` before a run.
    pub ended: Option<State>,
}

impl Outlook {
    /// A call was rejected that had ended so.
    pub(crate) const fn lose(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Failure(_) => self.failures_avoided += 1,
            Outcome::Success => self.successes_lost += 1,
            Outcome::Ignored => {}
        }
    }

    /// Calls that were rejected, of all that were asked for.
    pub const fn rejected(&self) -> u64 {
        self.calls_rejected + (self.rejections - self.let_through)
    }
}
