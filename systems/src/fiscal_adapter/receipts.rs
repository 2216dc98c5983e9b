//! Phase 1: a receipt comes in, and is answered once it is on the disk.

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use fusebox_queue::{MessageState, Record};
use fusebox_store::rfc3339;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, Desk};
use crate::call::post_later;
use crate::problem::Problem;

/// What the adapter has to know of a receipt; the rest is between the till and the OFD.
#[derive(Debug, Deserialize)]
struct Receipt {
    receipt_id: String,
    pos_id: String,
}

/// `POST /v1/receipts`. The answer is the same whenever the receipt is sent again.
pub(super) async fn post(
    State(desk): State<Desk>,
    body: Result<Bytes, BytesRejection>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let body = body?;
    let Receipt { receipt_id, pos_id } = read(&body)?;
    let message = post_later("/receipts", &receipt_id, body);
    desk.queue.push(message.key(&pos_id)).await?;
    let answer = json!({"receipt_id": receipt_id, "pos_id": pos_id, "status": "buffered"});
    Ok((StatusCode::ACCEPTED, Json(answer)))
}

fn read(body: &[u8]) -> Result<Receipt, Problem> {
    let receipt: Receipt = serde_json::from_slice(body).map_err(|error| {
        let status = if error.is_data() { 422 } else { 400 };
        Problem::new(status, "Not a receipt", error.to_string())
    })?;
    if is_id(&receipt.receipt_id) && is_id(&receipt.pos_id) {
        return Ok(receipt);
    }
    let detail = "receipt_id and pos_id: 1 to 100 letters, digits, '.', '_' and '-'";
    Err(Problem::new(422, "Not a receipt", detail))
}

/// So that an id stands in a path, a header and a log as it is.
fn is_id(text: &str) -> bool {
    let is_fine = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (1..=100).contains(&text.len()) && text.bytes().all(is_fine)
}

/// `GET /v1/receipts/{id}`.
pub(super) async fn get(State(desk): State<Desk>, Path(id): Path<String>) -> Answer {
    Ok(Json(shown(&desk.receipt(&id).await?)))
}

/// A receipt as it is shown.
pub(super) fn shown(record: &Record) -> Value {
    let answer = record.response.as_ref();
    let answer = answer.and_then(|answer| serde_json::from_slice::<Value>(&answer.body).ok());
    json!({
        "receipt_id": record.idempotency_key,
        "pos_id": record.key,
        "state": match record.state {
            MessageState::Pending => "pending",
            MessageState::Delivering => "sending",
            MessageState::Delivered => "sent",
            MessageState::Dead | MessageState::Expired => "dead",
        },
        "received_at": rfc3339(record.pushed_at),
        "tries": record.attempts,
        "last_error": record.history.last().map(|attempt| &attempt.error),
        "ofd": answer,
    })
}
