//! The page and its interface: state, stream, and two acts.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use fusebox_admin::Problem;
use fusebox_admin::host::{in_pieces, json_body, page, this_machine_only};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

use super::cast::{self, UPSTREAMS};
use super::fault::Fault;
use super::ground::Ground;

const PAGE: &str = include_str!("dist/index.html");
const FILES: [(&str, &str); 2] = [
    ("arena.js", include_str!("dist/arena.js")),
    ("arena.css", include_str!("dist/arena.css")),
];

/// Between two documents of the stream.
const FRAME: Duration = Duration::from_millis(250);

/// What the routes share.
#[derive(Debug, Clone)]
struct Desk {
    ground: Arc<Ground>,
    /// The last document, as it is streamed; ends when the arena does.
    latest: watch::Receiver<Bytes>,
}

/// All routes, open to this machine's user only.
pub(super) fn routes(ground: Arc<Ground>, latest: watch::Receiver<Bytes>) -> Router {
    let api = Router::new()
        .route("/api/state", get(state))
        .route("/api/stream", get(stream))
        .route("/api/upstreams/{name}/fault", post(fault))
        .route("/api/reset", post(reset))
        .with_state(Desk { ground, latest });
    this_machine_only(page(PAGE, &FILES).merge(api))
}

/// Four times a second: keeps where the course is, and writes the document for the stream while
/// anybody reads it.
pub(super) async fn report(ground: Arc<Ground>, latest: watch::Sender<Bytes>) {
    let mut frame = interval(FRAME);
    frame.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        frame.tick().await;
        ground.go_on();
        // One receiver is the routes' own.
        if latest.receiver_count() > 1 {
            latest.send_replace(event(&ground.to_json()));
        }
    }
}

fn event(document: &Value) -> Bytes {
    Bytes::from(format!("data: {document}\n\n"))
}

async fn state(State(desk): State<Desk>) -> Json<Value> {
    Json(desk.ground.to_json())
}

async fn stream(State(desk): State<Desk>) -> Response {
    let first = event(&desk.ground.with_its_course());
    let media_type = [(header::CONTENT_TYPE, "text/event-stream")];
    let documents = in_pieces((desk.latest, Some(first)), next);
    (media_type, documents).into_response()
}

/// A reader's next document. A slow reader misses some, and never holds more than one.
async fn next(
    (mut latest, first): (watch::Receiver<Bytes>, Option<Bytes>),
) -> Option<((watch::Receiver<Bytes>, Option<Bytes>), Bytes)> {
    let document = match first {
        Some(first) => first,
        None => {
            latest.changed().await.ok()?;
            latest.borrow_and_update().clone()
        }
    };
    Some(((latest, None), document))
}

/// What is to be wrong with an upstream; null: nothing.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    fault: Value,
}

async fn fault(
    State(desk): State<Desk>,
    Path(name): Path<String>,
    request: Request,
) -> Result<Json<Value>, Problem> {
    let Some(upstream) = cast::find(&name) else {
        let known = UPSTREAMS.map(|role| role.name).join(", ");
        let detail = format!("there is no upstream named {name:?}; there are {known}");
        let (status, title) = (StatusCode::NOT_FOUND, "Unknown upstream");
        return Err(Problem::new(status, "unknown-upstream", title, detail));
    };
    let wish: Wish = json_body(request).await?;
    let fault = match &wish.fault {
        Value::Null => None,
        Value::String(name) => Some(Fault::named(name).ok_or_else(unknown_fault)?),
        _ => return Err(unknown_fault()),
    };
    desk.ground.turn(upstream, fault);
    Ok(Json(desk.ground.upstream(upstream)))
}

fn unknown_fault() -> Problem {
    let known = Fault::ALL.map(Fault::name).join(", ");
    let detail = format!("fault: one of {known}, or null");
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    Problem::new(status, "unknown-fault", "Unknown fault", detail)
}

/// Nothing is asked for but that it is done.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

async fn reset(State(desk): State<Desk>, request: Request) -> Result<Json<Value>, Problem> {
    let Nothing {} = json_body(request).await?;
    desk.ground.reset();
    Ok(Json(desk.ground.to_json()))
}
