//! Queues: what waits, what is dead, and what an operator can do about it.
//!
//! A queue belongs to the circuit of its name: who may see and steer the one may the other. Where
//! the host mounted no queues, every path here is 404.

mod act;
mod dead;
mod look;
mod told;
mod view;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::StatusCode;
use axum::http::request::Parts;
use fusebox_queue::{MessageId, QueueError, Queues, Record};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{Caller, Role};
use crate::desk::Desk;
use crate::problem::Problem;

pub(crate) use told::{FindRelays, Queued, Relayed};

pub(crate) fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::new()
        .routes(routes!(look::all))
        .routes(routes!(look::one))
        .routes(routes!(look::messages))
        .routes(routes!(look::pauses))
        .routes(routes!(look::message))
        .routes(routes!(act::pause))
        .routes(routes!(act::resume))
        .routes(routes!(dead::all))
        .routes(routes!(dead::one))
        .routes(routes!(dead::retry))
        .routes(routes!(dead::discard))
        .routes(routes!(dead::retry_many))
        .routes(routes!(dead::discard_many))
}

/// Whether a route is one of these.
pub(crate) fn is_of_queues(pattern: &str) -> bool {
    ["/api/v1/queues", "/api/v1/messages", "/api/v1/dead-letters"]
        .iter()
        .any(|root| pattern.starts_with(root))
}

/// The queues that the host mounted; 404 where it mounted none.
fn mounted(desk: &Desk) -> Result<Queues, Problem> {
    (desk.queues)().ok_or_else(|| {
        let detail = "this service has no queues";
        Problem::not_found("no-queues", "No queues", detail)
    })
}

/// 503: for the log is what the storage said, which may name a file.
fn away(error: &QueueError) -> Problem {
    tracing::warn!(%error, "the queues could not be asked");
    let detail = "the queues do not answer now; calls go on without them";
    let status = StatusCode::SERVICE_UNAVAILABLE;
    Problem::new(status, "queues-away", "The queues cannot be used", detail)
}

/// The queue that the path names.
pub(crate) struct Name(String);

impl FromRequestParts<Desk> for Name {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, desk: &Desk) -> Result<Self, Problem> {
        // What is no UTF-8 after decoding is no queue's name.
        let name = param(parts, desk, "queue").await;
        Ok(Self(name.unwrap_or_else(|| "\u{fffd}".to_owned())))
    }
}

/// The message that the path names; what is no id is no message's.
pub(crate) struct Id(MessageId);

impl FromRequestParts<Desk> for Id {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, desk: &Desk) -> Result<Self, Problem> {
        let id = param(parts, desk, "id").await;
        let id = id.and_then(|id| id.parse().ok());
        id.map(Self).ok_or_else(unknown_message)
    }
}

async fn param(parts: &mut Parts, desk: &Desk, called: &str) -> Option<String> {
    let params = RawPathParams::from_request_parts(parts, desk).await.ok()?;
    let mut params = params.iter();
    let found = params.find(|(name, _)| *name == called);
    found.map(|(_, value)| value.to_owned())
}

/// With those that the caller may see.
fn unknown_queue(name: &str, known: &[String]) -> Problem {
    let known = match known {
        [] => "there are none".to_owned(),
        known => format!("there are: {}", known.join(", ")),
    };
    let detail = format!("there is no queue {name:?}; {known}");
    Problem::not_found("unknown-queue", "Unknown queue", detail)
}

fn unknown_message() -> Problem {
    let detail = "there is no such message, or it is forgotten";
    Problem::not_found("unknown-message", "Unknown message", detail)
}

fn no_dead_letter() -> Problem {
    let detail = "the message with this id is no dead letter: it waits, or it is delivered";
    Problem::not_found("unknown-message", "Unknown message", detail)
}

/// A message that this caller may see or, with `role`, do something to; to others it is unknown.
async fn found(desk: &Desk, caller: &Caller, role: Role, id: MessageId) -> Result<Record, Problem> {
    let record = mounted(desk)?.message(id).await;
    let record = record.map_err(|error| away(&error))?;
    let record = record.filter(|record| caller.sees(&record.queue));
    let record = record.ok_or_else(unknown_message)?;
    caller.may(role, &record.queue)?;
    Ok(record)
}
