//! What the breaker lets pass, as far as it can be known before asking it.

use std::time::Duration;

use fusebox::{CircuitBreaker, Reason, Rejection, State};

/// A half-open circuit's trial place becomes free without an event: so often is looked.
pub(super) const LOOK_AGAIN: Duration = Duration::from_millis(250);
/// How long a message waits for a branch that does not say when.
const BRANCH_WAIT: Duration = Duration::from_secs(5);
/// How long it waits for the trial of its branch: that ends at any time.
const BRANCH_TRIAL_WAIT: Duration = Duration::from_secs(1);
/// The breaker's clock may lag behind by some milliseconds: no wait is shorter.
pub(super) const WAIT_MIN: Duration = Duration::from_millis(5);

/// How the breaker stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gate {
    /// Calls pass.
    Open,
    /// Only trials pass, and there is room for one.
    Trial,
    /// Nothing passes.
    Shut {
        reason: Reason,
        retry_after: Option<Duration>,
        /// When to look again by oneself, whatever events come.
        look_in: Option<Duration>,
    },
}

impl Gate {
    pub(super) fn of(breaker: &CircuitBreaker) -> Self {
        let seen = breaker.snapshot();
        match seen.rejecting {
            // Some calls pass: it has to be asked.
            Some(Reason::Ramp) => Self::Open,
            Some(reason) => {
                let left = seen.retry_after.map(|left| left.max(WAIT_MIN));
                let look_in = match reason {
                    Reason::HalfOpen => Some(left.unwrap_or(LOOK_AGAIN).min(LOOK_AGAIN)),
                    _ => left,
                };
                Self::Shut {
                    reason,
                    retry_after: seen.retry_after,
                    look_in,
                }
            }
            None if seen.effective_state() == State::HalfOpen => Self::Trial,
            None => Self::Open,
        }
    }
}

/// Whose rejection it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rejected {
    /// The circuit's: nothing passes.
    Circuit,
    /// The branch's: the message's key has to wait so long.
    Branch(Duration),
}

impl Rejected {
    /// A branch can only have rejected a call that has a key and that the circuit lets pass.
    pub(super) fn by(breaker: &CircuitBreaker, rejection: Rejection, key: Option<&str>) -> Self {
        let is_branch = key.is_some_and(|key| {
            let rejects = breaker.branch(key).and_then(|branch| branch.rejecting);
            rejects.is_some() && !matches!(Gate::of(breaker), Gate::Shut { .. })
        });
        if !is_branch {
            return Self::Circuit;
        }
        let wait = rejection.retry_after().unwrap_or(BRANCH_WAIT);
        let most = match rejection.reason() {
            Reason::HalfOpen => BRANCH_TRIAL_WAIT,
            _ => Duration::MAX,
        };
        Self::Branch(wait.clamp(WAIT_MIN, most))
    }
}
