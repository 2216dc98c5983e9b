//! The main breaker: shown, opened and closed (R18).

use axum::Json;
use axum::extract::{Request, State};
use fusebox::Author;
use serde::Deserialize;

use crate::actions::{AUTHOR, Answer, checked};
use crate::problem::Problem;
use crate::{Desk, body, view};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with a state")]
struct Turn {
    state: String,
    reason: Option<String>,
}

/// `{"state", "reason", "author", "since", "circuit"}`, null where it is closed.
pub(crate) async fn show(State(desk): State<Desk>) -> Answer {
    Ok(shown(&desk))
}

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
