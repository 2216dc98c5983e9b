//! Is the process alive, does it want traffic, and is anything broken that matters?

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use fusebox::Listed;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Phase;
use crate::access::Caller;
use crate::desk::Desk;
use crate::paging::Query;
use crate::problem::Problem;
use crate::readiness::ALIVE;
use crate::view::{HoldWord, MainState, StateWord};
use crate::wall;

/// The circuits whose opening a person must hear of at once.
const CRITICAL: u8 = 1;

pub(crate) fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::new()
        .routes(routes!(livez))
        .routes(routes!(readyz))
        .routes(routes!(health))
}

/// 200 as long as requests are answered at all.
#[utoipa::path(get, path = "/livez", tag = "health", security(()),
    responses((status = 200, description = "alive", body = String, content_type = "text/plain")))]
pub(crate) async fn livez() -> &'static str {
    ALIVE
}

/// 200 while traffic is welcome, else 503.
///
/// An open circuit never fails it.
#[utoipa::path(get, path = "/readyz", tag = "health", security(()),
    params(("verbose" = Option<String>, Query, description = "lists what was asked")),
    responses(
        (status = 200, description = "ready", body = String, content_type = "text/plain"),
        (status = 503, description = "starting or draining", body = String,
            content_type = "text/plain"),
    ))]
pub(crate) async fn readyz(State(desk): State<Desk>, query: Query) -> Result<Response, Problem> {
    let phase = desk.readiness.phase();
    let (status, word) = phase.told();
    // Other names in the query are no error: probes are configured far from here.
    if query.all("verbose").next().is_none() {
        return Ok((status, word).into_response());
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
    Ok((status, text).into_response())
}

/// Whether anything is broken that matters.
#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    #[schema(value_type = HealthWord)]
    status: &'static str,
    version: &'static str,
    #[schema(format = DateTime)]
    time: String,
    #[schema(value_type = MainState)]
    main: &'static str,
    circuits: Vec<CircuitHealth>,
    /// What is broken, in a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    output: Option<String>,
}

/// `warn`: something that matters is broken.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[allow(dead_code, reason = "the schema of two words")]
pub(crate) enum HealthWord {
    Pass,
    Warn,
}

/// A circuit by the state that callers feel.
#[derive(Serialize, ToSchema)]
pub(crate) struct CircuitHealth {
    name: String,
    #[schema(value_type = HealthWord)]
    status: &'static str,
    #[schema(value_type = StateWord)]
    state: &'static str,
    #[schema(required, value_type = Option<HoldWord>)]
    hold: Option<&'static str>,
    priority: u8,
}

/// `pass`, or `warn` while a circuit of priority 1 or the main breaker is open.
///
/// 200 in both cases, for the process itself works.
#[utoipa::path(get, path = "/health", tag = "health",
    responses((status = 200, description = "what is broken", body = Health,
        content_type = "application/health+json")))]
pub(crate) async fn health(State(desk): State<Desk>, caller: Caller) -> Response {
    let mut broken = Vec::new();
    let mut circuits = Vec::new();
    let mut listed = desk.registry.list();
    listed.retain(|entry| caller.sees(entry.circuit.name()));
    for entry in listed {
        let circuit = CircuitHealth::of(&entry);
        if circuit.status != PASS {
            broken.push(circuit.name.clone());
        }
        circuits.push(circuit);
    }
    let main = desk.registry.main().opened();
    let is_main_open = main.is_some();
    let output = match main {
        // Beside it the circuits say nothing new: every call is rejected.
        Some(opening) if opening.reason.is_empty() => Some("the main breaker is open".to_owned()),
        Some(opening) => Some(format!("the main breaker is open: {}", opening.reason)),
        None if broken.is_empty() => None,
        None => Some(format!(
            "open circuits of priority 1: {}",
            broken.join(", ")
        )),
    };
    let health = Health {
        status: if output.is_some() { WARN } else { PASS },
        version: env!("CARGO_PKG_VERSION"),
        time: wall::now(),
        main: if is_main_open { "open" } else { "closed" },
        circuits,
        output,
    };
    let media_type = HeaderValue::from_static("application/health+json");
    ([(header::CONTENT_TYPE, media_type)], Json(health)).into_response()
}

const PASS: &str = "pass";
const WARN: &str = "warn";

impl CircuitHealth {
    fn of(entry: &Listed) -> Self {
        let snapshot = entry.circuit.snapshot();
        let state = snapshot.effective_state();
        let degrades = entry.priority == CRITICAL && state == fusebox::State::Open;
        Self {
            name: snapshot.name,
            status: if degrades { WARN } else { PASS },
            state: state.as_str(),
            hold: snapshot.hold.map(|hold| hold.kind.as_str()),
            priority: entry.priority,
        }
    }
}

fn is_open(entry: &Listed) -> bool {
    entry.circuit.snapshot().effective_state() == fusebox::State::Open
}
