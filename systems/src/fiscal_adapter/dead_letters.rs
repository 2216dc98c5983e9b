//! Receipts that a person has to look at.

use axum::Json;
use axum::extract::{Path, Query, State};
use fusebox_queue::{MessageId, Query as Which, Record, Selection};
use serde::Deserialize;
use serde_json::json;

use super::receipts::shown;
use super::{Answer, Desk};
use crate::problem::Problem;

/// Dead letters on one page, unless somebody asks for another number.
const PAGE: usize = 100;

#[derive(Debug, Deserialize)]
pub(super) struct Paging {
    limit: Option<usize>,
    after: Option<MessageId>,
}

/// `GET /v1/dead-letters`: the oldest first.
pub(super) async fn list(State(desk): State<Desk>, Query(paging): Query<Paging>) -> Answer {
    let which = Which {
        queue: Some(desk.queue.name().to_string()),
        dead: true,
        after: paging.after,
        limit: paging.limit.unwrap_or(PAGE).clamp(1, 1000),
        ..Which::default()
    };
    let page = desk.kept.queues.messages(which).await?;
    let items: Vec<_> = page.items.iter().map(shown).collect();
    Ok(Json(json!({ "items": items, "next": page.next })))
}

/// `GET /v1/dead-letters/{id}`.
pub(super) async fn show(State(desk): State<Desk>, Path(id): Path<String>) -> Answer {
    let record = dead(&desk, &id).await?;
    let mut letter = shown(&record);
    letter["reason"] = json!(record.death);
    letter["history"] = json!(record.history);
    letter["receipt"] = serde_json::from_slice(&record.body).unwrap_or_default();
    Ok(Json(letter))
}

/// `POST /v1/dead-letters/{id}/retry`: it goes before all that wait for its terminal.
pub(super) async fn retry(State(desk): State<Desk>, Path(id): Path<String>) -> Answer {
    let it = Selection::Ids(vec![dead(&desk, &id).await?.id]);
    let count = desk.kept.queues.retry(it).await?;
    told(&id, "pending", count)
}

/// `POST /v1/dead-letters/{id}/discard`: for good.
pub(super) async fn discard(State(desk): State<Desk>, Path(id): Path<String>) -> Answer {
    let it = Selection::Ids(vec![dead(&desk, &id).await?.id]);
    let count = desk.kept.queues.discard(it).await?;
    told(&id, "discarded", count)
}

fn told(id: &str, state: &str, count: u64) -> Answer {
    if count == 0 {
        let detail = "it is damaged, or no dead letter any more";
        return Err(Problem::new(409, "Nothing was done", detail));
    }
    tracing::warn!(receipt = id, state, "somebody acted on a dead letter");
    Ok(Json(json!({ "receipt_id": id, "state": state })))
}

async fn dead(desk: &Desk, id: &str) -> Result<Record, Problem> {
    let record = desk.receipt(id).await?;
    let detail = "the receipt with this id is no dead letter";
    let is_dead = record.death.is_some();
    is_dead
        .then_some(record)
        .ok_or_else(|| Problem::new(404, "No dead letter", detail))
}
