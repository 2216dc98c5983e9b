//! The page and its interface: state, stream, and two acts.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use fusebox_admin::Problem;
use fusebox_admin::host::{json_body, page, this_machine_only};
use http_body::Frame;
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

/// Writes the document for the stream, four times a second, while anybody reads it.
pub(super) async fn report(ground: Arc<Ground>, latest: watch::Sender<Bytes>) {
    let mut frame = interval(FRAME);
    frame.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        frame.tick().await;
        // One receiver is the routes' own.
        if latest.receiver_count() > 1 {
            latest.send_replace(event(&ground));
        }
    }
}

fn event(ground: &Ground) -> Bytes {
    Bytes::from(format!("data: {}\n\n", ground.to_json()))
}

async fn state(State(desk): State<Desk>) -> Json<Value> {
    Json(desk.ground.to_json())
}

async fn stream(State(desk): State<Desk>) -> Response {
    let first = event(&desk.ground);
    let frames = Frames {
        next: Box::pin(async move { Some((desk.latest, first)) }),
    };
    let media_type = [(header::CONTENT_TYPE, "text/event-stream")];
    (media_type, Body::new(frames)).into_response()
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

type Next = Pin<Box<dyn Future<Output = Option<(watch::Receiver<Bytes>, Bytes)>> + Send>>;

/// A reader's documents. A slow reader misses some, and never holds more than one.
struct Frames {
    next: Next,
}

impl http_body::Body for Frames {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Some((mut latest, frame)) = ready!(self.next.as_mut().poll(cx)) else {
            self.next = Box::pin(async { None });
            return Poll::Ready(None);
        };
        self.next = Box::pin(async move {
            latest.changed().await.ok()?;
            let frame = latest.borrow_and_update().clone();
            Some((latest, frame))
        });
        Poll::Ready(Some(Ok(Frame::data(frame))))
    }
}
