//! What happens, as it happens: server-sent events.
//!
//! ```text
//!  thread --tick--> Feed --changed circuits, history--> Ring <--position-- Client --> response
//! ```
//!
//! Everything that is told lies once in one ring, bounded in entries and bytes. A client is a
//! position in it and at most one piece of text under way, whatever the circuits do and however
//! slowly it reads. Whoever falls out of the ring gets a fresh snapshot and goes on from there.
//!
//! Without clients nobody looks at the circuits, and the ring is empty.

mod body;
mod changes;
mod client;
mod feed;
mod filter;
mod ring;
#[cfg(test)]
mod tests;
mod text;

pub use body::in_pieces;
pub(crate) use feed::Feed;

use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::Caller;
use crate::desk::Desk;
use crate::paging::Query;
use crate::problem::Problem;
use client::Client;
use filter::Filter;

/// Consoles of a team and some scripts; each costs a connection.
pub(crate) const CLIENTS_MAX: usize = 64;
/// When a place may be free.
const FULL_FOR: Duration = Duration::from_secs(5);
/// The number of the last event that a client has seen, when it comes again.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// Tells a proxy to pass on what it gets when it gets it.
const UNBUFFERED: (HeaderName, HeaderValue) = (
    HeaderName::from_static("x-accel-buffering"),
    HeaderValue::from_static("no"),
);

pub(crate) fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::new().routes(routes!(stream))
}

/// Circuits as they change, as server-sent events.
///
/// First `snapshot`: `{"main": MainBreaker, "circuits": [Circuit]}`. Then `delta`, of the same
/// shape and with `"removed": [name]`, for circuits that changed: once a second, and within 100 ms
/// of a transition. And `event`, a row of the history, once it is kept; after another `snapshot`
/// some may have been left out, and stand in the history. A comment every 15 s shows that the
/// connection lives.
///
/// Who comes again with `Last-Event-ID` goes on from there, or gets a fresh snapshot where that
/// is too long ago. A connection is ended after ten minutes, so that rights are looked at again.
#[utoipa::path(get, path = "/api/v1/circuit-breakers/stream", tag = "circuits",
    params(
        ("circuit" = Option<Vec<String>>, Query, description = "only these; may be repeated"),
        ("last_event_id" = Option<String>, Query, description = "where headers cannot be set"),
        ("Last-Event-ID" = Option<String>, Header, description = "the last `id` that was seen"),
    ),
    responses(
        (status = 200, description = "events without end", body = String,
            content_type = "text/event-stream"),
        (status = 503, description = "all places are taken, or the service is shutting down"),
    ))]
pub(crate) async fn stream(
    State(desk): State<Desk>,
    caller: Caller,
    headers: HeaderMap,
    query: Query,
) -> Result<Response, Problem> {
    let query = query.only(&["circuit", "last_event_id"])?;
    let last = headers.get(LAST_EVENT_ID);
    let last = match last.and_then(|last| last.to_str().ok()) {
        Some(last) => Some(last),
        None => query.one("last_event_id")?,
    };
    let Some(seat) = desk.feed.seat() else {
        let title = "No place in the stream";
        let detail = format!("{CLIENTS_MAX} clients follow already, or the service is ending");
        let status = StatusCode::SERVICE_UNAVAILABLE;
        return Err(Problem::new(status, "stream-full", title, detail).retry_after(FULL_FOR));
    };
    let filter = Filter::only(caller, query.all("circuit"));
    let client = Client::new(seat, desk.registry.clone(), filter, last);
    let media_type = HeaderValue::from_static("text/event-stream");
    let head = [(header::CONTENT_TYPE, media_type), UNBUFFERED];
    Ok((head, in_pieces(client, Client::next)).into_response())
}
