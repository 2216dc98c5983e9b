//! Calls that are kept for an upstream that cannot take them now.

use bytes::Bytes;
use fusebox_queue::{MessageId, MessageState, PushError, Queue};
use fusebox_tower::BreakerError;
use http::header::{CONTENT_TYPE, LOCATION};
use http::{HeaderValue, Method, Response, StatusCode};
use serde_json::json;

use super::body::AnswerBody;
use super::messages;
use super::problem::{self, Kind, REASON, name_circuit};
use crate::circuits::upstream::UpstreamError;
use crate::circuits::{Answer, Call, Circuit, Flight};

/// Whether calls of this method are kept by the circuit.
pub(super) fn keeps(circuit: &Circuit, method: &Method) -> bool {
    let changes = [Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    circuit.queue().is_some() && changes.contains(method)
}

/// Whether the call has to wait behind others of its key.
pub(super) async fn has_to_wait(call: &Call, queue: &Queue) -> bool {
    let Some(key) = &call.key else { return false };
    queue.has_backlog(key).await.unwrap_or_else(|error| {
        // Sent, it might overtake what waits.
        tracing::warn!(queue = %queue.name(), %error, "kept, as nobody knows what waits before it");
        true
    })
}

/// Whether the call may be kept after this error, and if so whether it may have arrived.
pub(super) fn may_keep(error: &BreakerError<UpstreamError>, uncertain_too: bool) -> Option<bool> {
    match error {
        BreakerError::Rejected(_) => Some(false),
        BreakerError::Inner(error) => match error {
            UpstreamError::Connect(_) | UpstreamError::ConnectTimeout(_) => Some(false),
            UpstreamError::HeadTimeout(_)
            | UpstreamError::BodyTimeout(_)
            | UpstreamError::Reset(_)
            | UpstreamError::Garbage(_) => uncertain_too.then_some(true),
            UpstreamError::Client | UpstreamError::BrokenRequest => None,
        },
    }
}

/// Keeps a call, and tells the client where it is.
pub(super) async fn keep(
    call: &Call,
    uncertain: bool,
    reason: &'static str,
    mut flight: Flight,
) -> Response<AnswerBody> {
    let circuit = flight.circuit().clone();
    let (Some(queue), Some(set)) = (circuit.queue(), &circuit.set().queue) else {
        return problem::about_circuit(Kind::QueueFailed, "the circuit has no queue", flight);
    };
    flight.answered(Answer::Queued);
    let pushed = match queue.push(call.message(&set.headers, uncertain)).await {
        Ok(pushed) => pushed,
        Err(error) => {
            let kind = sorted(&error);
            if kind == Kind::QueueFailed {
                tracing::error!(circuit = circuit.name(), %error, "a call could not be kept");
            }
            // The storage's own words may name a file: those are for the log.
            let detail = match kind {
                Kind::QueueFailed => "the queue cannot be used now".to_owned(),
                _ => error.to_string(),
            };
            return problem::about_circuit(kind, &detail, flight);
        }
    };
    if let Some(MessageState::Dead | MessageState::Expired) = pushed.before {
        let detail = format!(
            "message {} has this idempotency key and is a dead letter: it is not sent again unless \
             somebody retries it",
            pushed.id
        );
        let mut response = problem::about_circuit(Kind::DeadLetter, &detail, flight);
        point_to(&mut response, pushed.id);
        return response;
    }
    let body = json!({
        "id": pushed.id,
        "queue": &**queue.name(),
        "key": call.key,
        "position": pushed.position,
    });
    let mut response = Response::new(());
    *response.status_mut() = StatusCode::ACCEPTED;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(REASON, HeaderValue::from_static(reason));
    point_to(&mut response, pushed.id);
    name_circuit(&mut response, &circuit);
    response.map(|()| AnswerBody::own(Bytes::from(body.to_string()), Some(flight)))
}

/// Where to ask what became of a message.
fn point_to<B>(response: &mut Response<B>, id: MessageId) {
    if let Ok(place) = HeaderValue::try_from(messages::path_of(id)) {
        response.headers_mut().insert(LOCATION, place);
    }
}

fn sorted(error: &PushError) -> Kind {
    match error {
        PushError::Full { .. } | PushError::DiskFull { .. } => Kind::QueueFull,
        PushError::TooLarge { .. } => Kind::TooLarge,
        PushError::Mismatch { .. } => Kind::Mismatch,
        _ => Kind::QueueFailed,
    }
}
