//! What a caller is told when something cannot be done.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use fusebox_queue::{PushError, QueueError};
use serde_json::json;

/// An answer in `application/problem+json` (RFC 9457).
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    title: &'static str,
    detail: String,
}

impl Problem {
    pub(super) fn new(status: u16, title: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
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

/// For the caller only what it can act on; what the storage said may name files: for the log.
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
            PushError::Mismatch { .. } => Self::new(
                409,
                "Another receipt has this id",
                "a receipt with this receipt_id and another content is there already",
            ),
            PushError::TooLarge { bytes, max } => Self::new(
                413,
                "The receipt is too large",
                format!("it has {bytes} bytes, at most {max} are allowed"),
            ),
            PushError::Full { .. } | PushError::DiskFull { .. } => {
                tracing::error!(%error, "a receipt was not taken");
                let detail = "no receipt is taken until some are delivered or discarded";
                Self::new(503, "The buffer is full", detail)
            }
            error => {
                tracing::error!(%error, "a receipt may not be in the buffer");
                let detail = "the receipt may be in the buffer or not: send it again as it is";
                Self::new(503, "The buffer does not answer", detail)
            }
        }
    }
}
