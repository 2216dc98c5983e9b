//! An orchestrator in this process, on stand-ins, with circuits whose clock the test moves.

use std::collections::BTreeMap;

use std::time::Duration;

use axum::http::Uri;
use fusebox::environment::Variables;
use fusebox::{CircuitBreaker, ManualClock, Registry};
use serde_json::{Value, json};
use systems::agent_orchestrator::AgentOrchestrator;
use systems::kept::Failed;
use systems::stand_in::agent_services::{Agent, AgentServices};

use crate::folder::Folder;
use crate::http::{Answer, ask, call};

/// Longer than any circuit of the orchestrator stays open.
pub(crate) const RECOVERY: Duration = Duration::from_secs(60);

/// Why nothing was right: the team's words, as each fallback but the notifier's has them.
pub(crate) const REASON: &str = "Service unavailable due to circuit breaker protection";

pub(crate) struct Rig {
    pub(crate) services: AgentServices,
    pub(crate) clock: ManualClock,
    pub(crate) registry: Registry,
    pub(crate) orchestrator: AgentOrchestrator,
    pub(crate) folder: Folder,
}

impl Rig {
    /// What the notifier was told, by the caller's key: without the request's own part of it.
    pub(crate) fn notifications(&self) -> BTreeMap<String, Vec<Value>> {
        let mut by_key: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for (key, sent) in self.services.notifications() {
            let (key, _) = key.rsplit_once('-').unwrap();
            by_key.entry(key.to_owned()).or_default().extend(sent);
        }
        by_key
    }

    pub(crate) async fn new() -> Self {
        Self::with(&[]).await
    }

    /// With settings; without any, time-outs are the team's.
    pub(crate) async fn with(variables: &[(&str, &str)]) -> Self {
        let services = AgentServices::start().await.unwrap();
        let addresses = services.addresses().unwrap();
        Self::over(services, addresses, Folder::new(), variables).await
    }

    /// With another RAG than the stand-in.
    pub(crate) async fn with_rag_at(url: &str) -> Self {
        let services = AgentServices::start().await.unwrap();
        let mut addresses = services.addresses().unwrap();
        addresses[0] = url.parse().unwrap();
        Self::over(services, addresses, Folder::new(), &[]).await
    }

    pub(crate) async fn over(
        services: AgentServices,
        addresses: [Uri; 5],
        folder: Folder,
        variables: &[(&str, &str)],
    ) -> Self {
        let clock = ManualClock::new();
        let registry = Registry::builder().clock(clock.clone()).build();
        let orchestrator = start(addresses, &folder, &registry, variables);
        Self {
            orchestrator: orchestrator.await.unwrap(),
            services,
            clock,
            registry,
            folder,
        }
    }

    /// Ends it as on `SIGTERM`, and starts it from its folder.
    pub(crate) async fn restarted(self, variables: &[(&str, &str)]) -> Self {
        self.orchestrator.end().await.unwrap();
        let addresses = self.services.addresses().unwrap();
        Self::over(self.services, addresses, self.folder, variables).await
    }

    pub(crate) fn circuit(&self, name: &str) -> &'static CircuitBreaker {
        self.registry.find(name).unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        let url = format!("{}{path}", self.orchestrator.url());
        ask("GET", &url).await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: &str) -> Answer {
        let url = format!("{}{path}", self.orchestrator.url());
        call("POST", &url, body).await.unwrap()
    }

    /// Asks for an orchestration that is answered, as each has to be.
    pub(crate) async fn orchestrate(&self) -> Value {
        let answer = self.post("/api/v1/orchestrate", &question()).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body
    }

    /// What the health of one service is.
    pub(crate) async fn health(&self, service: &str) -> Value {
        let (status, mut health) = self.get("/api/v1/circuit-breakers/health").await;
        assert_eq!(status, 200);
        health["services"][service].take()
    }

    /// All stand-ins, by the names of their circuits.
    pub(crate) fn stand_in(&self, circuit: &str) -> &Agent {
        match circuit {
            "rag_service" => &self.services.rag,
            "rule_generation_service" => &self.services.rules,
            "notifier_service" => &self.services.notifier,
            "vms_service" => &self.services.vms,
            "prediction_service" => &self.services.prediction,
            other => panic!("no service {other}"),
        }
    }
}

/// Starts one in a folder.
pub(crate) async fn start(
    addresses: [Uri; 5],
    folder: &Folder,
    registry: &Registry,
    variables: &[(&str, &str)],
) -> Result<AgentOrchestrator, Failed> {
    let data_dir = folder.path().to_str().unwrap();
    let variables = variables.iter().copied();
    let variables: Variables = [("DATA_DIR", data_dir)]
        .into_iter()
        .chain(variables)
        .collect();
    let listen = ([127, 0, 0, 1], 0).into();
    AgentOrchestrator::start(listen, &variables, addresses, registry).await
}

/// What is asked.
pub(crate) fn question() -> String {
    json!({ "query": "why is pump 7 hot?" }).to_string()
}

/// Moves a circuit's step out of an answer.
pub(crate) fn step(answer: &Value, name: &str) -> Value {
    answer["steps"][name].clone()
}
