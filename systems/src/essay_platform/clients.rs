//! What the services know of each other: traits, each behind a circuit.

use axum::http::StatusCode;
use fusebox::{CallError, Fallback, Outcome, classify, fallback_fn};
use serde::{Deserialize, Serialize};

use crate::call::{CallFailed, Client};

/// What is done with a batch, in order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Pipeline {
    pub(super) steps: Vec<String>,
}

#[derive(Deserialize)]
struct Content {
    text: String,
}

/// The conductor knows what is to be done with a batch.
#[fusebox::protect]
pub(super) trait ConductorClient: Send + Sync {
    #[breaker(classify = judge)]
    fn pipeline(&self, batch: &str) -> impl Future<Output = Result<Pipeline, CallFailed>> + Send;
}

/// The content service keeps the texts of essays.
#[fusebox::protect]
pub(super) trait ContentClient: Send + Sync {
    #[breaker(classify = judge)]
    fn text(&self, essay: &str) -> impl Future<Output = Result<String, CallFailed>> + Send;
}

impl ConductorClient for Client {
    async fn pipeline(&self, batch: &str) -> Result<Pipeline, CallFailed> {
        self.get(&format!("/v1/batches/{batch}/pipeline")).await
    }
}

impl ContentClient for Client {
    async fn text(&self, essay: &str) -> Result<String, CallFailed> {
        let content: Content = self.get(&format!("/v1/essays/{essay}")).await?;
        Ok(content.text)
    }
}

/// HTTP client errors count; others, as that there is no such essay, pass uncounted.
pub(super) fn judge<T>(result: Result<&T, &CallFailed>) -> Outcome {
    match result {
        Ok(_) => Outcome::Success,
        Err(CallFailed::Rejected(_)) => Outcome::Ignored,
        Err(CallFailed::Status(code)) => judge_status(*code),
        Err(error) => Outcome::Failure(error.class()),
    }
}

/// The same for the status of an answer.
pub(super) fn judge_status(code: StatusCode) -> Outcome {
    match classify::status(code.as_u16()) {
        Outcome::Success if code.as_u16() >= 400 => Outcome::Ignored,
        outcome => outcome,
    }
}

/// A fallback for the time when a service is away; any other error is the caller's.
pub(super) fn when_away<T>(
    kind: &'static str,
    instead: impl Fn() -> Option<T>,
) -> impl Fallback<T, CallFailed> {
    fallback_fn(kind, move |error: &CallError<CallFailed>| match error {
        CallError::Failed(CallFailed::Rejected(_)) | CallError::Rejected(_) => instead(),
        CallError::Failed(error) => match judge::<()>(Err(error)) {
            Outcome::Failure(_) => instead(),
            _ => None,
        },
    })
}
