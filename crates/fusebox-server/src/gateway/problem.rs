//! The gateway's own answers in words: `application/problem+json`, with headers for programs.

use std::time::Duration;

use bytes::Bytes;
use fusebox::{Reason, Rejection, State, duration};
use http::header::{CONNECTION, CONTENT_TYPE, HeaderName, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use serde::Serialize;

use super::body::AnswerBody;
use crate::circuits::{Circuit, Flight};

/// Names the circuit on every answer of the gateway's own.
pub(super) const CIRCUIT: HeaderName = HeaderName::from_static("fusebox-circuit");
/// Says why on every answer of the gateway's own.
pub(super) const REASON: HeaderName = HeaderName::from_static("fusebox-reason");

/// The kinds of answers, each with the last part of its `type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Rejected(Rejection),
    Connect,
    Timeout,
    Reset,
    NoRoute,
    BadRequest,
    RequestTimeout,
    TooLarge,
    BufferFull,
    NotAllowed,
    QueueFull,
    QueueFailed,
    Mismatch,
    DeadLetter,
    NoMessage,
}

impl Kind {
    /// The last part of the `type`.
    fn word(self) -> &'static str {
        match self {
            Self::Rejected(_) => "rejected",
            Self::Connect => "connect",
            Self::Timeout => "timeout",
            Self::Reset => "reset",
            Self::NoRoute => "no-route",
            Self::BadRequest => "bad-request",
            Self::RequestTimeout => "request-timeout",
            Self::TooLarge => "too-large",
            Self::BufferFull => "buffer-full",
            Self::NotAllowed => "method-not-allowed",
            Self::QueueFull => "queue-full",
            Self::QueueFailed => "queue-failed",
            Self::Mismatch => "idempotency-mismatch",
            Self::DeadLetter => "dead-letter",
            Self::NoMessage => "no-message",
        }
    }

    /// Why, in one word: of a rejection its reason, else the kind itself.
    pub(super) fn reason(self) -> &'static str {
        match self {
            Self::Rejected(rejection) => rejection.reason().as_str(),
            other => other.word(),
        }
    }

    fn status(self) -> StatusCode {
        match self {
            Self::Rejected(_) | Self::BufferFull | Self::QueueFull | Self::QueueFailed => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Mismatch => StatusCode::UNPROCESSABLE_ENTITY,
            Self::DeadLetter => StatusCode::CONFLICT,
            Self::Connect | Self::Reset => StatusCode::BAD_GATEWAY,
            Self::Timeout => StatusCode::GATEWAY_TIMEOUT,
            Self::NoRoute | Self::NoMessage => StatusCode::NOT_FOUND,
            Self::BadRequest => StatusCode::BAD_REQUEST,
            Self::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Rejected(_) => "The circuit breaker does not admit the call",
            Self::Connect => "The upstream cannot be connected to",
            Self::Timeout => "The upstream did not answer in time",
            Self::Reset => "The upstream broke off",
            Self::NoRoute => "No circuit takes this path",
            Self::BadRequest => "The request cannot be forwarded",
            Self::RequestTimeout => "The request did not arrive in time",
            Self::TooLarge => "The request is larger than is kept",
            Self::BufferFull => "The gateway holds as much as it may",
            Self::NotAllowed => "The path does not take this method",
            Self::QueueFull => "The queue is full",
            Self::QueueFailed => "The queue cannot be used",
            Self::Mismatch => "The idempotency key was used for another request",
            Self::DeadLetter => "The call with this idempotency key could not be delivered",
            Self::NoMessage => "No such message",
        }
    }

    fn retry_after(self) -> Option<Duration> {
        match self {
            Self::Rejected(rejection) => rejection.retry_after(),
            // Room comes with the next call that is answered.
            Self::BufferFull => Some(Duration::from_secs(1)),
            _ => None,
        }
    }
}

#[derive(Serialize)]
struct Problem<'p> {
    r#type: String,
    title: &'static str,
    status: u16,
    detail: &'p str,
    circuit: Option<&'p str>,
    reason: &'static str,
    state: Option<&'static str>,
    retry_after: Option<f64>,
}

