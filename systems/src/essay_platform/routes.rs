//! What the services answer.

use std::convert::Infallible;
use std::sync::Arc;

use axum::error_handling::HandleErrorLayer;
use axum::extract::rejection::JsonRejection;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response, Result};
use axum::routing::post;
use axum::{Json, Router};
use fusebox::{CallError, CircuitBreaker};
use fusebox_tower::axum::Rejected;
use fusebox_tower::limit::{LimitError, LimitLayer};
use serde::Deserialize;
use serde_json::{Value, json};

use super::clients::{ConductorClient, Pipeline, ProtectedConductorClient, when_away};
use super::content::Texts;
use super::events::Events;
use super::providers::{AiFailed, Providers};
use crate::call::{CallFailed, Client};
use crate::problem::Problem;

/// The orchestrator's own pipeline, for the time when nobody can tell a better one.
const DEFAULT_PIPELINE: [&str; 2] = ["spell_check", "assessment"];
/// Words that are often misspelt, and how.
const MISSPELT: [(&str, &str); 5] = [
    ("recieve", "receive"),
    ("seperate", "separate"),
    ("definately", "definitely"),
    ("occured", "occurred"),
    ("untill", "until"),
];
/// A longer essay is refused before any provider is asked: no provider is to blame for it.
const ESSAY_BYTES_MAX: usize = 100_000;
const BODY_BYTES_MAX: usize = 16_384;

/// What the routes need.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) conductor: ProtectedConductorClient<Client>,
    pub(super) checked: Texts,
    pub(super) assessed: Texts,
    pub(super) providers: Providers,
    pub(super) events: Events,
}

type Shared = State<Arc<Desk>>;
type Answer = Result<Json<Value>>;

/// The routes of each service.
pub(super) fn services(desk: &Arc<Desk>) -> [(&'static str, Router); 3] {
    let routes = |path, to| Router::new().route(path, to).with_state(Arc::clone(desk));
    [
        (
            "batch_orchestrator",
            routes("/v1/batches/{id}/pipeline", post(resolve)),
        ),
        (
            "spell_checker",
            routes("/v1/essays/{id}/spellcheck", post(spell_check)),
        ),
        ("cj_assessment", routes("/v1/assessments", post(assess))),
    ]
}

/// A service takes so many calls at a time, and refuses more at once.
pub(super) fn limited(routes: Router, calls_max: usize) -> Router {
    let refused = HandleErrorLayer::new(async |error: LimitError<Infallible>| error);
    routes
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer((refused, LimitLayer::new(calls_max)))
}

async fn resolve(State(desk): Shared, Path(batch): Path<String>) -> Answer {
    check_id(&batch)?;
    let circuit = *ProtectedConductorClient::breaker(&desk.conductor);
    let default = when_away("default_pipeline", || Some(None));
    let asked = desk.conductor.pipeline(&batch).await.map(Some);
    let asked = circuit.or_fallback(&default, asked.map_err(CallError::Failed));
    let (source, steps) = match asked.map_err(|error| unanswered(circuit, error.into()))? {
        Some(Pipeline { steps }) => ("conductor", steps),
        None => ("default", DEFAULT_PIPELINE.map(str::to_owned).into()),
    };
    let answer = json!({ "batch_id": batch, "pipeline": steps, "source": source });
    tell(&desk, "batch.pipeline_resolved", &batch, answer).await
}

async fn spell_check(State(desk): Shared, Path(essay): Path<String>) -> Answer {
    let text = text(&desk.checked, &essay).await?;
    let words = text.split(|c: char| !c.is_alphabetic());
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    let mut corrections = Vec::new();
    for word in &words {
        let known = |(wrong, _): &&(&str, &str)| *wrong == word.to_lowercase();
        if let Some((_, right)) = MISSPELT.iter().find(known) {
            corrections.push(json!({ "word": word, "correction": right }));
        }
    }
    Ok(Json(json!({
        "essay_id": essay, "words": words.len(), "corrections": corrections,
    })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    essay_id: String,
}

async fn assess(State(desk): Shared, wanted: Result<Json<Wanted>, JsonRejection>) -> Answer {
    let Json(Wanted { essay_id }) = wanted.map_err(Problem::from)?;
    let text = text(&desk.assessed, &essay_id).await?;
    if text.len() > ESSAY_BYTES_MAX {
        let detail = format!("an essay has at most {ESSAY_BYTES_MAX} bytes");
        return Err(Problem::new(413, "The essay is too long", detail).into());
    }
    let prompt = format!("Assess this essay in a few sentences.\n\n{text}");
    let (text, by) = desk.providers.write(&prompt).await.map_err(|error| {
        tracing::error!(%error, "no provider has an answer");
        match error.rejection() {
            Some(no) => Rejected::from(no).into_response(),
            None if error.tried.iter().all(|(_, no)| AiFailed::is_refusal(no)) => {
                Problem::new(422, "The essay is refused", "no provider takes it").into_response()
            }
            None => unavailable("no provider has an answer"),
        }
    })?;
    let answer = json!({ "essay_id": essay_id, "assessment": text, "provider": by });
    tell(&desk, "essay.assessed", &essay_id, answer).await
}

/// Answers what was told to the rest of the world, and where that is. An event that is neither sent
/// nor kept is never dropped in silence.
async fn tell(desk: &Desk, event: &str, id: &str, mut answer: Value) -> Answer {
    let told = desk.events.tell(event, id, answer.clone()).await;
    answer["event"] = told
        .map_err(|error| {
            tracing::error!(%error, "an event is not safe");
            unavailable("it was done, and its event could not be kept: ask again")
        })?
        .into();
    Ok(Json(answer))
}

async fn text(texts: &Texts, essay: &str) -> Result<String> {
    check_id(essay)?;
    let read = texts.read(essay).await;
    Ok(read.map_err(|error| unanswered(texts.circuit, error))?)
}

/// Nothing else is an id, so that it may stand in a path as it is.
fn check_id(id: &str) -> Result<(), Problem> {
    let is_fine = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if (1..=64).contains(&id.len()) && id.bytes().all(is_fine) {
        return Ok(());
    }
    Err(Problem::new(
        422,
        "No id",
        "an id has 1 to 64 letters, digits, '-' and '_'",
    ))
}

/// No answer, and no fallback that has one.
fn unanswered(circuit: &CircuitBreaker, error: CallFailed) -> Response {
    match error {
        CallFailed::Rejected(no) => Rejected::of(circuit, no).into_response(),
        CallFailed::Status(StatusCode::NOT_FOUND | StatusCode::GONE) => {
            Problem::new(404, "Not there", "nothing has this id").into_response()
        }
        error => unavailable(&error.to_string()),
    }
}

fn unavailable(detail: &str) -> Response {
    Problem::new(503, "No answer now", detail).into_response()
}
