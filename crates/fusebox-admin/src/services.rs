//! All circuits as services with their configuration: the shape that agents of an orchestrator
//! read (`circuit-breakers/health`).

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use fusebox::{Listed, Recovery};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::Caller;
use crate::desk::Desk;
use crate::view::StateWord;
use crate::wall;

pub(crate) fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::new().routes(routes!(health))
}

/// All services, by the names of their circuits.
#[derive(Serialize, ToSchema)]
pub(crate) struct Services {
    services: BTreeMap<String, Service>,
    total_services: usize,
    #[schema(format = DateTime)]
    timestamp: String,
}

/// One service behind a circuit.
#[derive(Serialize, ToSchema)]
pub(crate) struct Service {
    service_name: String,
    /// Null where the definition does not say.
    #[schema(required)]
    service_type: Option<String>,
    /// The state that callers feel.
    #[schema(value_type = StateWord)]
    circuit_breaker_state: &'static str,
    /// Failures in a row; those that opened it, while it is open.
    fail_counter: u32,
    configuration: Configuration,
}

/// How the circuit is set. Times in seconds.
#[derive(Serialize, ToSchema)]
pub(crate) struct Configuration {
    /// Failures in a row that open it; null where it does not open by those.
    #[schema(required)]
    fail_max: Option<u32>,
    /// How long it stays open at first; null: until somebody closes it.
    #[schema(required)]
    recovery_timeout: Option<f64>,
    /// The time-out of a call; null where the definition does not say.
    #[schema(required)]
    timeout: Option<f64>,
    /// Whether its definition says that there is a fallback, and nobody has switched it off.
    fallback_enabled: bool,
    /// 1 is critical, larger numbers less.
    priority: u8,
}

/// The state of every service, and how its circuit is set.
#[utoipa::path(get, path = "/api/v1/circuit-breakers/health", tag = "health",
    operation_id = "health_of_services",
    responses((status = 200, description = "every service", body = Services)))]
pub(crate) async fn health(State(desk): State<Desk>, caller: Caller) -> Json<Services> {
    let mut listed = desk.registry.list();
    listed.retain(|entry| caller.sees(entry.circuit.name()));
    let services: BTreeMap<_, _> = listed
        .iter()
        .map(|entry| (entry.circuit.name().to_owned(), Service::of(entry)))
        .collect();
    Json(Services {
        total_services: services.len(),
        services,
        timestamp: wall::now(),
    })
}

impl Service {
    fn of(entry: &Listed) -> Self {
        let snapshot = entry.circuit.snapshot();
        let settings = &snapshot.settings;
        let recovers = settings.recovery() == Recovery::Automatic;
        let timeout = entry.timeout.or(settings.abandoned_after());
        Self {
            circuit_breaker_state: snapshot.effective_state().as_str(),
            fail_counter: snapshot.failures_in_row,
            configuration: Configuration {
                fail_max: settings.consecutive_failures(),
                recovery_timeout: recovers.then(|| settings.open_for().as_secs_f64()),
                // Or else the one by which calls that nobody settles count.
                timeout: timeout.map(|timeout| timeout.as_secs_f64()),
                fallback_enabled: entry.has_fallback && entry.circuit.fallback_enabled(),
                priority: entry.priority,
            },
            service_name: snapshot.name,
            service_type: entry.service_type.clone(),
        }
    }
}
