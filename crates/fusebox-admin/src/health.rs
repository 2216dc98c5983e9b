//! Is the process alive, does it want traffic, and is anything broken that matters?

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::desk::Desk;
use crate::{Phase, wall};
use fusebox::Listed;

/// The circuits whose opening a person must hear of at once.
const CRITICAL: u8 = 1;

pub(crate) fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::new()
        .routes(routes!(livez))
        .routes(routes!(readyz))
        .routes(routes!(health))
}

#[utoipa::path(get, path = "/livez", responses((status = 200)))]
/// 200 as long as requests are answered at all.
pub(crate) async fn livez() -> &'static str {
    "ok\n"
}

#[utoipa::path(get, path = "/readyz", responses((status = 200)))]
/// 200 while traffic is welcome, else 503; `?verbose` lists what was asked.
pub(crate) async fn readyz(State(desk): State<Desk>, RawQuery(query): RawQuery) -> Response {
    let phase = desk.readiness.phase();
    let (status, word) = match phase {
        Phase::Starting => (StatusCode::SERVICE_UNAVAILABLE, "starting\n"),
        Phase::Ready => (StatusCode::OK, "ready\n"),
        Phase::Draining => (StatusCode::SERVICE_UNAVAILABLE, "draining\n"),
    };
    if !is_verbose(query.as_deref()) {
        return (status, word).into_response();
    }
    let mark = |passed| if passed { '+' } else { '-' };
    let entries = desk.registry.list();
    let open = entries.iter().filter(|entry| is_open(entry)).count();
    let text = format!(
        "[+] settings read\n[{}] listeners open\n[{}] not shutting down\n\
         [+] {open} of {} circuits open (never fails readiness)\n{word}",
        mark(phase > Phase::Starting),
        mark(phase < Phase::Draining),
        entries.len(),
    );
    (status, text).into_response()
}

fn is_verbose(query: Option<&str>) -> bool {
    let mut pairs = query.unwrap_or_default().split('&');
    pairs.any(|pair| pair.split('=').next() == Some("verbose"))
}

#[utoipa::path(get, path = "/health", responses((status = 200)))]
/// `pass`, or `warn` while a circuit of priority 1 or the main breaker is open; 200 in both cases,
/// for the process itself works.
pub(crate) async fn health(State(desk): State<Desk>) -> Response {
    let mut broken = Vec::new();
    let mut circuits = Vec::new();
    for entry in desk.registry.list() {
        let (line, degrades) = line(&entry);
        if degrades {
            broken.push(entry.circuit.name().to_owned());
        }
        circuits.push(line);
    }
    let main = desk.registry.main().opened();
    let mut body = json!({
        "status": status(main.is_some() || !broken.is_empty()),
        "version": env!("CARGO_PKG_VERSION"),
        "time": wall::now(),
        "main": if main.is_some() { "open" } else { "closed" },
        "circuits": circuits,
    });
    if let Some(opening) = main {
        // Beside it the circuits say nothing new: every call is rejected.
        let reason = Some(opening.reason).filter(|reason| !reason.is_empty());
        let reason = reason.map_or_else(String::new, |reason| format!(": {reason}"));
        body["output"] = format!("the main breaker is open{reason}").into();
    } else if !broken.is_empty() {
        body["output"] = format!("open circuits of priority 1: {}", broken.join(", ")).into();
    }
    let mut response = Json(body).into_response();
    let media_type = HeaderValue::from_static("application/health+json");
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, media_type);
    response
}

/// A circuit in `/health`, by the state that callers feel, and whether it degrades the whole.
fn line(entry: &Listed) -> (Value, bool) {
    let snapshot = entry.circuit.snapshot();
    let state = snapshot.effective_state();
    let degrades = entry.priority == CRITICAL && state == fusebox::State::Open;
    let line = json!({
        "name": snapshot.name,
        "status": status(degrades),
        "state": state.as_str(),
        "hold": snapshot.hold.map(|hold| hold.kind.as_str()),
        "priority": entry.priority,
    });
    (line, degrades)
}

fn status(degraded: bool) -> &'static str {
    if degraded { "warn" } else { "pass" }
}

fn is_open(entry: &Listed) -> bool {
    entry.circuit.snapshot().effective_state() == fusebox::State::Open
}
