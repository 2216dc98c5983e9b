//! What a caller is told when something cannot be done: `application/problem+json` (RFC 9457).

use axum::Json;
use axum::extract::rejection::{BytesRejection, JsonRejection};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use fusebox_queue::{PushError, QueueError};
use serde_json::{Value, json};

/// An answer that tells of a problem. It holds nothing secret: what a storage said, which may name
/// files, goes to the log.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    title: &'static str,
    detail: String,
}

impl Problem {
    /// One of this status.
    pub fn new(status: u16, title: &'static str, detail: impl Into<String>) -> Self {
        let status = StatusCode::from_u16(status);
        Self {
            status: status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            title,
            detail: detail.into(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = json!({
            "type": "about:blank",
            "title": self.title,
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        let kind = [(header::CONTENT_TYPE, "application/problem+json")];
        (self.status, kind, body.to_string()).into_response()
    }
}

impl From<BytesRejection> for Problem {
    fn from(refused: BytesRejection) -> Self {
        let status = refused.status().as_u16();
        Self::new(status, "The body cannot be read", refused.body_text())
    }
}

impl From<JsonRejection> for Problem {
    fn from(refused: JsonRejection) -> Self {
        let status = refused.status().as_u16();
        Self::new(
            status,
            "Not the JSON that belongs here",
            refused.body_text(),
        )
    }
}

impl From<QueueError> for Problem {
    fn from(error: QueueError) -> Self {
        tracing::error!(%error, "the buffer could not be asked");
        let detail = "the buffer does not answer now; ask again";
        Self::new(503, "The buffer does not answer", detail)
    }
}

impl From<PushError> for Problem {
    fn from(error: PushError) -> Self {
        match error {
            PushError::Mismatch { .. } => {
                let detail = "what came first under this id had another content";
                Self::new(409, "The id is taken", detail)
            }
            PushError::TooLarge { bytes, max } => {
                let detail = format!("it has {bytes} bytes, at most {max} are allowed");
                Self::new(413, "It is too large", detail)
            }
            PushError::Full { .. } | PushError::DiskFull { .. } => {
                tracing::error!(%error, "nothing more is taken");
                let detail = "nothing is taken until some is delivered or discarded";
                Self::new(503, "The buffer is full", detail)
            }
            error => {
                tracing::error!(%error, "it may be in the buffer or not");
                let detail = "it may be in the buffer or not: send it again as it is";
                Self::new(503, "The buffer does not answer", detail)
            }
        }
    }
}

/// The shape of those who know no other: `{"detail": "…"}`.
pub fn detail(status: StatusCode, detail: &str) -> (StatusCode, Json<Value>) {
    (status, Json(json!({ "detail": detail })))
}
