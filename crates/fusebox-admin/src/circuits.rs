//! Reading circuits, and finding the one that a path names.

use axum::Json;
use axum::extract::{FromRequestParts, Path, RawQuery, State};
use axum::http::request::Parts;
use serde_json::{Value, json};

use crate::Desk;
use crate::actions::Answer;
use crate::problem::Problem;
use crate::view;
use fusebox::Listed;

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

/// All circuits. `next` is for paging, which a box of this size does not need yet.
pub(crate) async fn list(State(desk): State<Desk>) -> Json<Value> {
    let circuits: Vec<Value> = desk.registry.list().iter().map(view::circuit).collect();
    Json(json!({ "circuits": circuits, "next": null }))
}

/// One circuit.
pub(crate) async fn one(Named(entry): Named) -> Json<Value> {
    Json(view::circuit(&entry))
}

/// Branches listed where the request does not say how many.
const BRANCHES: usize = 20;
/// Each is read under its lock and written out whole.
const BRANCHES_MAX: usize = 1000;

/// The branches of a circuit that something is wrong with, worst first; `?max=20`.
pub(crate) async fn branches(Named(entry): Named, RawQuery(query): RawQuery) -> Answer {
    let max = most(query.as_deref().unwrap_or_default())?;
    let worst = entry.circuit.worst_branches(max);
    let shown: Vec<Value> = worst
        .iter()
        .map(|(key, snapshot)| view::branch(key, snapshot))
        .collect();
    Ok(Json(json!({ "branches": shown })))
}

fn most(query: &str) -> Result<usize, Problem> {
    let asked = query.split('&').find_map(|pair| pair.strip_prefix("max="));
    let Some(asked) = asked else {
        return Ok(BRANCHES);
    };
    let most = asked.parse().ok();
    most.filter(|most| (1..=BRANCHES_MAX).contains(most))
        .ok_or_else(|| {
            Problem::invalid(format!(
                "max: {asked:?} is not a whole number, 1 to {BRANCHES_MAX}"
            ))
        })
}
