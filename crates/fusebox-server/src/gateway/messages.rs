//! What became of a call that was kept: `GET /.fusebox/messages/{id}`.
//!
//! The id is the key: nobody guesses it, and who has it made the call or was told of it.

use bytes::Bytes;
use fusebox_queue::{MessageId, MessageState, Queues, Record};
use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderValue, Method, Response, StatusCode};
use serde_json::{Map, Value, json};

use super::body::AnswerBody;
use super::problem::{Kind, without_circuit};

/// Paths that are the gateway's own.
const OWN: &str = "/.fusebox/";
const MESSAGES: &str = "/.fusebox/messages/";

/// Where a message is to be asked for.
pub(super) fn path_of(id: MessageId) -> String {
    format!("{MESSAGES}{id}")
}

/// Whether no circuit takes this path, whatever its settings say.
pub(super) fn is_own(path: &str) -> bool {
    path.starts_with(OWN)
}

/// Answers a request to one of the gateway's own paths.
pub(super) async fn answer(
    method: &Method,
    path: &str,
    queues: Option<&Queues>,
) -> Response<AnswerBody> {
    let unknown = || {
        without_circuit(
            Kind::NoMessage,
            "there is no such message, or it is forgotten",
        )
    };
    let Some(id) = path.strip_prefix(MESSAGES).and_then(|id| id.parse().ok()) else {
        return unknown();
    };
    if ![Method::GET, Method::HEAD].contains(method) {
        let mut refused = without_circuit(Kind::NotAllowed, "a message can only be looked at");
        let allowed = HeaderValue::from_static("GET, HEAD");
        refused.headers_mut().insert(ALLOW, allowed);
        return refused;
    }
    let Some(queues) = queues else {
        return unknown();
    };
    match queues.message(id).await {
        Ok(Some(record)) => shown(&record),
        Ok(None) => unknown(),
        Err(error) => {
            tracing::error!(%error, "a message could not be looked up");
            without_circuit(Kind::QueueFailed, "the queue cannot be used now")
        }
    }
}

fn shown(record: &Record) -> Response<AnswerBody> {
    let state = match record.state {
        MessageState::Pending => "pending",
        MessageState::Delivering => "delivering",
        MessageState::Delivered => "delivered",
        MessageState::Dead => "dead",
        MessageState::Expired => "expired",
    };
    let last_error = record.history.last().map(|attempt| attempt.error.as_str());
    let body = json!({
        "id": record.id,
        "state": state,
        "attempts": record.attempts,
        "last_error": last_error,
        "response": record.response.as_ref().map(response),
    });
    let mut response = Response::new(AnswerBody::own(Bytes::from(body.to_string()), None));
    *response.status_mut() = StatusCode::OK;
    let media_type = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, media_type);
    response
}

/// A body that is no text has its bytes in hexadecimal instead.
fn response(response: &fusebox_queue::Response) -> Value {
    let mut headers = Map::new();
    for (name, value) in &response.headers {
        let list = headers.get(name).and_then(Value::as_str);
        let list = list.map_or_else(|| value.clone(), |list| format!("{list}, {value}"));
        headers.insert(name.clone(), list.into());
    }
    let text = str::from_utf8(&response.body).ok();
    let hex = || response.body.iter().map(|byte| format!("{byte:02x}"));
    let mut shown = json!({
        "status": response.status,
        "headers": headers,
        "body": text,
    });
    if let (None, Value::Object(shown)) = (text, &mut shown) {
        shown.insert("body_hex".to_owned(), hex().collect::<String>().into());
    }
    shown
}
