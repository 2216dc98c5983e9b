//! Phase 1: a receipt comes in, and is answered once it is on the disk.

use std::time::SystemTime;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use fusebox_queue::{MessageState, NewMessage, Record};
use fusebox_store::rfc3339;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::desk::Desk;
use super::problem::Problem;

/// What the adapter has to know of a receipt; the rest is between the till and the OFD.
#[derive(Debug, Deserialize)]
struct Receipt {
    receipt_id: String,
    pos_id: String,
}

/// The answer to a receipt: the same whenever it is sent again.
#[derive(Debug, Serialize)]
pub(super) struct Buffered {
    receipt_id: String,
    pos_id: String,
    status: &'static str,
}

/// A receipt as it is shown.
#[derive(Debug, Serialize)]
pub(super) struct Shown {
    receipt_id: String,
    pos_id: String,
    /// `pending`, `sending`, `sent` or `dead`.
    pub(super) state: &'static str,
    received_at: String,
    /// When it was sent or died; when it is tried next.
    at: String,
    tries: u32,
    last_error: Option<String>,
    /// What the OFD answered: the fiscal document, or its refusal.
    pub(super) ofd: Option<Value>,
}

/// `POST /v1/receipts`.
pub(super) async fn post(
    State(desk): State<Desk>,
    body: Result<Bytes, BytesRejection>,
) -> Result<(StatusCode, Json<Buffered>), Problem> {
    let body = body.map_err(|refused| {
        Problem::new(refused.status().as_u16(), "Not read", refused.body_text())
    })?;
    let receipt = read(&body)?;
    let message = NewMessage::new(body)
        .key(&receipt.pos_id)
        .idempotency_key(&receipt.receipt_id)
        .attribute(":path", "/receipts")
        .attribute("content-type", "application/json")
        .attribute("idempotency-key", &receipt.receipt_id);
    desk.queue.push(message).await?;
    let buffered = Buffered {
        receipt_id: receipt.receipt_id,
        pos_id: receipt.pos_id,
        status: "buffered",
    };
    Ok((StatusCode::ACCEPTED, Json(buffered)))
}

fn read(body: &[u8]) -> Result<Receipt, Problem> {
    let receipt: Receipt = serde_json::from_slice(body).map_err(|error| match error.is_data() {
        true => Problem::new(422, "Not a receipt", error.to_string()),
        false => Problem::new(400, "Not JSON", error.to_string()),
    })?;
    for (name, id) in [("receipt_id", &receipt.receipt_id), ("pos_id", &receipt.pos_id)] {
        if !is_id(id) {
            let detail = format!("{name}: 1 to 100 letters, digits, '.', '_' and '-'");
            return Err(Problem::new(422, "Not a receipt", detail));
        }
    }
    Ok(receipt)
}

/// So that an id stands in a path, a header and a log as it is.
fn is_id(text: &str) -> bool {
    let is_fine = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (1..=100).contains(&text.len()) && text.bytes().all(is_fine)
}

/// `GET /v1/receipts/{id}`.
pub(super) async fn get(
    State(desk): State<Desk>,
    Path(id): Path<String>,
) -> Result<Json<Shown>, Problem> {
    Ok(Json(Shown::of(&desk.receipt(&id).await?)))
}

impl Shown {
    pub(super) fn of(record: &Record) -> Self {
        let last = record.history.last();
        let answer = record.response.as_ref();
        Self {
            receipt_id: record.idempotency_key.clone().unwrap_or_default(),
            pos_id: record.key.clone().unwrap_or_default(),
            state: match record.state {
                MessageState::Pending => "pending",
                MessageState::Delivering => "sending",
                MessageState::Delivered => "sent",
                MessageState::Dead | MessageState::Expired => "dead",
            },
            received_at: rfc3339(record.pushed_at),
            at: rfc3339(record.at.max(SystemTime::UNIX_EPOCH)),
            tries: record.attempts,
            last_error: last.map(|attempt| attempt.error.clone()),
            ofd: answer.and_then(|answer| serde_json::from_slice(&answer.body).ok()),
        }
    }
}
