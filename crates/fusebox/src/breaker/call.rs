//! Calls through the breaker in one line.

use super::CircuitBreaker;
use crate::classifier::{Classifier, EveryError};
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
}

#[inline]
fn settled<T, E>(
    permit: Permit<'_>,
    classifier: &(impl Classifier<T, E> + ?Sized),
    result: Result<T, E>,
) -> Result<T, CallError<E>> {
    permit.settle_result(classifier, &result);
    result.map_err(CallError::Failed)
}
