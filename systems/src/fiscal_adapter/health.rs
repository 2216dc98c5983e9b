//! Whether the till may go on selling: that the OFD is away is no illness, a full buffer is.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use fusebox_queue::Depth;
use serde_json::{Value, json};

use super::desk::Desk;

/// `GET /v1/health`: 200 if healthy, else 503.
pub(super) async fn health(State(desk): State<Desk>) -> (StatusCode, Json<Value>) {
    let queues = desk.queue.queues();
    let depths = queues.depths().await;
    let reads = depths.is_ok();
    let name = desk.queue.name();
    let depth = depths.unwrap_or_default().into_iter().find(|depth| *depth.queue == **name);
    let depth = depth.unwrap_or_default();
    let percent = percent_full(&desk, &depth);
    let (has_room, is_sound) = (percent < 100.0, reads && queues.stats().is_healthy);
    let circuit = desk.circuit();
    let body = json!({
        "status": word(has_room && is_sound),
        "components": {
            "buffer": {
                "status": word(has_room && reads),
                "percent_full": percent,
                "dlq_size": depth.dead,
                "pending": depth.messages,
            },
            "circuit_breaker": {
                "state": circuit.state,
                "failure_count": circuit.failure_count,
                "success_count": circuit.success_count,
                "last_failure": circuit.last_failure,
            },
            "database": { "status": word(is_sound), "type": "SQLite", "mode": "WAL" },
        },
        "version": env!("CARGO_PKG_VERSION"),
    });
    let status = match has_room && is_sound {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    (status, Json(body))
}

/// By number or by bytes, whichever is fuller; to a tenth of a percent.
fn percent_full(desk: &Desk, depth: &Depth) -> f64 {
    let settings = desk.queue.settings();
    let thousandths = |used: u64, max: u64| used.saturating_mul(1000) / max.max(1);
    let messages = thousandths(depth.messages + depth.dead, settings.messages_max);
    let bytes = thousandths(depth.bytes, settings.bytes_max);
    messages.max(bytes) as f64 / 10.0
}

const fn word(is_healthy: bool) -> &'static str {
    if is_healthy { "healthy" } else { "unhealthy" }
}
