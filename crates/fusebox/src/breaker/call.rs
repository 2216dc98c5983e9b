//! Calls through the breaker in one line.

use super::CircuitBreaker;
use crate::outcome::FailureClass;
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
        let permit = self.acquire()?;
        settled(permit, call())
    }

    /// The same for a future. It asks for admission when first polled.
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
        let permit = self.acquire()?;
        let result = call.await;
        settled(permit, result)
    }
}

fn settled<T, E>(permit: Permit<'_>, result: Result<T, E>) -> Result<T, CallError<E>> {
    match result {
        Ok(value) => {
            permit.success();
            Ok(value)
        }
        Err(error) => {
            permit.failure(FailureClass::Other);
            Err(CallError::Failed(error))
        }
    }
}
