//! What an operator can do to one branch; the same as to a circuit.

use axum::extract::Request;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::actions::{
    self, Answer, Because, ForceStateBody, SetHold, close_anew, end_hold, set_hold,
};
use crate::desk::Desk;
use crate::named::NamedKey;
use crate::view::Branch;

pub(super) fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::new()
        .routes(routes!(force_state))
        .routes(routes!(hold, release))
        .routes(routes!(reset))
}

/// Move a branch's machine once (R16), also of a key that was never seen.
#[utoipa::path(post, path = "/api/v1/circuit-breakers/{name}/branches/{key}/force-state",
    tag = "branches", operation_id = "force_state_of_branch",
    params(
        ("name" = String, Path, description = "the circuit"),
        ("key" = String, Path, description = "the key"),
    ),
    request_body(content = ForceStateBody),
    responses(
        (status = 200, description = "the branch, moved", body = Branch),
        (status = 409, description = "under observe, or no room"),
    ))]
async fn force_state(named: NamedKey, request: Request) -> Answer {
    actions::move_once(named.into(), request).await
}

/// Hold one branch (R15), also one whose key was never seen.
#[utoipa::path(post, path = "/api/v1/circuit-breakers/{name}/branches/{key}/hold",
    tag = "branches", operation_id = "hold_branch",
    params(
        ("name" = String, Path, description = "the circuit"),
        ("key" = String, Path, description = "the key"),
    ),
    request_body(content = SetHold),
    responses(
        (status = 200, description = "the branch, held", body = Branch),
        (status = 409, description = "every other branch is held"),
    ))]
async fn hold(named: NamedKey, request: Request) -> Answer {
    set_hold(named.into(), request).await
}

/// End the hold of a branch. To end none is no error.
#[utoipa::path(delete, path = "/api/v1/circuit-breakers/{name}/branches/{key}/hold",
    tag = "branches", operation_id = "release_branch",
    params(
        ("name" = String, Path, description = "the circuit"),
        ("key" = String, Path, description = "the key"),
    ),
    request_body(content = Option<Because>),
    responses((status = 200, description = "the branch, held by nobody", body = Branch)))]
async fn release(named: NamedKey, request: Request) -> Answer {
    end_hold(named.into(), request).await
}

/// Close a branch and forget its backoff. A hold stays.
#[utoipa::path(post, path = "/api/v1/circuit-breakers/{name}/branches/{key}/reset",
    tag = "branches", operation_id = "reset_branch",
    params(
        ("name" = String, Path, description = "the circuit"),
        ("key" = String, Path, description = "the key"),
    ),
    request_body(content = Option<Because>),
    responses((status = 200, description = "the branch, closed", body = Branch)))]
async fn reset(named: NamedKey, request: Request) -> Answer {
    close_anew(named.into(), request).await
}
