//! Switches that make a stand-in behave badly: over HTTP (`POST /switches`) or by a handle.
//!
//! ```sh
//! curl -X POST $URL/switches -H 'Content-Type: application/json' -d '{"mode": "fail"}'
//! curl -X POST $URL/switches -H 'Content-Type: application/json' \
//!     -d '{"mode": "drop", "at": "answer", "only": "/assignments", "times": 1}'
//! curl $URL/switches     # what is switched, and how many calls came since the start
//! ```

use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::watch;

/// How calls go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// As they should.
    #[default]
    Well,
    /// They are answered 503, or [`Behaviour::status`].
    Fail,
    /// They are answered 422: refused for good.
    Refuse,
    /// They are never answered; once the mode is another one, their connection breaks.
    Hang,
    /// They take [`Behaviour::millis`] longer.
    Slow,
    /// Their connection is closed without an answer.
    Drop,
}

/// When in the course of a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum At {
    /// Before anything is done.
    #[default]
    Call,
    /// When all is done, in place of the answer: the caller cannot know that it was done.
    Answer,
}

/// What is switched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Behaviour {
    /// How calls go.
    pub mode: Mode,
    /// When in the course of a call that shows.
    pub at: At,
    /// For `slow`: so many milliseconds.
    pub millis: u64,
    /// For `fail`: the status of the answer.
    pub status: u16,
    /// Only calls whose path begins so; others go well.
    pub only: Option<String>,
    /// For so many calls, then all is well again; `None`: until it is switched anew.
    pub times: Option<u32>,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            mode: Mode::Well,
            at: At::Call,
            millis: 1_000,
            status: 503,
            only: None,
            times: None,
        }
    }
}

impl From<Mode> for Behaviour {
    fn from(mode: Mode) -> Self {
        Self {
            mode,
            ..Self::default()
        }
    }
}

/// The switches of one stand-in. A clone is the same.
#[derive(Clone, Debug, Default)]
pub struct Switches {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    state: Mutex<Switched>,
    /// Wakes what hangs: a number that every switching raises.
    turned: watch::Sender<u64>,
}

#[derive(Clone, Debug, Default, Serialize)]
struct Switched {
    #[serde(flatten)]
    behaviour: Behaviour,
    calls: u64,
}

impl Switches {
    /// All well.
    pub fn new() -> Self {
        Self::default()
    }

    /// Switches, in place of what was switched before.
    pub fn turn(&self, behaviour: impl Into<Behaviour>) {
        self.lock().behaviour = behaviour.into();
        self.inner.turned.send_modify(|turned| *turned += 1);
    }

    /// How many calls came, whatever became of them.
    pub fn calls(&self) -> u64 {
        self.lock().calls
    }

    /// Puts the switches over the routes of a stand-in, and adds their own route.
    pub fn over(&self, routes: Router) -> Router {
        let control = get(show).post(turn).with_state(self.clone());
        routes
            .layer(middleware::from_fn_with_state(self.clone(), behave))
            .route("/switches", control)
    }

    /// What this call meets.
    fn meet(&self, path: &str) -> Behaviour {
        let mut switched = self.lock();
        switched.calls += 1;
        let behaviour = switched.behaviour.clone();
        let only = behaviour.only.as_deref();
        if behaviour.mode == Mode::Well || only.is_some_and(|only| !path.starts_with(only)) {
            return Behaviour::default();
        }
        match &mut switched.behaviour.times {
            Some(0) => return Behaviour::default(),
            Some(left) => *left -= 1,
            None => {}
        }
        behaviour
    }

    /// Waits until it is switched anew.
    async fn turned(&self) {
        let mut turned = self.inner.turned.subscribe();
        // The sender lives as long as `self`.
        let _ = turned.changed().await;
    }

    fn lock(&self) -> MutexGuard<'_, Switched> {
        let state = &self.inner.state;
        state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn behave(State(switches): State<Switches>, request: Request, next: Next) -> Response {
    let behaviour = switches.meet(request.uri().path());
    if behaviour.at == At::Answer {
        let answer = next.run(request).await;
        return misbehave(&switches, &behaviour).await.unwrap_or(answer);
    }
    match misbehave(&switches, &behaviour).await {
        Some(answer) => answer,
        None => next.run(request).await,
    }
}

/// Does what is switched; the answer, if it is another than the call's own.
async fn misbehave(switches: &Switches, behaviour: &Behaviour) -> Option<Response> {
    match behaviour.mode {
        Mode::Well => None,
        Mode::Slow => {
            // tidy-allow(sleep): a stand-in that is slow on purpose
            tokio::time::sleep(Duration::from_millis(behaviour.millis)).await;
            None
        }
        Mode::Fail => {
            let status = StatusCode::from_u16(behaviour.status);
            let status = status.unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
            Some(told(status, "switched to fail"))
        }
        Mode::Refuse => Some(told(StatusCode::UNPROCESSABLE_ENTITY, "switched to refuse")),
        Mode::Hang => {
            switches.turned().await;
            break_connection()
        }
        Mode::Drop => break_connection(),
    }
}

fn told(status: StatusCode, detail: &str) -> Response {
    (status, Json(json!({ "detail": detail }))).into_response()
}

/// Ends the task of the connection: the peer sees it closed in place of an answer. A handler has no
/// other way to answer nothing at all; unwinding like this calls no panic hook and prints nothing.
fn break_connection() -> ! {
    resume_unwind(Box::new("the connection is dropped on purpose"))
}

async fn show(State(switches): State<Switches>) -> Json<Switched> {
    Json(switches.lock().clone())
}

async fn turn(
    State(switches): State<Switches>,
    Json(behaviour): Json<Behaviour>,
) -> Json<Switched> {
    switches.turn(behaviour);
    show(State(switches)).await
}
