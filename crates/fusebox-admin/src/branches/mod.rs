//! The branches of a keyed circuit (R19): read, and acted on like circuits. A key stands
//! percent-encoded in the path.

mod actions;

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::actions::Answer;
use crate::desk::Desk;
use crate::named::{Named, NamedKey};
use crate::paging::{LIMIT_MAX, Query};
use crate::problem::Problem;
use crate::target::Target;
use crate::view::Branch;

/// Branches listed where the request does not say how many.
const MAX: usize = 20;

pub(crate) fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(one))
        .merge(actions::routes())
}

/// Branches, the worst first.
#[derive(Serialize, ToSchema)]
pub(crate) struct Branches {
    branches: Vec<Branch>,
}

/// The branches of a circuit that something is wrong with, the worst first.
///
/// Not in pages: the order changes with every call.
#[utoipa::path(get, path = "/api/v1/circuit-breakers/{name}/branches", tag = "branches",
    operation_id = "list_branches",
    params(
        ("name" = String, Path, description = "the circuit"),
        ("max" = Option<u16>, Query, description = "how many at most; default 20",
            minimum = 1, maximum = 1000),
    ),
    responses((status = 200, description = "none if it is not keyed", body = Branches)))]
pub(crate) async fn list(Named(entry): Named, query: Query) -> Result<Json<Branches>, Problem> {
    let query = query.only(&["max"])?;
    let max = query.number("max", 1, LIMIT_MAX)?.unwrap_or(MAX);
    let worst = entry.circuit.worst_branches(max);
    let branches = worst
        .iter()
        .map(|(key, snapshot)| Branch::of(key, snapshot));
    let branches = branches.collect();
    Ok(Json(Branches { branches }))
}

/// One branch.
#[utoipa::path(get, path = "/api/v1/circuit-breakers/{name}/branches/{key}", tag = "branches",
    operation_id = "branch",
    params(
        ("name" = String, Path, description = "the circuit"),
        ("key" = String, Path, description = "the key"),
    ),
    responses((status = 200, description = "the branch", body = Branch)))]
pub(crate) async fn one(named: NamedKey) -> Answer {
    Target::from(named).answer()
}
