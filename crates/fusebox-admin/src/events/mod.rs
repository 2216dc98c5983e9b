//! What happened, from the history that the keeper keeps.

mod ask;
mod view;

pub(crate) use ask::{come, keeper};
pub(crate) use view::Event;

use axum::Json;
use axum::extract::{FromRequestParts, RawPathParams, State};
use axum::http::header;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use fusebox_store::EventQuery;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::Caller;
use crate::desk::Desk;
use crate::named::Named;
use crate::paging::{Query, entry_number};
use crate::problem::Problem;

pub(crate) fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::new()
        .routes(routes!(of_circuit))
        .routes(routes!(all))
        .routes(routes!(one))
        .routes(routes!(replay))
}

/// Events, the newest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct Events {
    events: Vec<Event>,
    /// The cursor of the next page; null: this is the last.
    #[schema(required)]
    next: Option<String>,
}

/// The kinds that a question may name.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[allow(dead_code, reason = "the schema of the store's words")]
enum Kind {
    Transition,
    HoldSet,
    HoldEnded,
    Reset,
    SettingsChanged,
    WouldOpen,
    MainOpened,
    MainClosed,
    Added,
    Replaced,
    Removed,
    Restored,
    OverrideSet,
    OverrideEnded,
    Missed,
}

/// What happened to a circuit and its branches, the newest first.
#[utoipa::path(get, path = "/api/v1/circuit-breakers/{name}/events", tag = "events",
    operation_id = "events_of_circuit",
    params(
        ("name" = String, Path, description = "the circuit"),
        ("branch" = Option<String>, Query, description = "only of this key"),
        ("kind" = inline(Option<Vec<Kind>>), Query,
            description = "only of this kind; may be repeated"),
        ("limit" = Option<u16>, Query, description = "how many at most; default 100",
            minimum = 1, maximum = 1000),
        ("cursor" = Option<String>, Query, description = "`next` of the page before",
            pattern = "^[0-9]{1,18}$"),
    ),
    responses(
        (status = 200, description = "a page of events", body = Events),
        (status = 503, description = "the store cannot be read now"),
    ))]
pub(crate) async fn of_circuit(
    State(desk): State<Desk>,
    caller: Caller,
    Named(entry): Named,
    query: Query,
) -> Result<Json<Events>, Problem> {
    let query = query.only(&["branch", "kind", "limit", "cursor"])?;
    let query = EventQuery {
        circuit: Some(entry.circuit.name().to_owned()),
        ..ask::read(&query)?
    };
    ask::page(&desk, &caller, query).await.map(Json)
}

/// What happened to all circuits that the caller may see, and to the main breaker, the newest
/// first.
#[utoipa::path(get, path = "/api/v1/events", tag = "events", operation_id = "events",
    params(
        ("circuit" = Option<String>, Query, description = "only of this, also if it is gone"),
        ("branch" = Option<String>, Query, description = "only of this key"),
        ("kind" = inline(Option<Vec<Kind>>), Query,
            description = "only of this kind; may be repeated"),
        ("limit" = Option<u16>, Query, description = "how many at most; default 100",
            minimum = 1, maximum = 1000),
        ("cursor" = Option<String>, Query, description = "`next` of the page before",
            pattern = "^[0-9]{1,18}$"),
    ),
    responses(
        (status = 200, description = "a page of events", body = Events),
        (status = 503, description = "the store cannot be read now"),
    ))]
pub(crate) async fn all(
    State(desk): State<Desk>,
    caller: Caller,
    query: Query,
) -> Result<Json<Events>, Problem> {
    let query = query.only(&["circuit", "branch", "kind", "limit", "cursor"])?;
    let query = EventQuery {
        circuit: query.one("circuit")?.map(str::to_owned),
        ..ask::read(&query)?
    };
    ask::page(&desk, &caller, query).await.map(Json)
}

/// One event.
#[utoipa::path(get, path = "/api/v1/events/{id}", tag = "events", operation_id = "event",
    params(("id" = u64, Path, description = "its number")),
    responses(
        (status = 200, description = "the event", body = Event),
        (status = 503, description = "the store cannot be read now"),
    ))]
pub(crate) async fn one(
    State(desk): State<Desk>,
    caller: Caller,
    Number(id): Number,
) -> Result<Json<Event>, Problem> {
    ask::one(&desk, &caller, id).await.map(Json)
}

/// The calls that led to a transition, as a replay file.
#[utoipa::path(get, path = "/api/v1/events/{id}/replay", tag = "events", operation_id = "replay",
    params(("id" = u64, Path, description = "the event's number")),
    responses(
        (status = 200, description = "for `fusebox replay`", body = serde_json::Value),
        (status = 503, description = "the store cannot be read now"),
    ))]
pub(crate) async fn replay(
    State(desk): State<Desk>,
    caller: Caller,
    Number(id): Number,
) -> Result<Response, Problem> {
    // Also for the question whether the caller may see it.
    ask::one(&desk, &caller, id).await?;
    let text = ask::replay(&desk, id).await?;
    let media_type = [(header::CONTENT_TYPE, "application/json")];
    Ok((media_type, text).into_response())
}

/// The number of an event; what is no number is no event's.
pub(crate) struct Number(u64);

impl FromRequestParts<Desk> for Number {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, desk: &Desk) -> Result<Self, Problem> {
        let params = RawPathParams::from_request_parts(parts, desk).await.ok();
        let id = params.as_ref().and_then(|params| {
            let mut params = params.iter();
            params.find(|(name, _)| *name == "id").map(|(_, id)| id)
        });
        let number = id.and_then(entry_number);
        number
            .map(Self)
            .ok_or_else(|| ask::unknown(id.unwrap_or("\u{fffd}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fusebox_store::EventRecord;
    use utoipa::PartialSchema;

    #[test]
    fn the_document_names_the_kinds_that_the_store_has() {
        let schema = serde_json::to_value(Kind::schema()).expect("a schema");
        assert_eq!(schema["enum"], serde_json::json!(EventRecord::KINDS));
    }
}
