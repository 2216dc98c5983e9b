//! [`StackError`] and [`LimitError`] as responses.

use super::Rejected;
use super::problem::Problem;
use crate::limit::{LimitError, Limited};
use crate::stack::{StackError, TimedOut};
use axum::response::{IntoResponse, Response};
use http::StatusCode;

/// A rejection and a refusal of the limit are answered with 503, a time-out with 504, the inner
/// error as it answers itself; see [the module](crate::axum#a-stack-around-handlers).
impl<E: IntoResponse> IntoResponse for StackError<E> {
    fn into_response(self) -> Response {
        match self {
            Self::Rejected(rejection) => Rejected::from(rejection).into_response(),
            Self::Limited(limited) => refused(limited).answer(None),
            Self::TimedOut => timed_out().answer(None),
            Self::Inner(error) => error.into_response(),
        }
    }
}

/// A refusal of the limit is answered with 503, the inner error as it answers itself.
impl<E: IntoResponse> IntoResponse for LimitError<E> {
    fn into_response(self) -> Response {
        match self {
            Self::Limited(limited) => refused(limited).answer(None),
            Self::Inner(error) => error.into_response(),
        }
    }
}

fn refused(limited: Limited) -> Problem {
    Problem {
        kind: "limited",
        title: "Too many calls are in flight",
        status: StatusCode::SERVICE_UNAVAILABLE,
        detail: limited.to_string(),
        reason: "limited",
        // When a place becomes free, nobody knows.
        retry_after: None,
    }
}

fn timed_out() -> Problem {
    Problem {
        kind: "timeout",
        title: "The upstream did not answer in time",
        status: StatusCode::GATEWAY_TIMEOUT,
        detail: TimedOut.to_string(),
        reason: "timeout",
        retry_after: None,
    }
}
