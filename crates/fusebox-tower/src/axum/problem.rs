//! Why a call came to nothing, in words: `application/problem+json` (RFC 9457), in the shape of the
//! gateway's.

use super::rejected::Seen;
use axum::body::Body;
use axum::response::Response;
use fusebox::{Reason, Rejection, duration};
use http::header::{CONTENT_TYPE, HeaderName, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;

/// Names the circuit.
const CIRCUIT: HeaderName = HeaderName::from_static("fusebox-circuit");
/// Says why, in one word.
const REASON: HeaderName = HeaderName::from_static("fusebox-reason");

/// What is told.
pub(super) struct Problem {
    /// The last part of the `type`.
    pub(super) kind: &'static str,
    pub(super) title: &'static str,
    pub(super) status: StatusCode,
    pub(super) detail: String,
    pub(super) reason: &'static str,
    pub(super) retry_after: Option<Duration>,
}

impl Problem {
    /// A call that was not admitted, by a circuit that may be unknown.
    pub(super) fn rejected(rejection: Rejection, circuit: Option<&Seen>) -> Self {
        Self {
            kind: "rejected",
            title: "The circuit breaker does not admit the call",
            status: StatusCode::SERVICE_UNAVAILABLE,
            detail: detail(rejection.reason(), circuit),
            reason: rejection.reason().as_str(),
            retry_after: rejection.retry_after(),
        }
    }

    /// The answer, with the circuit if it is known.
    pub(super) fn answer(self, circuit: Option<&Seen>) -> Response {
        let mut response = Response::new(Body::from(self.body(circuit).to_string()));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        let media_type = HeaderValue::from_static("application/problem+json");
        headers.insert(CONTENT_TYPE, media_type);
        headers.insert(REASON, HeaderValue::from_static(self.reason));
        if let Some(after) = self.retry_after {
            headers.insert(
                RETRY_AFTER,
                HeaderValue::from(duration::whole_seconds(after)),
            );
        }
        if let Some(Ok(name)) = circuit.map(|seen| HeaderValue::from_str(&seen.name)) {
            headers.insert(CIRCUIT, name);
        }
        response
    }

    fn body(&self, circuit: Option<&Seen>) -> Value {
        let mut body = json!({
            "type": format!("urn:fusebox:{}", self.kind),
            "title": self.title,
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        if let Some(seen) = circuit {
            body["circuit"] = seen.name.as_str().into();
        }
        body["reason"] = self.reason.into();
        if let Some(seen) = circuit {
            body["state"] = seen.state.as_str().into();
        }
        body["retry_after"] = self.retry_after.map(duration::in_milliseconds).into();
        body
    }
}

/// What the rejection means, in a sentence.
fn detail(reason: Reason, circuit: Option<&Seen>) -> String {
    let circuit = circuit.map_or_else(
        || "the circuit".to_owned(),
        |seen| format!("circuit {}", seen.name),
    );
    match reason {
        Reason::Open => format!("{circuit} is open; the call was not made"),
        Reason::HalfOpen => format!("{circuit} is half-open and its trial places are taken"),
        Reason::Ramp => format!("{circuit} has just closed and admits a share of the calls"),
        Reason::Main => "the main breaker is open".to_owned(),
        Reason::ForcedOpen => format!("{circuit} is held open by hand"),
    }
}
