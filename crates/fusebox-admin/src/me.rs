//! Who the caller is, so that a client can show what it may before it tries.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::Caller;
use crate::desk::Desk;
use crate::wall;

pub(crate) fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::new().routes(routes!(me))
}

/// A caller who was let in, and by whom.
#[derive(Serialize, ToSchema)]
pub(crate) struct Me {
    /// The name of the token, or `local`.
    name: String,
    #[schema(value_type = RoleWord)]
    role: &'static str,
    /// Patterns of the circuits that the caller sees and, by its role, acts on.
    circuits: Vec<String>,
    version: &'static str,
    /// The daemon's clock, so that times can be counted from it.
    #[schema(format = DateTime)]
    time: String,
}

/// What a token allows.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[allow(dead_code, reason = "the schema of three words")]
pub(crate) enum RoleWord {
    Viewer,
    Operator,
    Admin,
}

/// Who the caller is, and what it may.
#[utoipa::path(get, path = "/api/v1/me", tag = "access",
    responses((status = 200, description = "the caller", body = Me)))]
pub(crate) async fn me(caller: Caller) -> Json<Me> {
    Json(Me {
        name: caller.name().to_owned(),
        role: caller.role().as_str(),
        circuits: caller.patterns().to_vec(),
        version: env!("CARGO_PKG_VERSION"),
        time: wall::now(),
    })
}
