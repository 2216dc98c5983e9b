//! Whether the till may go on selling: that the OFD is away is no illness, a full buffer is.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::Desk;

/// `GET /v1/health`: 200 if healthy, else 503.
pub(super) async fn health(State(desk): State<Desk>) -> (StatusCode, Json<Value>) {
    let (queues, settings) = (desk.queue.queues(), desk.queue.settings());
    let depths = queues.depths().await;
    let is_sound = depths.is_ok() && queues.stats().is_healthy;
    let mut depths = depths.unwrap_or_default().into_iter();
    let depth = depths
        .find(|depth| *depth.queue == **desk.queue.name())
        .unwrap_or_default();
    // By number or by bytes, whichever is fuller; to a tenth of a percent.
    let thousandths = |used: u64, max: u64| used.saturating_mul(1000) / max.max(1);
    let full = thousandths(depth.messages + depth.dead, settings.messages_max);
    let full = full.max(thousandths(depth.bytes, settings.bytes_max));
    let has_room = full < 1000;
    let mut circuit = desk.circuit();
    let body = json!({
        "status": word(has_room && is_sound),
        "components": {
            "buffer": {
                "status": word(has_room && is_sound),
                "percent_full": full as f64 / 10.0,
                "dlq_size": depth.dead,
                "pending": depth.messages,
            },
            "circuit_breaker": {
                "state": circuit["state"].take(),
                "failure_count": circuit["failure_count"].take(),
                "success_count": circuit["success_count"].take(),
                "last_failure": circuit["last_failure"].take(),
            },
            "database": { "status": word(is_sound), "type": "SQLite", "mode": "WAL" },
        },
        "version": env!("CARGO_PKG_VERSION"),
    });
    let is_healthy = has_room && is_sound;
    let status = if is_healthy {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(body))
}

const fn word(is_healthy: bool) -> &'static str {
    if is_healthy { "healthy" } else { "unhealthy" }
}
