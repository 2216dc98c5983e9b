//! Reading circuits, and finding the one that a path names.

use axum::Json;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::request::Parts;
use serde_json::{Value, json};

use super::Desk;
use super::problem::Problem;
use super::registry::Entry;
use super::view;

/// The circuit that the path names; 404 where there is none.
pub(super) struct Named(pub(super) Entry);

impl FromRequestParts<Desk> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, desk: &Desk) -> Result<Self, Problem> {
        // What is no UTF-8 after decoding cannot be the name of a circuit either.
        let Ok(Path(name)) = Path::<String>::from_request_parts(parts, desk).await else {
            return Err(Problem::unknown_circuit("\u{fffd}"));
        };
        desk.registry
            .entry(&name)
            .map(Self)
            .ok_or_else(|| Problem::unknown_circuit(&name))
    }
}

/// All circuits. `next` is for paging, which a box of this size does not need yet.
pub(super) async fn list(State(desk): State<Desk>) -> Json<Value> {
    let circuits: Vec<Value> = desk.registry.entries().iter().map(view::circuit).collect();
    Json(json!({ "circuits": circuits, "next": null }))
}

/// One circuit.
pub(super) async fn one(Named(entry): Named) -> Json<Value> {
    Json(view::circuit(&entry))
}
