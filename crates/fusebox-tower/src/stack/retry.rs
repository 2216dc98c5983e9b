//! When a call is tried again.

use crate::retry_after::retry_after;
use http::{HeaderMap, Request};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tower::retry::backoff::{Backoff, ExponentialBackoff, ExponentialBackoffMaker, MakeBackoff};
use tower::retry::budget::{Budget, TpsBudget};

const ATTEMPTS: u32 = 3;
const WAIT: Duration = Duration::from_millis(50);
const WAIT_MAX: Duration = Duration::from_secs(5);

/// Says which requests may be repeated, and makes the copies.
pub trait Repeat<R> {
    /// A copy for one more attempt; `None`: this request must not be sent twice, or cannot be.
    fn copy(&self, request: &R) -> Option<R>;
}

/// Repeats requests whose method is idempotent (RFC 9110, section 9.2.2: GET, HEAD, OPTIONS,
/// TRACE, PUT, DELETE) and whose body can be cloned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Idempotent;

impl<B: Clone> Repeat<Request<B>> for Idempotent {
    fn copy(&self, request: &Request<B>) -> Option<Request<B>> {
        request.method().is_idempotent().then(|| request.clone())
    }
}

/// Repeats nothing; what a stack without [`retry`](crate::stack::Stack::retry) does. Takes any
/// request, also one whose body cannot be cloned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Never;

impl<R> Repeat<R> for Never {
    fn copy(&self, _: &R) -> Option<R> {
        None
    }
}

/// Repeats what a closure makes a copy of; see [`Retry::requests`].
#[derive(Clone, Copy)]
pub struct RepeatFn<F>(F);

impl<R, F: Fn(&R) -> Option<R>> Repeat<R> for RepeatFn<F> {
    fn copy(&self, request: &R) -> Option<R> {
        (self.0)(request)
    }
}

impl<F> fmt::Debug for RepeatFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RepeatFn").finish_non_exhaustive()
    }
}

/// How calls are tried again.
///
/// Tried again are an answer or an error that the classifier calls a failure, a time-out, and the
/// statuses 408 and 429, which ask for it; never a rejection, a refusal of the limit, or an answer
/// that a Fusebox breaker further on rejected.
///
/// | what | default |
/// |---|---|
/// | attempts of one call, the first included | 3 |
/// | wait before the second attempt, doubled before each further one | 50 ms, and up to as much again by chance |
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
        self.with(RepeatFn(copy))
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
            left: self.attempts,
            wait_max: self.wait_max,
            backoff: None,
        }
    }

    /// A copy for an attempt after the one that is about to begin, if there may be one.
    pub(super) fn copy<R>(&self, tries: &mut Tries, request: &R) -> Option<R>
    where
        N: Repeat<R>,
    {
        tries.left = tries.left.saturating_sub(1);
        (tries.left > 0)
            .then(|| self.repeat.copy(request))
            .flatten()
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
        if asked > tries.wait_max {
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
    left: u32,
    wait_max: Duration,
    backoff: Option<ExponentialBackoff>,
}
