//! Reading circuits.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::Caller;
use crate::desk::Desk;
use crate::etag;
use crate::named::Named;
use crate::paging::{LIMIT_MAX, Query};
use crate::problem::Problem;
use crate::view::Circuit;

pub(crate) fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(one))
}

/// Circuits in order of their names.
#[derive(Serialize, ToSchema)]
pub(crate) struct Circuits {
    circuits: Vec<Circuit>,
    /// The cursor of the next page; null: this is the last.
    #[schema(required)]
    next: Option<String>,
}

/// All circuits that the caller may see, in order of their names.
///
/// A list is not a snapshot of the whole box: each circuit is read at its own instant.
#[utoipa::path(get, path = "/api/v1/circuit-breakers", tag = "circuits",
    operation_id = "list_circuits",
    params(
        ("limit" = Option<u16>, Query, description = "how many at most; default 1000",
            minimum = 1, maximum = 1000),
        ("cursor" = Option<String>, Query, description = "`next` of the page before"),
    ),
    responses((status = 200, description = "a page of circuits", body = Circuits)))]
pub(crate) async fn list(
    State(desk): State<Desk>,
    caller: Caller,
    query: Query,
) -> Result<Json<Circuits>, Problem> {
    let query = query.only(&["limit", "cursor"])?;
    // A box of usual size is one page.
    let limit = query.number("limit", 1, LIMIT_MAX)?.unwrap_or(LIMIT_MAX);
    let after = query.one("cursor")?.unwrap_or_default();
    let mut names = desk.registry.names();
    names.retain(|name| caller.sees(name));
    names.drain(..names.partition_point(|name| *name <= after));
    let next = (names.len() > limit).then(|| names[limit - 1].to_owned());
    names.truncate(limit);
    let listed = names.iter().filter_map(|name| desk.registry.listed(name));
    let circuits = listed.map(|entry| Circuit::now(&entry)).collect();
    Ok(Json(Circuits { circuits, next }))
}

/// One circuit.
///
/// `ETag` stands for its settings in force: it changes when they do, not with the traffic, and is
/// what `If-Match` of an override takes.
#[utoipa::path(get, path = "/api/v1/circuit-breakers/{name}", tag = "circuits",
    operation_id = "circuit",
    params(("name" = String, Path, description = "the circuit")),
    responses((status = 200, description = "the circuit", body = Circuit,
        headers(("ETag" = String, description = "of the settings in force")))))]
pub(crate) async fn one(Named(entry): Named) -> impl IntoResponse {
    (
        [(header::ETAG, etag::header(&entry))],
        Json(Circuit::now(&entry)),
    )
}
