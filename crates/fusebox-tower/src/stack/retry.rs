//! How often a call is tried again, when, and who pays.

use super::repeat::{Bodiless, Idempotent, Never, Repeat, RepeatFn};
use crate::retry_after::retry_after;
use http::HeaderMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tower::retry::backoff::{Backoff, ExponentialBackoff, ExponentialBackoffMaker, MakeBackoff};
use tower::retry::budget::{Budget, TpsBudget};

const ATTEMPTS: u32 = 3;
const WAIT: Duration = Duration::from_millis(50);
const WAIT_MAX: Duration = Duration::from_secs(5);

/// How calls are tried again.
///
/// Tried again are an answer or an error that the classifier calls a failure, a time-out, and the
/// statuses 408 and 429, which ask for it; never a rejection, a refusal of the limit, or an answer
/// that a Fusebox breaker further on rejected.
///
/// | what | default |
/// |---|---|
/// | attempts of one call, the first included | 3 |
/// | first wait, doubled before each further attempt | 50 ms, and up to as much again by chance |
/// | longest wait | 5 s; a `Retry-After` beyond it ends the call |
/// | budget | tower's: 10 retries a second, and one for every 5 calls that went well |
/// | which requests | [`Idempotent`] |
///
/// The budget is shared by all services that the stack's layer makes, and by clones of this.
#[derive(Clone)]
pub struct Retry<N = Idempotent> {
    repeat: N,
    attempts: u32,
    wait: Duration,
    wait_max: Duration,
    budget: Arc<dyn Budget + Send + Sync>,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            repeat: Idempotent,
            attempts: ATTEMPTS,
            wait: WAIT,
            wait_max: WAIT_MAX,
            budget: Arc::new(TpsBudget::default()),
        }
    }
}

impl Retry<Never> {
    /// What a stack has before it is told to retry.
    pub(super) fn never() -> Self {
        Self {
            attempts: 1,
            ..Retry::default().with(Never)
        }
    }
}

impl<N> Retry<N> {
    /// Attempts of one call, the first included. At least 1, which means no retry.
    #[must_use]
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts.max(1);
        self
    }

    /// The wait before the second attempt, and the longest wait. A longest one below the first is
    /// raised to it; both are at least 1 ms.
    #[must_use]
    pub fn backoff(mut self, wait: Duration, wait_max: Duration) -> Self {
        self.wait = wait.max(Duration::from_millis(1));
        self.wait_max = wait_max.max(self.wait);
        self
    }

    /// What retries are paid from: every call that goes well deposits, every retry withdraws. Share
    /// one among stacks that burden the same service.
    #[must_use]
    pub fn budget(mut self, budget: Arc<dyn Budget + Send + Sync>) -> Self {
        self.budget = budget;
        self
    }

    /// Which requests may be repeated, in place of idempotent ones: those that the closure makes a
    /// copy of. It decides and copies in one, since a body that cannot be copied cannot be sent
    /// again, whatever its method.
    ///
    /// ```
    /// use fusebox_tower::stack::Retry;
    /// use http::Request;
    ///
    /// let keyed = Retry::default().requests(|request: &Request<String>| {
    ///     let keyed = request.headers().contains_key("idempotency-key");
    ///     keyed.then(|| request.clone())
    /// });
    /// # let _ = keyed;
    /// ```
    #[must_use]
    pub fn requests<R, F>(self, copy: F) -> Retry<RepeatFn<F>>
    where
        F: Fn(&R) -> Option<R>,
    {
        self.with(RepeatFn::new(copy))
    }

    /// Repeats only requests without a body, whose bodies so need not be `Clone`; see [`Bodiless`].
    #[must_use]
    pub fn bodiless(self) -> Retry<Bodiless> {
        self.with(Bodiless)
    }

    fn with<M>(self, repeat: M) -> Retry<M> {
        Retry {
            repeat,
            attempts: self.attempts,
            wait: self.wait,
            wait_max: self.wait_max,
            budget: self.budget,
        }
    }

    /// The attempts of one call.
    pub(super) fn begin(&self) -> Tries {
        Tries {
            made: 0,
            backoff: None,
        }
    }

    /// Counts the attempt that is about to begin, and makes a copy for one after it, if there may
    /// be one.
    pub(super) fn copy<R>(&self, tries: &mut Tries, request: &R) -> Option<R>
    where
        N: Repeat<R>,
    {
        tries.made += 1;
        if tries.made >= self.attempts {
            return None;
        }
        self.repeat.copy(request)
    }

    /// When the next attempt begins; `None`: not at all, since the service asks for a longer wait
    /// than this one has, or the call's time is over by then.
    pub(super) fn next_at(
        &self,
        tries: &mut Tries,
        asked: Option<&HeaderMap>,
        deadline: Option<Instant>,
    ) -> Option<Instant> {
        let asked = asked.and_then(retry_after).unwrap_or(Duration::ZERO);
        if asked > self.wait_max {
            return None;
        }
        if tries.backoff.is_none() {
            tries.backoff = self.make_backoff();
        }
        let drawn = tries.backoff.as_mut()?.next_backoff().deadline();
        let then = drawn.max(Instant::now() + asked);
        deadline
            .is_none_or(|deadline| then < deadline)
            .then_some(then)
    }

    /// None is what tower refuses: it cannot, the two waits are in order.
    fn make_backoff(&self) -> Option<ExponentialBackoff> {
        let rng = tower::util::rng::HasherRng::default();
        let made = ExponentialBackoffMaker::new(self.wait, self.wait_max, 1.0, rng);
        made.ok().map(|mut maker| maker.make_backoff())
    }

    pub(super) fn went_well(&self) {
        self.budget.deposit();
    }

    /// Pays for one retry; `false`: the budget is used up.
    pub(super) fn pay(&self) -> bool {
        self.budget.withdraw()
    }
}

impl<N> fmt::Debug for Retry<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retry")
            .field("attempts", &self.attempts)
            .field("wait", &self.wait)
            .field("wait_max", &self.wait_max)
            .finish_non_exhaustive()
    }
}

/// Where one call stands.
pub(super) struct Tries {
    made: u32,
    backoff: Option<ExponentialBackoff>,
}

impl Tries {
    pub(super) fn is_first(&self) -> bool {
        self.made == 0
    }
}
