//! Campaigns and queue management over HTTP.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::SystemTime;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use fusebox_queue::Group;
use fusebox_queue::relay::{Incident, NotResumed};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::campaign::{Campaign, Wanted};
use super::desk::{Desk, global_circuit_state};
use crate::problem::Problem;

/// Who acts, in the queue's own lists.
const BY: &str = "queue-management";

type Shared = State<Arc<Desk>>;
type Answer = Result<Json<Value>, Problem>;
type Told = Result<Response, Problem>;

/// All routes of the service.
pub(super) fn routes(desk: Arc<Desk>) -> Router {
    let management = Router::new()
        .route("/pause-service", post(pause_service))
        .route("/resume-service", post(resume_service))
        .route("/circuit-breakers/{service}/reset", post(reset))
        .route("/resume-queue", post(resume_queue))
        .route("/status", get(status));
    Router::new()
        .route("/api/v1/campaigns", post(create))
        .route("/api/v1/campaigns/{id}", get(show))
        .nest("/api/v1/queue-management", management)
        .with_state(desk)
}

/// The shape of every good answer.
fn data(data: impl Into<Value>) -> Json<Value> {
    Json(json!({ "data": data.into() }))
}

fn refused(fault: impl Into<String>) -> Problem {
    Problem::new(422, "Not what belongs here", fault)
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(body).map_err(|error| refused(error.to_string()))
}

/// A repeat by the same `Idempotency-Key` gets the campaign that is there.
async fn create(State(desk): Shared, headers: HeaderMap, body: Bytes) -> Told {
    let (id, wanted) = (id_of(&headers)?, read::<Wanted>(&body)?);
    wanted.check(&desk.apis).map_err(refused)?;
    let campaign = Campaign { id, wanted };
    desk.jobs.push(campaign.plan()).await?;
    // It is there, whatever can be read of it now.
    let shown = desk.shown(&campaign.id).await.ok().flatten();
    let shown = shown.unwrap_or_else(|| json!({ "id": campaign.id }));
    Ok((StatusCode::CREATED, data(shown)).into_response())
}

/// The same for each repeat by one key, which may hold anything: so it is in hexadecimal.
fn id_of(headers: &HeaderMap) -> Result<String, Problem> {
    let key = headers.get("idempotency-key").map(HeaderValue::as_bytes);
    let key = key.unwrap_or_default();
    let name: String = match key.len() {
        // Without a counter to keep: seeded by the system: 64 bits by chance.
        0 => format!("{:016x}", RandomState::new().hash_one(SystemTime::now())),
        1..=64 => key.iter().map(|byte| format!("{byte:02x}")).collect(),
        _ => return Err(refused("Idempotency-Key: 1 to 64 bytes")),
    };
    Ok(format!("campaign-{name}"))
}

async fn show(State(desk): Shared, Path(id): Path<String>) -> Answer {
    let unknown = || Problem::new(404, "No campaign", "none has this id");
    desk.shown(&id).await?.map(data).ok_or_else(unknown)
}

/// What a person asks for. There is one breaker for all services, whichever is named. `epoch`, as
/// `status` told it: what was opened since then stays open.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Asked {
    service: String,
    reason: String,
    epoch: Option<u64>,
}

/// Opens the global breaker.
async fn pause_service(State(desk): Shared, body: Bytes) -> Answer {
    let asked: Asked = read(&body)?;
    desk.apis.check(&asked.service).map_err(refused)?;
    if !(1..=500).contains(&asked.reason.trim().len()) {
        return Err(refused("reason: 1 to 500 bytes"));
    }
    let incident = Incident {
        service: asked.service,
        error_type: "manual".to_owned(),
        error: asked.reason,
    };
    desk.breaker.record_failure(&incident, BY).await?;
    status(State(desk)).await
}

/// Closes the global breaker. What it paused stays paused.
async fn reset(State(desk): Shared, Path(service): Path<String>) -> Answer {
    desk.apis.check(&service).map_err(refused)?;
    desk.breaker.manually_close(BY).await?;
    status(State(desk)).await
}

/// Resumes everything.
async fn resume_service(State(desk): Shared, body: Bytes) -> Told {
    let asked: Asked = read(&body)?;
    desk.apis.check(&asked.service).map_err(refused)?;
    resume(&desk, asked.epoch).await
}

async fn resume_queue(State(desk): Shared, body: Bytes) -> Told {
    let asked: Option<Asked> = (!body.is_empty()).then(|| read(&body)).transpose()?;
    resume(&desk, asked.unwrap_or_default().epoch).await
}

/// Closes the breaker and resumes the campaigns, or says what speaks against it (409).
async fn resume(desk: &Desk, epoch: Option<u64>) -> Told {
    match desk.breaker.resume(epoch, BY).await {
        Ok(campaigns) => {
            let answer = json!({ "resumed": true, "campaigns_resumed": campaigns.len() });
            Ok(data(answer).into_response())
        }
        Err(NotResumed::Checks(failed)) => {
            let failed = failed.into_iter().map(|no| (no.check, no.detail));
            let failed: BTreeMap<_, _> = failed.collect();
            let answer = json!({ "resumed": false, "failed_checks": failed });
            Ok((StatusCode::CONFLICT, data(answer)).into_response())
        }
        Err(NotResumed::Queue(error)) => Err(error.into()),
    }
}

async fn status(State(desk): Shared) -> Answer {
    let queue = desk.jobs.stats();
    let campaigns = desk.jobs.groups().await?;
    let is_paused = |group: &&Group| desk.pause_of(&group.name).is_some();
    let paused = campaigns.iter().filter(is_paused).count();
    Ok(data(json!({
        "circuit_breaker": global_circuit_state(&desk.breaker),
        "queue": {
            "waiting": queue.depth.saturating_sub(queue.in_flight),
            "running": queue.in_flight,
            "failed": queue.dead_letters,
        },
        "campaigns": { "running": campaigns.len() - paused, "paused": paused },
    })))
}
