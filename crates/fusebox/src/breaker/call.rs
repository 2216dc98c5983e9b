//! Calls through the breaker in one line.

use super::CircuitBreaker;
use crate::classifier::{Classifier, EveryError};
use crate::fallback::Fallback;
use crate::permit::Permit;
use crate::rejection::CallError;
use std::future::Future;

impl CircuitBreaker {
    /// Makes a call if the breaker admits it: `Ok` is a success, `Err` a failure, a panic a
    /// failure that goes on unwinding.
    ///
    /// ```
    /// use fusebox::{CallError, CircuitBreaker};
    /// let breaker = CircuitBreaker::builder("cards").consecutive_failures(1).build()?;
    /// let failed: Result<(), _> = breaker.call(|| Err("no route"));
    /// assert_eq!(failed, Err(CallError::Failed("no route")));
    /// assert!(matches!(breaker.call(|| Ok::<_, &str>(1)), Err(CallError::Rejected(_))));
    /// # Ok::<(), fusebox::SettingsError>(())
    /// ```
    ///
    /// # Errors
    /// The rejection, or the call's own error.
    pub fn call<T, E>(&self, call: impl FnOnce() -> Result<T, E>) -> Result<T, CallError<E>> {
        self.call_with(&EveryError, call)
    }

    /// The same, where a classifier says what counts as a failure. It changes what is recorded,
    /// never what is returned.
    ///
    /// # Errors
    /// The rejection, or the call's own error.
    pub fn call_with<T, E>(
        &self,
        classifier: &(impl Classifier<T, E> + ?Sized),
        call: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, CallError<E>> {
        let permit = self.acquire()?;
        settled(permit, classifier, call())
    }

    /// [`call`](Self::call) for a future. It asks for admission when first polled.
    ///
    /// # Errors
    /// The rejection, or the call's own error.
    ///
    /// # Cancel safety
    /// A dropped call gives its place back at once. It counts as ignored, or, after
    /// `abandoned_after`, as a failure (R11).
    pub async fn call_async<T, E>(
        &self,
        call: impl Future<Output = Result<T, E>>,
    ) -> Result<T, CallError<E>> {
        // Not through `call_async_with`: a future within a future holds `call` twice.
        let permit = self.acquire()?;
        let result = call.await;
        settled(permit, &EveryError, result)
    }

    /// [`call_with`](Self::call_with) for a future. It asks for admission when first polled.
    ///
    /// # Errors
    /// The rejection, or the call's own error.
    ///
    /// # Cancel safety
    /// A dropped call gives its place back at once. It counts as ignored, or, after
    /// `abandoned_after`, as a failure (R11); the classifier is not asked.
    pub async fn call_async_with<T, E>(
        &self,
        classifier: &(impl Classifier<T, E> + ?Sized),
        call: impl Future<Output = Result<T, E>>,
    ) -> Result<T, CallError<E>> {
        let permit = self.acquire()?;
        let result = call.await;
        settled(permit, classifier, result)
    }

    /// [`call`](Self::call) with an answer in place of a rejection or a failure. An answer is
    /// counted by its kind ([`fell_back`](Self::fell_back)), and the failure stays a failure.
    ///
    /// ```
    /// use fusebox::{CircuitBreaker, FixedAnswer};
    /// let breaker = CircuitBreaker::builder("rag").consecutive_failures(1).build()?;
    /// let empty = FixedAnswer(Vec::<String>::new());
    /// for _ in 0..2 {
    ///     let context = breaker.call_or(&empty, || Err("no route"));
    ///     assert_eq!(context, Ok(Vec::new()));
    /// }
    /// breaker.set_fallback_enabled(false);
    /// assert!(breaker.call_or(&empty, || Err("no route")).is_err());
    /// # Ok::<(), fusebox::SettingsError>(())
    /// ```
    ///
    /// # Errors
    /// The rejection, or the call's own error, where the fallback has no answer to it or is
    /// switched off.
    pub fn call_or<T, E>(
        &self,
        fallback: &(impl Fallback<T, E> + ?Sized),
        call: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, CallError<E>> {
        self.or_fallback(fallback, self.call(call))
    }

    /// [`call_or`](Self::call_or) for a future. It asks for admission when first polled.
    ///
    /// # Errors
    /// Those of [`call_or`](Self::call_or).
    ///
    /// # Cancel safety
    /// A dropped call gives its place back at once. It counts as ignored, or, after
    /// `abandoned_after`, as a failure (R11); the fallback is not asked. A time-out that is to
    /// end in the fallback belongs inside `call`, as an error of it.
    pub async fn call_async_or<T, E>(
        &self,
        fallback: &(impl Fallback<T, E> + ?Sized),
        call: impl Future<Output = Result<T, E>>,
    ) -> Result<T, CallError<E>> {
        let result = match self.acquire() {
            Ok(permit) => settled(permit, &EveryError, call.await),
            Err(rejection) => Err(rejection.into()),
        };
        self.or_fallback(fallback, result)
    }

    /// The second half of [`call_or`](Self::call_or), for results that come in another way: from
    /// [`call_with`](Self::call_with), from a permit, or from a time-out around the call. An
    /// `Ok` is told to the fallback and stays as it is.
    ///
    /// ```
    /// use fusebox::{only_errors, CallError, CircuitBreaker, FixedAnswer};
    /// let breaker = CircuitBreaker::builder("rag").build()?;
    /// let server = only_errors(|status: &u16| *status >= 500);
    /// let result = breaker.call_with(&server, || Err(404));
    /// assert_eq!(breaker.or_fallback(&FixedAnswer("nothing"), result), Ok("nothing"));
    /// # Ok::<(), fusebox::SettingsError>(())
    /// ```
    ///
    /// # Errors
    /// Those of `result`, where the fallback has no answer to them or is switched off.
    pub fn or_fallback<T, E>(
        &self,
        fallback: &(impl Fallback<T, E> + ?Sized),
        result: Result<T, CallError<E>>,
    ) -> Result<T, CallError<E>> {
        let error = match result {
            Ok(value) => {
                // Also while it is switched off: it knows then what to say when it is on again.
                fallback.remember(&value);
                return Ok(value);
            }
            Err(error) => error,
        };
        let answer = if self.fallback_enabled() {
            fallback.answer(&error)
        } else {
            None
        };
        let Some(answer) = answer else {
            return Err(error);
        };
        self.fell_back(fallback.kind());
        Ok(answer)
    }
}

#[inline(always)]
fn settled<T, E>(
    permit: Permit<'_>,
    classifier: &(impl Classifier<T, E> + ?Sized),
    result: Result<T, E>,
) -> Result<T, CallError<E>> {
    permit.settle_result(classifier, &result);
    result.map_err(CallError::Failed)
}
