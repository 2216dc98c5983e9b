//! Errors as `application/problem+json` (RFC 9457).

use std::time::Duration;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use fusebox::duration;
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::redacted;

/// An answer that says what is wrong and what would be right. It is written out by the layer around
/// the admin interface, or by that of [`this_machine_only`](crate::host::this_machine_only).
#[derive(Clone, Debug)]
pub struct Problem {
    status: StatusCode,
    kind: &'static str,
    title: &'static str,
    detail: String,
    retry_after: Option<Duration>,
}

/// The body of an error.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct Shown<'a> {
    /// `urn:fusebox:` and a word that stays the same.
    #[serde(rename = "type")]
    kind: String,
    title: &'a str,
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What is wrong, in a sentence.
    detail: &'a str,
    /// The answer's `X-Request-Id`, by which log and audit know the request.
    request_id: &'a str,
    /// Seconds to wait, where it is known how long.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    retry_after: Option<f64>,
}

impl Problem {
    /// No circuit has this name.
    pub(crate) fn unknown_circuit(name: &str) -> Self {
        let detail = format!("there is no circuit named {name:?}");
        Self::not_found("unknown-circuit", "Unknown circuit", detail)
    }

    /// What the path names is not there.
    pub(crate) fn not_found(
        kind: &'static str,
        title: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        Self::new(StatusCode::NOT_FOUND, kind, title, detail)
    }

    /// The request was understood, its content is wrong.
    pub(crate) fn invalid(detail: impl Into<String>) -> Self {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        Self::new(status, "invalid-request", "Invalid request", detail)
    }

    /// The circuit's state does not allow it.
    pub(crate) fn conflict(detail: impl Into<String>) -> Self {
        let title = "Not possible in this state";
        Self::new(StatusCode::CONFLICT, "conflict", title, detail)
    }

    /// The request does not come from this machine's user.
    pub(crate) fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", "Forbidden", detail)
    }

    /// The body is over the limit.
    pub(crate) fn too_large(bytes_max: usize) -> Self {
        let detail = format!("the body may have at most {bytes_max} bytes");
        let status = StatusCode::PAYLOAD_TOO_LARGE;
        Self::new(status, "too-large", "Body too large", detail)
    }

    /// The body did not come.
    pub(crate) fn too_slow(detail: impl Into<String>) -> Self {
        let status = StatusCode::REQUEST_TIMEOUT;
        Self::new(status, "too-slow", "Body did not arrive", detail)
    }

    /// Any other; `kind` is the last part of the `type` and stays the same for programs.
    pub fn new(
        status: StatusCode,
        kind: &'static str,
        title: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            status,
            kind,
            title,
            // People paste tokens into paths and bodies, and details repeat what came.
            detail: redacted(&detail.into()).into_owned(),
            retry_after: None,
        }
    }

    /// What is wrong, in a sentence.
    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    /// Told as `Retry-After`, and in the body.
    pub(crate) fn retry_after(mut self, after: Duration) -> Self {
        self.retry_after = Some(after);
        self
    }

    /// Writes the error out, with the request's id.
    pub(crate) fn answer(&self, request_id: &str) -> Response {
        let shown = Shown {
            kind: format!("urn:fusebox:{}", self.kind),
            title: self.title,
            status: self.status.as_u16(),
            detail: &self.detail,
            request_id,
            retry_after: self.retry_after.map(duration::in_milliseconds),
        };
        let mut response = (self.status, Json(shown)).into_response();
        let headers = response.headers_mut();
        let media_type = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, media_type);
        if let Some(after) = self.retry_after {
            let seconds = HeaderValue::from(duration::whole_seconds(after));
            headers.insert(header::RETRY_AFTER, seconds);
        }
        response
    }
}

/// Status only. The body is written by the layer that gives every request its id.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Answers where no route fits.
pub(crate) async fn unknown_path(uri: Uri) -> Problem {
    let detail = format!("there is nothing at {}", uri.path());
    Problem::not_found("unknown-path", "Unknown path", detail)
}

/// Answers where a route fits and the method does not; the router adds `Allow`.
pub(crate) async fn method_not_allowed() -> Problem {
    let detail = "the header Allow names the methods that this path takes";
    let status = StatusCode::METHOD_NOT_ALLOWED;
    Problem::new(status, "method-not-allowed", "Method not allowed", detail)
}
