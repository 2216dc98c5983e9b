//! The main breaker: shown, opened and closed (R18).

use axum::Json;
use axum::extract::{Request, State};
use fusebox::Author;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::actions::{AUTHOR, Answer, checked};
use crate::desk::Desk;
use crate::problem::Problem;
use crate::{body, view};

pub(crate) fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::new().routes(routes!(show, turn))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with a state")]
struct Turn {
    state: String,
    reason: Option<String>,
}

#[utoipa::path(get, path = "/api/v1/main", responses((status = 200)))]
/// `{"state", "reason", "author", "since", "circuit"}`, null where it is closed.
pub(crate) async fn show(State(desk): State<Desk>) -> Answer {
    Ok(shown(&desk))
}

#[utoipa::path(post, path = "/api/v1/main", responses((status = 200)))]
/// Opens or closes: `{"state": "open" | "closed", "reason"?}`. To open it twice is no error; the
/// first reason stays.
pub(crate) async fn turn(State(desk): State<Desk>, request: Request) -> Answer {
    let asked: Turn = body::json(request).await?;
    let open = match asked.state.as_str() {
        "open" => true,
        "closed" => false,
        other => {
            let detail = format!("state: {other:?} is not open or closed");
            return Err(Problem::invalid(detail));
        }
    };
    let reason = checked(asked.reason)?;
    let (main, by) = (desk.registry.main(), Author::new(AUTHOR));
    let turned = if open {
        main.open(reason.as_deref().unwrap_or_default(), &by)
    } else {
        main.close(&by)
    };
    let what = match (open, turned) {
        (true, true) => "opened",
        (true, false) => "was open",
        (false, true) => "closed",
        (false, false) => "was closed",
    };
    tracing::info!(
        author = AUTHOR,
        action = "main",
        what,
        reason,
        "an operator acted"
    );
    Ok(shown(&desk))
}

fn shown(desk: &Desk) -> Json<serde_json::Value> {
    let main = desk.registry.main();
    Json(view::main(main.opened().as_ref(), main.clock().now()))
}
