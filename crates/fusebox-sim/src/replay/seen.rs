//! What is to be seen after a step: the circuit or one of its branches, and what the call beside
//! the expectation was told.

use fusebox::{Cause, Reason, Rejection, Snapshot};
use std::time::Duration;

/// What became of a `call` or `begin`.
pub(super) type Answer = Result<(), Rejection>;

/// One look at the world.
#[derive(Debug)]
pub(super) struct Seen {
    /// The circuit, or the branch that the expectation speaks of.
    pub(super) shown: Snapshot,
    /// Of the step beside; `None` where a branch is shown, which may not have been asked.
    pub(super) answer: Option<Answer>,
    /// The branch that rejected the call beside, if it was not the circuit.
    pub(super) rejected_by: Option<Snapshot>,
}

impl Seen {
    pub(super) fn rejection(&self) -> Option<Rejection> {
        self.answer.and_then(Result::err)
    }

    /// The time that was told, and how far the jitter can have moved it.
    pub(super) fn retry_after(&self) -> (Option<Duration>, Duration) {
        let (reason, told) = match self.rejection() {
            Some(rejection) => (Some(rejection.reason()), rejection.retry_after()),
            None => (self.shown.rejecting, self.shown.retry_after),
        };
        let reach = match reason {
            Some(Reason::Open) => reach(self.rejected_by.as_ref().unwrap_or(&self.shown)),
            _ => Duration::ZERO,
        };
        (told, reach)
    }
}

/// How far the jitter can have moved the end of the present opening: a file names the time
/// without it, so the time is exact only where the jitter is 0.
fn reach(seen: &Snapshot) -> Duration {
    let jitter = seen.settings.jitter().ratio();
    let drawn = seen.why.as_ref().filter(|why| by_itself(why.cause));
    let Some(drawn) = drawn.and_then(|why| why.evidence.open_for) else {
        return Duration::ZERO;
    };
    if jitter == 0.0 {
        return Duration::ZERO;
    }
    // drawn = wait * U with U >= 1 - jitter, so wait <= drawn / (1 - jitter).
    Duration::try_from_secs_f64(drawn.as_secs_f64() * jitter / (1.0 - jitter))
        .unwrap_or(Duration::MAX)
}

const fn by_itself(cause: Cause) -> bool {
    matches!(
        cause,
        Cause::ConsecutiveFailures
            | Cause::FailureRate
            | Cause::FailureCount
            | Cause::SlowCallRate
            | Cause::Policy(_)
            | Cause::TrialFailed
            | Cause::TrialTimedOut
    )
}
