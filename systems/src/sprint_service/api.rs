//! What callers see.

use std::sync::Arc;

use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use fusebox::CircuitBreaker;
use fusebox_tower::axum::RetryAfter;
use serde_json::{Value, json};

use super::creation::{NotStarted, Sprints};
use super::entry::{Entry, Stage, Wanted};
use crate::problem::detail;

const NO_PROJECT: &str = "Project Service is currently unavailable or project not found.";
const NO_BACKLOG: &str = "Backlog Service is currently unavailable.";
const NO_BOOK: &str = "Sprints cannot be kept at the moment.";

pub(super) fn routes(sprints: Arc<Sprints>) -> Router {
    Router::new()
        .route("/sprints/{project}", post(start).get(list))
        .with_state(sprints)
}

async fn start(
    State(sprints): State<Arc<Sprints>>,
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
    match sprints.start(&project, wanted).await {
        Ok(sprint) => {
            let name = &sprint.wanted.sprint_name;
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
            let (text, circuit) = match error {
                NotStarted::Project(_) => (NO_PROJECT, Some(sprints.projects.0.circuit)),
                NotStarted::Book(_) => (NO_BOOK, None),
                _ => (NO_BACKLOG, Some(sprints.backlog.0.circuit)),
            };
            unavailable(text, circuit)
        }
    }
}

/// The started sprints of a project, and how many are to be settled.
async fn list(State(sprints): State<Arc<Sprints>>, Path(project): Path<String>) -> Response {
    let Ok(all) = sprints.book.of(&project).await else {
        return unavailable(NO_BOOK, None);
    };
    let at = |stage| all.iter().filter(move |sprint| sprint.stage == stage);
    let started: Vec<Value> = at(Stage::Started).map(Entry::shown).collect();
    Json(json!({ "sprints": started, "unsettled": at(Stage::Starting).count() })).into_response()
}

/// 503; when a circuit is open, with the time to come back.
fn unavailable(text: &str, circuit: Option<&CircuitBreaker>) -> Response {
    let answer = detail(StatusCode::SERVICE_UNAVAILABLE, text);
    (circuit.map(RetryAfter::of), answer).into_response()
}

fn refused(text: &str) -> Response {
    detail(StatusCode::UNPROCESSABLE_ENTITY, text).into_response()
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
