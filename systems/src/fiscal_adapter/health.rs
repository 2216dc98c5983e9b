//! Whether the till may go on selling: that the OFD is away is no illness, a full buffer is.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::Desk;
use super::circuit::view;

/// `GET /v1/health`: 200 if healthy, else 503.
pub(super) async fn health(State(desk): State<Desk>) -> (StatusCode, Json<Value>) {
    let settings = desk.queue.settings();
    let depths = desk.kept.queues.depths().await;
    let is_sound = depths.is_ok() && desk.kept.queues.stats().is_healthy;
    let mut depths = depths.unwrap_or_default().into_iter();
    let depth = depths.find(|depth| *depth.queue == **desk.queue.name());
    let depth = depth.unwrap_or_default();
    // By number or by bytes, whichever is fuller; to a tenth of a percent.
    let thousandths = |used: u64, max: u64| used.saturating_mul(1000) / max.max(1);
    let full = thousandths(depth.messages + depth.dead, settings.messages_max);
    let full = full.max(thousandths(depth.bytes, settings.bytes_max));
    let is_healthy = is_sound && full < 1000;
    let mut circuit = view(&desk.circuit.snapshot());
    let body = json!({
        "status": word(is_healthy),
        "components": {
            "buffer": {
                "status": word(is_healthy),
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
    let status = match is_healthy {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    (status, Json(body))
}

const fn word(is_healthy: bool) -> &'static str {
    if is_healthy { "healthy" } else { "unhealthy" }
}
