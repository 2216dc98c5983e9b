//! [`BreakerError`] as a response.

use super::Rejected;
use crate::error::BreakerError;
use axum::response::{IntoResponse, Response};
use fusebox::CallError;

/// A rejection is answered like [`Rejected`] of an unknown circuit, the inner error as it answers
/// itself.
impl<E: IntoResponse> IntoResponse for BreakerError<E> {
    fn into_response(self) -> Response {
        match self {
            Self::Rejected(rejection) => Rejected::from(rejection).into_response(),
            Self::Inner(error) => error.into_response(),
        }
    }
}

/// For handlers that call through a breaker's `call` or `call_async` and use `?`.
impl<E> From<CallError<E>> for BreakerError<E> {
    fn from(error: CallError<E>) -> Self {
        match error {
            CallError::Rejected(rejection) => Self::Rejected(rejection),
            CallError::Failed(error) => Self::Inner(error),
        }
    }
}
