//! `Retry-After` for answers in a shape of the service's own.

use axum::response::{IntoResponseParts, ResponseParts};
use fusebox::{CircuitBreaker, State, duration};
use http::HeaderValue;
use http::header::RETRY_AFTER;
use std::convert::Infallible;
use std::time::Duration;

/// The time until an open circuit lets a call pass, as the header `Retry-After` of an answer; no
/// header where the circuit is not open for its callers, or where no time is known (it is held, or
/// closed by hand only).
///
/// [`Rejected`](super::Rejected) has it already; this is for a service whose errors have a body of
/// their own.
///
/// ```
/// use axum::{Json, response::IntoResponse};
/// use fusebox::{Author, CircuitBreaker, State};
/// use fusebox_tower::axum::RetryAfter;
/// use http::StatusCode;
/// use std::time::Duration;
///
/// fn away(circuit: &CircuitBreaker) -> impl IntoResponse + use<> {
///     let body = Json(serde_json::json!({ "detail": "the backlog is away" }));
///     (StatusCode::SERVICE_UNAVAILABLE, RetryAfter::of(circuit), body)
/// }
///
/// let circuit = CircuitBreaker::builder("backlog").open_for(Duration::from_secs(30)).build()?;
/// assert!(!away(&circuit).into_response().headers().contains_key("retry-after"));
/// circuit.transition(State::Open, &Author::new("ada"))?;
/// assert_eq!(away(&circuit).into_response().headers()["retry-after"], "30");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RetryAfter(Option<Duration>);

impl RetryAfter {
    /// As the circuit is now.
    #[must_use]
    pub fn of(circuit: &CircuitBreaker) -> Self {
        let seen = circuit.snapshot();
        let is_open = seen.effective_state() == State::Open;
        Self(seen.retry_after.filter(|_| is_open))
    }
}

impl IntoResponseParts for RetryAfter {
    type Error = Infallible;

    fn into_response_parts(self, mut parts: ResponseParts) -> Result<ResponseParts, Infallible> {
        if let Some(wait) = self.0 {
            let seconds = HeaderValue::from(duration::whole_seconds(wait));
            parts.headers_mut().insert(RETRY_AFTER, seconds);
        }
        Ok(parts)
    }
}