/// The answer about a circuit's request.
pub(super) fn about_circuit(kind: Kind, detail: &str, flight: Flight) -> Response<AnswerBody> {
    let mut response = answer(kind, detail, Some(flight.circuit()));
    name_circuit(&mut response, flight.circuit());
    response.map(|bytes| AnswerBody::own(bytes, Some(flight)))
}

/// The answer to a request that belongs to no circuit.
pub(super) fn without_circuit(kind: Kind, detail: &str) -> Response<AnswerBody> {
    answer(kind, detail, None).map(|bytes| AnswerBody::own(bytes, None))
}

/// Puts the name of the circuit on an answer.
pub(super) fn name_circuit<B>(response: &mut Response<B>, circuit: &Circuit) {
    if let Ok(name) = HeaderValue::from_str(circuit.name()) {
        response.headers_mut().insert(CIRCUIT, name);
    }
}

/// What a rejection means, in a sentence.
pub(super) fn rejected(rejection: Rejection, circuit: &Circuit) -> String {
    let who = who_rejected(rejection, circuit);
    match rejection.reason() {
        Reason::Open => format!("{who} is open; nothing is sent to its upstream"),
        Reason::HalfOpen => format!("{who} is half-open and its trial places are taken"),
        Reason::Ramp => format!("{who} has just closed and admits a share of the calls"),
        Reason::Main => "the main breaker is open".to_owned(),
        Reason::ForcedOpen => format!("{who} is held open by hand"),
    }
}

/// The circuit, or the branch of the call's key, as far as it can be told afterwards.
fn who_rejected(rejection: Rejection, circuit: &Circuit) -> String {
    let name = circuit.name();
    if circuit.set().branch.is_none() {
        return format!("circuit {name}");
    }
    let state = match rejection.reason() {
        Reason::Open => State::Open,
        Reason::HalfOpen => State::HalfOpen,
        _ => return format!("circuit {name}, or the branch of the call's key,"),
    };
    if circuit.breaker().state() == state {
        return format!("circuit {name}");
    }
    format!("the branch of circuit {name} for the call's key")
}

/// The state in which the call got no answer from the upstream. A rejection's reason says it: a
/// branch may reject while its circuit is closed, and the circuit may have moved on since.
fn state(kind: Kind, circuit: &Circuit) -> State {
    let reason = match kind {
        Kind::Rejected(rejection) => Some(rejection.reason()),
        _ => None,
    };
    match reason {
        Some(Reason::Open) => State::Open,
        Some(Reason::HalfOpen) => State::HalfOpen,
        Some(Reason::Ramp) => State::Closed,
        Some(Reason::Main | Reason::ForcedOpen) | None => circuit.breaker().state(),
    }
}

fn answer(kind: Kind, detail: &str, circuit: Option<&Circuit>) -> Response<Bytes> {
    let status = kind.status();
    let problem = Problem {
        r#type: format!("urn:fusebox:{}", kind.word()),
        title: kind.title(),
        status: status.as_u16(),
        detail,
        circuit: circuit.map(Circuit::name),
        reason: kind.reason(),
        state: circuit.map(|circuit| state(kind, circuit).as_str()),
        retry_after: kind.retry_after().map(duration::in_milliseconds),
    };
    // Texts and numbers always make JSON; were it otherwise, status and headers still say it all.
    let body = serde_json::to_vec(&problem).unwrap_or_default();
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/problem+json"),
    );
    headers.insert(REASON, HeaderValue::from_static(kind.reason()));
    if let Some(after) = kind.retry_after() {
        headers.insert(
            RETRY_AFTER,
            HeaderValue::from(duration::whole_seconds(after)),
        );
    }
    if kind == Kind::RequestTimeout {
        // The rest of the request may still come; it must not be read as the next one.
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_has_exactly_the_promised_members() {
        let answer = answer(Kind::NoRoute, "no circuit takes /x", None);
        let problem: serde_json::Value = serde_json::from_slice(answer.body()).unwrap();
        let promised = serde_json::json!({
            "type": "urn:fusebox:no-route", "title": "No circuit takes this path", "status": 404,
            "detail": "no circuit takes /x", "circuit": null, "reason": "no-route", "state": null,
            "retry_after": null
        });
        assert_eq!(problem, promised);
        assert_eq!(answer.headers()[REASON], "no-route");
        assert!(!answer.headers().contains_key(RETRY_AFTER));
    }
}
