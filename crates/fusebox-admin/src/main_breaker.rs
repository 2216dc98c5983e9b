//! The main breaker: shown, opened and closed (R18).

use axum::Json;
use axum::extract::{Request, State};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::Caller;
use crate::actions::checked;
use crate::body;
use crate::desk::Desk;
use crate::problem::Problem;
use crate::view::{Main, MainState};

pub(crate) fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::new().routes(routes!(show, turn))
}

/// What the main breaker is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object with a state")]
pub(crate) struct TurnMain {
    #[schema(value_type = MainState)]
    state: String,
    #[schema(max_length = 1000)]
    reason: Option<String>,
}

/// The main breaker.
#[utoipa::path(get, path = "/api/v1/main", tag = "main",
    responses((status = 200, description = "open or closed", body = Main)))]
pub(crate) async fn show(State(desk): State<Desk>) -> Json<Main> {
    Json(Main::now(desk.registry.main()))
}

/// Open or close the main breaker (R18).
///
/// To open it twice is no error; the first reason stays.
#[utoipa::path(post, path = "/api/v1/main", tag = "main",
    request_body(content = TurnMain),
    responses((status = 200, description = "as it is now", body = Main)))]
pub(crate) async fn turn(
    State(desk): State<Desk>,
    request: Request,
) -> Result<Json<Main>, Problem> {
    let by = Caller::of(request.extensions())?.author();
    let asked: TurnMain = body::json(request).await?;
    let open = match asked.state.as_str() {
        "open" => true,
        "closed" => false,
        other => {
            let detail = format!("state: {other:?} is not open or closed");
            return Err(Problem::invalid(detail));
        }
    };
    let reason = checked(asked.reason)?;
    let main = desk.registry.main();
    if open {
        main.open(reason.as_deref().unwrap_or_default(), &by);
    } else {
        main.close(&by);
    }
    Ok(Json(Main::now(main)))
}
