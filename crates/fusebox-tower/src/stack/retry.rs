//! How often a call is tried again, when, and who pays.

use super::repeat::{Bodiless, Idempotent, Never, Repeat, RepeatFn};
use crate::retry_after::retry_after;
use http::HeaderMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tower::retry::budget::{Budget, TpsBudget};
use tower::util::rng::{HasherRng, Rng};

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
/// | longest wait | 5 s; waits that come near are drawn between its half and the whole |
/// | `Retry-After` | waited out, and up to a tenth more; beyond the longest wait it ends the call |
/// | budget | tower's: 100 retries in 10 s, also at once, and one for every 5 good calls |
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
    /// raised to it; both are at least 1 ms. A first wait of more than half the longest one is
    /// drawn between that half and the whole, since waits without chance make callers return in
    /// step.
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
        let now = Instant::now();
        let least = now.checked_add(asked)?;
        if deadline.is_some_and(|deadline| least >= deadline) {
            return None;
        }
        // Those who were told the same would come back at the same instant.
        let told = least.checked_add(chance(asked / 10))?;
        // The spread is ours, so it gives way to the deadline.
        let told = deadline.map_or(told, |deadline| told.min(last_before(deadline)).max(least));
        let then = told.max(now.checked_add(self.drawn(tries.made))?);
        deadline
            .is_none_or(|deadline| then < deadline)
            .then_some(then)
    }

    /// The wait after so many attempts: the doubled one and up to as much again by chance. Near the
    /// longest wait it is drawn from the upper half of that, so that it stays a matter of chance.
    fn drawn(&self, made: u32) -> Duration {
        let doubled = 2_u32.saturating_pow(made.saturating_sub(1));
        let least = self.wait.saturating_mul(doubled).min(self.wait_max / 2);
        let most = least.saturating_mul(2).min(self.wait_max);
        least.saturating_add(chance(most.saturating_sub(least)))
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

/// Anything from nothing up to so much, every value as likely.
fn chance(most: Duration) -> Duration {
    most.mul_f64(HasherRng::default().next_f64())
}

/// The latest instant that a timer of milliseconds keeps within the deadline.
fn last_before(deadline: Instant) -> Instant {
    let millisecond = Duration::from_millis(1);
    deadline.checked_sub(millisecond).unwrap_or(deadline)
}

/// Where one call stands.
#[derive(Default)]
pub(super) struct Tries {
    made: u32,
}

impl Tries {
    pub(super) fn is_first(&self) -> bool {
        self.made == 0
    }
}
