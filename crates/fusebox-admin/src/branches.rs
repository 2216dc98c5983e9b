//! The branches of a keyed circuit (R19).

use axum::Json;
use axum::extract::RawQuery;
use serde_json::{Value, json};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::actions::Answer;
use crate::circuits::Named;
use crate::desk::Desk;
use crate::problem::Problem;
use crate::view;

pub(crate) fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::new().routes(routes!(list))
}

/// Branches listed where the request does not say how many.
const BRANCHES: usize = 20;
/// Each is read under its lock and written out whole.
const BRANCHES_MAX: usize = 1000;

#[utoipa::path(get, path = "/api/v1/circuit-breakers/{name}/branches", responses((status = 200)))]
/// The branches of a circuit that something is wrong with, worst first; `?max=20`.
pub(crate) async fn list(Named(entry): Named, RawQuery(query): RawQuery) -> Answer {
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
