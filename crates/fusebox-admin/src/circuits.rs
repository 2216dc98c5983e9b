//! Reading circuits, and finding the one that a path names.

use axum::Json;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::request::Parts;
use serde_json::{Value, json};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::desk::Desk;
use crate::problem::Problem;
use crate::view;
use fusebox::Listed;

pub(crate) fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(one))
}

/// The circuit that the path names; 404 where there is none.
pub(crate) struct Named(pub(crate) Listed);

impl FromRequestParts<Desk> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, desk: &Desk) -> Result<Self, Problem> {
        // What is no UTF-8 after decoding cannot be the name of a circuit either.
        let Ok(Path(name)) = Path::<String>::from_request_parts(parts, desk).await else {
            return Err(Problem::unknown_circuit("\u{fffd}"));
        };
        desk.registry
            .listed(&name)
            .map(Self)
            .ok_or_else(|| Problem::unknown_circuit(&name))
    }
}

#[utoipa::path(get, path = "/api/v1/circuit-breakers", responses((status = 200)))]
/// All circuits. `next` is for paging, which a box of this size does not need yet.
pub(crate) async fn list(State(desk): State<Desk>) -> Json<Value> {
    let circuits: Vec<Value> = desk.registry.list().iter().map(view::circuit).collect();
    Json(json!({ "circuits": circuits, "next": null }))
}

#[utoipa::path(get, path = "/api/v1/circuit-breakers/{name}", responses((status = 200)))]
/// One circuit.
pub(crate) async fn one(Named(entry): Named) -> Json<Value> {
    Json(view::circuit(&entry))
}
