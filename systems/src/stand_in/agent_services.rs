//! Stand-ins for what the agent orchestrator calls: RAG, rule generation, notifier, VMS and
//! prediction, each with its switches.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::State;
use axum::http::uri::InvalidUri;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::switches::Switches;
use crate::hosting::Hosted;

/// All five.
#[derive(Debug)]
pub struct AgentServices {
    /// `POST /query`.
    pub rag: Agent,
    /// `POST /rules`.
    pub rules: Agent,
    /// `POST /notifications`, known by their `Idempotency-Key`; `GET` shows them.
    pub notifier: Agent,
    /// `POST /vms`.
    pub vms: Agent,
    /// `POST /predictions`.
    pub prediction: Agent,
    notifications: Notifications,
}

/// One of them.
#[derive(Debug)]
pub struct Agent {
    hosted: Hosted,
    /// How it behaves.
    pub switches: Switches,
}

/// What the notifier was sent, by its key, and how often.
type Notifications = Arc<Mutex<BTreeMap<String, Vec<Value>>>>;

impl AgentServices {
    /// Starts them on ports that the system chooses.
    ///
    /// # Errors
    /// No port can be listened on.
    pub async fn start() -> std::io::Result<Self> {
        let notifications = Notifications::default();
        let notify = Router::new()
            .route("/notifications", post(notify).get(list))
            .with_state(Arc::clone(&notifications));
        let vms = async || Json(json!({ "cameras": 4, "recording": true }));
        let prediction = async || Json(json!({ "risk": 0.12 }));
        Ok(Self {
            rag: Agent::start(Router::new().route("/query", post(explain))).await?,
            rules: Agent::start(Router::new().route("/rules", post(assess))).await?,
            notifier: Agent::start(notify).await?,
            vms: Agent::start(Router::new().route("/vms", post(vms))).await?,
            prediction: Agent::start(Router::new().route("/predictions", post(prediction))).await?,
            notifications,
        })
    }

    /// Each with its name.
    pub fn all(&self) -> [(&'static str, &Agent); 5] {
        [
            ("rag", &self.rag),
            ("rule-generation", &self.rules),
            ("notifier", &self.notifier),
            ("vms", &self.vms),
            ("prediction", &self.prediction),
        ]
    }

    /// Where they are, a line for each.
    pub fn told(&self) -> String {
        let line = |(name, agent): (&str, &Agent)| format!("{name} listens on {}\n", agent.url());
        self.all().map(line).concat()
    }

    /// Where they are, in the order of [`all`](Self::all).
    ///
    /// # Errors
    /// None that can happen: a socket's address is one.
    pub fn addresses(&self) -> Result<[Uri; 5], InvalidUri> {
        Ok([
            self.rag.url().parse()?,
            self.rules.url().parse()?,
            self.notifier.url().parse()?,
            self.vms.url().parse()?,
            self.prediction.url().parse()?,
        ])
    }

    /// What the notifier was told, by key, with every repeat.
    pub fn notifications(&self) -> BTreeMap<String, Vec<Value>> {
        lock(&self.notifications).clone()
    }
}

impl Agent {
    async fn start(routes: Router) -> std::io::Result<Self> {
        let switches = Switches::new();
        let routes = switches.over(routes);
        Ok(Self {
            hosted: Hosted::start(([127, 0, 0, 1], 0).into(), routes).await?,
            switches,
        })
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        self.hosted.url()
    }
}

fn lock(notifications: &Notifications) -> MutexGuard<'_, BTreeMap<String, Vec<Value>>> {
    let locked = notifications.lock();
    locked.unwrap_or_else(PoisonError::into_inner)
}

async fn explain(Json(request): Json<Value>) -> Json<Value> {
    Json(json!({
        "linked_explanation": "a pump that runs hot before it fails",
        "retrieved_context": [request["query"]],
        "confidence_score": 0.93,
    }))
}

/// What it says depends on the context that it was given.
async fn assess(Json(question): Json<Value>) -> Json<Value> {
    let confidence = &question["context"]["confidence_score"];
    let is_sure = confidence.as_f64().is_some_and(|score| score > 0.5);
    Json(json!({
        "rules_triggered": if is_sure { vec!["overheating"] } else { Vec::new() },
        "severity": if is_sure { "high" } else { "low" },
        "confidence": confidence,
        "explanation": "by the rules of the plant",
    }))
}

async fn notify(
    State(notifications): State<Notifications>,
    headers: HeaderMap,
    Json(notification): Json<Value>,
) -> Response {
    let key = headers.get("idempotency-key");
    let Some(key) = key.and_then(|key| key.to_str().ok()) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let mut notifications = lock(&notifications);
    let sent = notifications.entry(key.to_owned()).or_default();
    sent.push(notification);
    Json(json!({ "status": "sent", "repeats": sent.len() - 1 })).into_response()
}

async fn list(State(notifications): State<Notifications>) -> Json<Value> {
    let notifications = lock(&notifications);
    let one = |(key, sent): (&String, &Vec<Value>)| json!({ "key": key, "times": sent.len() });
    Json(notifications.iter().map(one).collect())
}
