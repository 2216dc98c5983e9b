//! What callers see.

use std::sync::Arc;

use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use fusebox::CircuitBreaker;
use fusebox_admin::{Phase, Readiness};
use serde_json::{Value, json};

use super::creation::{Creation, NotStarted};
use super::entry::{Entry, Stage, Wanted};

const NO_PROJECT: &str = "Project Service is currently unavailable or project not found.";
const NO_BACKLOG: &str = "Backlog Service is currently unavailable.";
const NO_BOOK: &str = "Sprints cannot be kept at the moment.";

/// The routes. `/livez` and `/readyz` are for who starts the service, and tell nothing of circuits.
pub(super) fn routes(creation: Arc<Creation>, readiness: Readiness) -> Router {
    let ready = move || async move {
        match readiness.phase() {
            Phase::Ready => (StatusCode::OK, "ready\n"),
            _ => (StatusCode::SERVICE_UNAVAILABLE, "not ready\n"),
        }
    };
    Router::new()
        .route("/sprints/{project}", post(start).get(list))
        .with_state(creation)
        .route("/livez", get(async || "alive\n"))
        .route("/readyz", get(ready))
}

async fn start(
    State(creation): State<Arc<Creation>>,
    Path(project): Path<String>,
    wanted: Result<Json<Wanted>, JsonRejection>,
) -> Response {
    let wanted = match wanted {
        Ok(Json(wanted)) if is_fine(&wanted) => wanted,
        Ok(_) => return refused("sprint_name has 1 to 200 characters, duration_weeks is 1 to 520"),
        Err(error) => return refused(&error.body_text()),
    };
    if !is_project(&project) {
        return unavailable(NO_PROJECT, None);
    }
    let name = wanted.sprint_name.clone();
    match creation.start(&project, wanted).await {
        Ok(sprint) => {
            let message = format!("Sprint '{name}' started successfully for project {project}");
            let body = json!({
                "message": message,
                "sprint_id": sprint.sprint_id(),
                "assigned_tasks_count": sprint.tasks.len(),
            });
            (StatusCode::CREATED, Json(body)).into_response()
        }
        Err(error) => {
            tracing::warn!(project, %error, "no sprint was started");
            let (detail, circuit) = match error {
                NotStarted::Project(_) => (NO_PROJECT, Some(creation.projects.circuit)),
                NotStarted::Backlog(_) | NotStarted::Waits => {
                    (NO_BACKLOG, Some(creation.backlog.circuit))
                }
                NotStarted::Book(_) => (NO_BOOK, None),
            };
            unavailable(detail, circuit)
        }
    }
}

/// The started sprints of a project.
async fn list(State(creation): State<Arc<Creation>>, Path(project): Path<String>) -> Response {
    match creation.book.of(project, Stage::Started).await {
        Ok(sprints) => {
            let sprints: Vec<Value> = sprints.iter().map(Entry::shown).collect();
            Json(json!({ "sprints": sprints })).into_response()
        }
        Err(_) => unavailable(NO_BOOK, None),
    }
}

/// 503; when a circuit is open, with the time to come back.
fn unavailable(detail: &str, circuit: Option<&CircuitBreaker>) -> Response {
    let body = Json(json!({ "detail": detail }));
    let answer = (StatusCode::SERVICE_UNAVAILABLE, body);
    let snapshot = circuit.map(CircuitBreaker::snapshot);
    let open = snapshot.filter(|circuit| circuit.effective_state() == fusebox::State::Open);
    match open.and_then(|circuit| circuit.retry_after) {
        Some(wait) => {
            let seconds = fusebox::duration::whole_seconds(wait).to_string();
            ([(header::RETRY_AFTER, seconds)], answer).into_response()
        }
        None => answer.into_response(),
    }
}

fn refused(detail: &str) -> Response {
    let body = Json(json!({ "detail": detail }));
    (StatusCode::UNPROCESSABLE_ENTITY, body).into_response()
}

fn is_fine(wanted: &Wanted) -> bool {
    let name = wanted.sprint_name.trim();
    !name.is_empty() && name.len() <= 200 && (1..=520).contains(&wanted.duration_weeks)
}

/// Nothing else is a project's name, so that it may stand in a path as it is.
fn is_project(text: &str) -> bool {
    let is_fine = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=64).contains(&text.len()) && text.bytes().all(is_fine)
}
