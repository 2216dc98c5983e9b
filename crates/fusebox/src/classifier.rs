//! What counts as a failure, where `Err` alone does not say it.
//!
//! A classifier changes what the breaker records, never what the caller gets back.

use crate::outcome::{FailureClass, Outcome, Settled, Settlement};
use crate::permit::{Handle, PermitOf};

/// Turns the result of a call into what the breaker records of it.
///
/// [`EveryError`] is the default, [`only_errors`] names the errors that count, and a closure
/// decides everything else. Its type has to be written, since a closure behind a trait is not
/// told its argument:
///
/// ```
/// use fusebox::{CircuitBreaker, FailureClass, Outcome, Settlement};
/// use std::time::Duration;
///
/// struct Answer { status: u16 }
/// let by_status = |result: Result<&Answer, &std::io::Error>| match result {
///     Ok(Answer { status: 503 }) => Settlement::new(Outcome::Failure(FailureClass::Status))
///         .retry_after(Duration::from_secs(20)),
///     Ok(_) => Outcome::Success.into(),
///     Err(_) => Outcome::Failure(FailureClass::Connect).into(),
/// };
/// let breaker = CircuitBreaker::builder("ai").consecutive_failures(1).build()?;
/// let answer = breaker.call_with(&by_status, || Ok(Answer { status: 503 }));
/// assert_eq!(answer.map(|answer| answer.status).ok(), Some(503));
/// assert!(breaker.acquire().is_err());
/// # Ok::<(), fusebox::SettingsError>(())
/// ```
///
/// It runs on the caller's thread, outside every lock, while the permit is held: if it panics,
/// the call counts as a failure (R11).
pub trait Classifier<T, E> {
    /// The outcome, with a `Retry-After` or a duration where the result tells one.
    fn classify(&self, result: Result<&T, &E>) -> Settlement;

    /// Whether a [`Failover`](crate::Failover) tries the next circuit after this result, which was
    /// classified so. By itself it does after every failure, and only then. Say no after a failure
    /// whose call may have arrived and must not be made twice; say yes to what counts for nobody
    /// and may go well elsewhere.
    fn goes_on(&self, result: Result<&T, &E>, outcome: Outcome) -> bool {
        let _ = result;
        matches!(outcome, Outcome::Failure(_))
    }
}

/// Every `Ok` is a success, every `Err` a failure of the class `other`. What
/// [`call`](crate::CircuitBreaker::call) uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EveryError;

impl<T, E> Classifier<T, E> for EveryError {
    #[inline]
    fn classify(&self, result: Result<&T, &E>) -> Settlement {
        Settlement::new(match result {
            Ok(_) => Outcome::Success,
            Err(_) => Outcome::Failure(FailureClass::Other),
        })
    }
}

/// Only some errors are failures of the dependency. Made by [`only_errors`].
#[derive(Clone, Copy, Debug)]
pub struct OnlyErrors<F> {
    counts: F,
}

/// Only the errors for which `counts` is true are failures; the others are ignored: they enter
/// no window and no run, and as a trial they only give their place back.
///
/// ```
/// use fusebox::{only_errors, CircuitBreaker};
/// use std::io::{Error, ErrorKind};
///
/// let broken = only_errors(|error: &Error| error.kind() != ErrorKind::NotFound);
/// let breaker = CircuitBreaker::builder("files").consecutive_failures(1).build()?;
/// let missing = breaker.call_with(&broken, || Err::<(), _>(ErrorKind::NotFound.into()));
/// assert!(missing.is_err());
/// assert!(breaker.acquire().is_ok());
/// # Ok::<(), fusebox::SettingsError>(())
/// ```
pub const fn only_errors<E, F: Fn(&E) -> bool>(counts: F) -> OnlyErrors<F> {
    OnlyErrors { counts }
}

impl<T, E, F: Fn(&E) -> bool> Classifier<T, E> for OnlyErrors<F> {
    fn classify(&self, result: Result<&T, &E>) -> Settlement {
        match result {
            Err(error) if !(self.counts)(error) => Settlement::new(Outcome::Ignored),
            _ => EveryError.classify(result),
        }
    }
}

impl<T, E, F, S> Classifier<T, E> for F
where
    F: Fn(Result<&T, &E>) -> S,
    S: Into<Settlement>,
{
    fn classify(&self, result: Result<&T, &E>) -> Settlement {
        self(result).into()
    }
}

impl From<Outcome> for Settlement {
    fn from(outcome: Outcome) -> Self {
        Self::new(outcome)
    }
}

impl<B: Handle> PermitOf<B> {
    /// Settles with what the classifier says of the result, which stays the caller's. Says
    /// whether it was recorded or came late.
    ///
    /// ```
    /// use fusebox::{CircuitBreaker, EveryError, Settled};
    /// let breaker = CircuitBreaker::builder("rag").build()?;
    /// let permit = breaker.acquire().expect("a new circuit is closed");
    /// let result: Result<u32, String> = Ok(1);
    /// assert_eq!(permit.settle_result(&EveryError, &result), Settled::Recorded);
    /// # Ok::<(), fusebox::SettingsError>(())
    /// ```
    // A permit whose address is given away has to be in memory: it would be written in small pieces
    // and read in large ones.
    #[inline(always)]
    pub fn settle_result<T, E>(
        self,
        classifier: &(impl Classifier<T, E> + ?Sized),
        result: &Result<T, E>,
    ) -> Settled {
        let settlement = classifier.classify(result.as_ref());
        self.settle(settlement)
    }
}
