//! The five services: how each is called, and what opens its circuit.

use std::time::Duration;

use axum::http::Uri;
use fusebox::Definition;
use fusebox::environment::{self, EnvironmentError, Variables};
use serde_json::Value;

use super::fallbacks;
use crate::hosting;

/// One of them.
#[derive(Debug)]
pub(super) struct Callee {
    /// What it is called in variables, and its type for who reads its health.
    name: &'static str,
    pub(super) circuit: &'static str,
    pub(super) path: &'static str,
    /// Failures in a row that open its circuit, unless the environment says otherwise.
    failures: u32,
    /// So many seconds for a call, with all its tries.
    timeout: u64,
    /// So many seconds open, unless the environment says otherwise.
    recovery: u64,
    priority: u8,
    /// What is answered in its place.
    pub(super) fallback: fn() -> Value,
}

/// All of them.
#[rustfmt::skip]
pub(super) const SERVICES: [Callee; 5] = [
    Callee {
        name: "rag", circuit: "rag_service", path: "/query",
        failures: 5, timeout: 30, recovery: 60, priority: 1, fallback: fallbacks::rag,
    },
    Callee {
        name: "rule_generation", circuit: "rule_generation_service", path: "/rules",
        failures: 3, timeout: 20, recovery: 60, priority: 2, fallback: fallbacks::rules,
    },
    Callee {
        name: "notifier", circuit: "notifier_service", path: "/notifications",
        failures: 4, timeout: 15, recovery: 30, priority: 1, fallback: fallbacks::notifier,
    },
    Callee {
        name: "vms", circuit: "vms_service", path: "/vms",
        failures: 6, timeout: 25, recovery: 60, priority: 3, fallback: fallbacks::other,
    },
    Callee {
        name: "prediction", circuit: "prediction_service", path: "/predictions",
        failures: 4, timeout: 20, recovery: 60, priority: 2, fallback: fallbacks::other,
    },
];

impl Callee {
    /// The time for a call: `<NAME>_TIMEOUT`, or the team's.
    pub(super) fn timeout(&self, variables: &Variables<'_>) -> Result<Duration, EnvironmentError> {
        let variable = format!("{}_TIMEOUT", self.name.to_ascii_uppercase());
        let given = variables.seconds(&variable)?;
        Ok(given.unwrap_or(Duration::from_secs(self.timeout)))
    }

    /// Its circuit, to be set by `CIRCUIT_BREAKER_<NAME>_…`.
    pub(super) fn group(&self, timeout: Duration) -> environment::Service {
        let circuit = Definition::new(self.circuit)
            .service("agent-orchestrator")
            .service_type(self.name)
            .priority(self.priority)
            .has_fallback(true);
        environment::Service::named(self.name)
            .consecutive_failures(self.failures)
            .open_for(Duration::from_secs(self.recovery))
            .timeout(timeout)
            .circuits([circuit])
    }
}

/// Where the services are, in the order of `SERVICES`. `None`: nothing is said, and the
/// orchestrator is to run with its stand-ins.
///
/// # Errors
/// An address is wrong, or only some are given.
pub fn addresses(variables: &Variables<'_>) -> Result<Option<[Uri; 5]>, EnvironmentError> {
    let names = [
        "RAG_SERVICE_URL",
        "RULE_GENERATION_SERVICE_URL",
        "NOTIFIER_SERVICE_URL",
        "VMS_SERVICE_URL",
        "PREDICTION_SERVICE_URL",
    ];
    hosting::addresses(variables, names)
}
