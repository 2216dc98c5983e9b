//! Receipts that a person has to look at.

use axum::Json;
use axum::extract::{Path, Query, State};
use fusebox_queue::{Attempt, MessageId, Query as Which, Record, Selection};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::desk::Desk;
use super::problem::Problem;
use super::receipts::Shown;

/// Dead letters on one page, unless somebody asks for another number.
const PAGE: usize = 100;

#[derive(Debug, Deserialize)]
pub(super) struct Paging {
    limit: Option<usize>,
    after: Option<MessageId>,
}

/// A dead letter with all that is known of it.
#[derive(Debug, Serialize)]
pub(super) struct DeadLetter {
    #[serde(flatten)]
    shown: Shown,
    /// Why: `refused`, `attempts`, `crashes`, `expired` or `corrupt`.
    reason: Value,
    history: Vec<Attempt>,
    receipt: Value,
}

/// `GET /v1/dead-letters`: the oldest first.
pub(super) async fn list(
    State(desk): State<Desk>,
    Query(paging): Query<Paging>,
) -> Result<Json<Value>, Problem> {
    let which = Which {
        queue: Some(desk.queue.name().to_string()),
        dead: true,
        after: paging.after,
        limit: paging.limit.unwrap_or(PAGE).clamp(1, 1000),
        ..Which::default()
    };
    let page = desk.queue.queues().messages(which).await?;
    let items: Vec<_> = page.items.iter().map(Shown::of).collect();
    Ok(Json(json!({ "items": items, "next": page.next })))
}

/// `GET /v1/dead-letters/{id}`.
pub(super) async fn show(
    State(desk): State<Desk>,
    Path(id): Path<String>,
) -> Result<Json<DeadLetter>, Problem> {
    let record = dead(&desk, &id).await?;
    Ok(Json(DeadLetter {
        shown: Shown::of(&record),
        reason: json!(record.death),
        receipt: serde_json::from_slice(&record.body).unwrap_or_default(),
        history: record.history,
    }))
}

/// `POST /v1/dead-letters/{id}/retry`: it goes before all that wait for its terminal.
pub(super) async fn retry(
    State(desk): State<Desk>,
    Path(id): Path<String>,
) -> Result<Json<Shown>, Problem> {
    let record = dead(&desk, &id).await?;
    let retried = desk.queue.queues().retry(Selection::Ids(vec![record.id])).await?;
    if retried == 0 {
        let detail = "it is damaged, or somebody was faster";
        return Err(Problem::new(409, "Not retried", detail));
    }
    tracing::info!(receipt = id, "a dead letter is tried again");
    Ok(Json(Shown::of(&desk.receipt(&id).await?)))
}

/// `POST /v1/dead-letters/{id}/discard`: for good.
pub(super) async fn discard(
    State(desk): State<Desk>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let record = dead(&desk, &id).await?;
    let queues = desk.queue.queues();
    let discarded = queues.discard(Selection::Ids(vec![record.id])).await?;
    if discarded == 0 {
        return Err(Problem::new(409, "Not discarded", "somebody was faster"));
    }
    tracing::warn!(receipt = id, "a dead letter is discarded");
    Ok(Json(json!({ "receipt_id": id, "state": "discarded" })))
}

async fn dead(desk: &Desk, id: &str) -> Result<Record, Problem> {
    let record = desk.receipt(id).await?;
    if record.death.is_none() {
        let detail = "there is a receipt with this id, but it is no dead letter";
        return Err(Problem::new(404, "No dead letter", detail));
    }
    Ok(record)
}
