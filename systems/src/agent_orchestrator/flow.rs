//! The sequence: RAG, the rules with its context, the notifier; and `POST /api/v1/orchestrate`.

use std::collections::BTreeMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher, Hasher};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::JsonRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::HeaderMap;
use axum::routing::post;
use axum::{Json, Router};
use fusebox_queue::{MessageState, PushError, Queue, QueueError};
use serde_json::{Map, Value, json};
use tokio::time::timeout;

use super::agent::{Agent, Step};
use crate::call::post_later;
use crate::problem::Problem;

/// More than any question has; what answers hold goes on top of it.
const REQUEST_BYTES_MAX: usize = 256 << 10;

/// The longest that an answer waits for the disk.
const DISK_WITHIN: Duration = Duration::from_secs(2);

/// All services, and what waits for the notifier.
#[derive(Debug)]
pub(super) struct Flow {
    pub(super) rag: Agent,
    pub(super) rules: Agent,
    pub(super) notifier: Agent,
    pub(super) vms: Agent,
    pub(super) prediction: Agent,
    pub(super) notifications: Queue,
}

pub(super) fn routes(flow: Arc<Flow>) -> Router {
    Router::new()
        .route("/api/v1/orchestrate", post(orchestrate))
        .layer(DefaultBodyLimit::max(REQUEST_BYTES_MAX))
        .with_state(flow)
}

async fn orchestrate(
    State(flow): State<Arc<Flow>>,
    headers: HeaderMap,
    request: Result<Json<Map<String, Value>>, JsonRejection>,
) -> Result<Json<Value>, Problem> {
    let key = key(&headers)?;
    let Json(request) = request?;
    Ok(Json(flow.run(&key, request).await))
}

impl Flow {
    async fn run(&self, key: &str, request: Map<String, Value>) -> Value {
        // Asked only by name, and last, so that they delay nothing.
        let vms = request.get("vms").cloned();
        let prediction = request.get("prediction").cloned();
        let request = Value::Object(request);

        let rag = asked(&self.rag, key, &request).await;
        let question = json!({ "request": request, "context": rag.result });
        let rules = asked(&self.rules, key, &question).await;
        let notification = json!({ "request": request, "rag": rag.result, "rules": rules.result });
        let notifier = self.notify(&key_of(key, &request), &notification).await;
        let mut steps = vec![("rag", rag), ("rules", rules), ("notifier", notifier)];
        if let Some(question) = vms {
            steps.push(("vms", asked(&self.vms, key, &question).await));
        }
        if let Some(question) = prediction {
            steps.push(("prediction", asked(&self.prediction, key, &question).await));
        }

        let all = [
            &self.rag,
            &self.rules,
            &self.notifier,
            &self.vms,
            &self.prediction,
        ];
        let states = all.map(|agent| (agent.service.circuit, agent.state().as_str()));
        let fallback_used = steps.iter().any(|(_, step)| step.fallback_used);
        json!({
            "steps": BTreeMap::from_iter(steps),
            "fallback_used": fallback_used,
            "circuits": BTreeMap::from(states),
        })
    }

    /// Tells the notifier, or puts the notification where it waits for it. One that waits already,
    /// or did, is not sent a second time from here.
    async fn notify(&self, key: &str, notification: &Value) -> Step {
        let notifier = &self.notifier;
        // A disk that hangs holds up no answer.
        let known = timeout(DISK_WITHIN, self.notifications.by_idempotency_key(key)).await;
        let known = known.ok().and_then(Result::ok).flatten();
        let is_kept = known.is_some_and(|known| is_kept(known.state));
        if is_kept && notifier.circuit.fallback_enabled() {
            return notifier.repeated();
        }
        let answer = notifier.ask(key, notification).await;
        let is_queued = answer.is_err() && self.queue(key, notification).await;
        notifier.step(answer, "queued", is_queued.then(notifier.service.fallback))
    }

    /// Whether it will be sent later.
    async fn queue(&self, key: &str, notification: &Value) -> bool {
        if !self.notifier.circuit.fallback_enabled() {
            return false;
        }
        let message = post_later(self.notifier.service.path, key, notification.to_string());
        let pushed = timeout(DISK_WITHIN, self.notifications.push(message)).await;
        let late = QueueError::Slow { after: DISK_WITHIN };
        match pushed.unwrap_or(Err(late.into())) {
            Ok(pushed) => pushed.before.is_none_or(is_kept),
            // Of the same request, when the other services answered otherwise.
            Err(PushError::Mismatch { .. }) => true,
            Err(error) => {
                tracing::error!(%error, "a notification cannot be kept");
                false
            }
        }
    }
}

/// Whether what stands so was sent, or will be.
const fn is_kept(state: MessageState) -> bool {
    !matches!(state, MessageState::Dead | MessageState::Expired)
}

/// The key of a request's notification: two requests under one key of the caller's are two.
fn key_of(key: &str, request: &Value) -> String {
    let hasher = BuildHasherDefault::<DefaultHasher>::default();
    format!("{key}-{:016x}", hasher.hash_one(request.to_string()))
}

async fn asked(agent: &Agent, key: &str, question: &Value) -> Step {
    let answer = agent.ask(key, question).await;
    agent.step(answer, "fixed", Some((agent.service.fallback)()))
}

/// The caller's `Idempotency-Key`, by which a repeated request is known, or a new one.
fn key(headers: &HeaderMap) -> Result<String, Problem> {
    let Some(given) = headers.get("idempotency-key") else {
        let random = || RandomState::new().build_hasher().finish();
        return Ok(format!("{:016x}{:016x}", random(), random()));
    };
    let is_fine = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let given = given.to_str().unwrap_or_default();
    let is_one = (1..=100).contains(&given.len()) && given.bytes().all(is_fine);
    let detail = "Idempotency-Key: 1 to 100 letters, digits, '.', '_' and '-'";
    let wrong = || Problem::new(422, "Not a key", detail);
    is_one.then(|| given.to_owned()).ok_or_else(wrong)
}
