//! Health, force-state, metrics: who may, what is refused, and that it is written down.

use std::collections::BTreeMap;

use fusebox::{Registry, State};
use fusebox_admin::{Grant, Role, Tokens};
use serde_json::{Value, json};
use systems::stand_in::agent_services::AgentServices;
use systems::stand_in::switches::Mode;

use super::rig::{Rig, start};
use crate::folder::Folder;
use crate::http::{Answer, call_with};

const HEALTH: &str = "/api/v1/circuit-breakers/health";
const FORCE_RAG: &str = "/api/v1/circuit-breakers/rag_service/force-state";

/// An orchestrator in production, with a token for each role.
struct Production {
    rig: Rig,
    tokens: BTreeMap<&'static str, String>,
}

impl Production {
    async fn new() -> Self {
        // The folder has its tokens before the first start.
        let services = AgentServices::start().await.unwrap();
        let folder = Folder::new();
        let kept = Tokens::open(folder.path().join("tokens.json")).unwrap();
        let roles = [
            ("viewer", Role::Viewer),
            ("operator", Role::Operator),
            ("admin", Role::Admin),
        ];
        let token = |(name, role)| {
            let (_, text) = kept.create(Grant::new(name, role)).unwrap();
            (name, text.as_str().to_owned())
        };
        let tokens = roles.map(token).into();
        let production = [("ENVIRONMENT", "production")];
        let addresses = services.addresses().unwrap();
        let rig = Rig::over(services, addresses, folder, &production).await;
        Self { rig, tokens }
    }

    /// As somebody with a token, or as nobody.
    async fn ask(&self, who: &str, method: &str, path: &str, body: &str) -> Answer {
        let url = format!("{}{path}", self.rig.orchestrator.url());
        let bearer = self.tokens.get(who).map(|text| format!("Bearer {text}"));
        let headers: Vec<_> = bearer
            .iter()
            .map(|text| ("authorization", &**text))
            .collect();
        call_with(method, &url, &headers, body).await.unwrap()
    }

    async fn audit(&self) -> Vec<Value> {
        let answer = self.ask("admin", "GET", "/api/v1/audit", "").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body["entries"].as_array().unwrap().clone()
    }
}

#[tokio::test]
async fn health_has_the_teams_shape_to_the_letter() {
    let rig = Rig::new().await;
    let (status, mut health) = rig.get(HEALTH).await;
    assert_eq!(status, 200);
    let timestamp = health["timestamp"].take();
    fusebox_store::parse_rfc3339(timestamp.as_str().unwrap()).unwrap();
    let service = |kind: &str, failures: u32, timeout: f64, priority: u8, recovery: f64| {
        json!({
            "service_name": format!("{kind}_service"),
            "service_type": kind,
            "circuit_breaker_state": "closed",
            "fail_counter": 0,
            "configuration": {
                "fail_max": failures,
                "recovery_timeout": recovery,
                "timeout": timeout,
                "fallback_enabled": true,
                "priority": priority,
            },
        })
    };
    let expected = json!({
        "services": {
            "rag_service": service("rag", 5, 30.0, 1, 60.0),
            "rule_generation_service": service("rule_generation", 3, 20.0, 2, 60.0),
            "notifier_service": service("notifier", 4, 15.0, 1, 30.0),
            "vms_service": service("vms", 6, 25.0, 3, 60.0),
            "prediction_service": service("prediction", 4, 20.0, 2, 60.0),
        },
        "total_services": 5,
        "timestamp": null,
    });
    assert_eq!(health, expected);
}

#[tokio::test]
async fn an_operator_can_force_each_state_and_the_next_calls_follow_it() {
    let rig = Rig::new().await;
    for (word, state) in [
        ("open", State::Open),
        ("half-open", State::HalfOpen),
        ("closed", State::Closed),
    ] {
        let body = json!({ "state": word, "reason": "a test" }).to_string();
        let answer = rig.post(FORCE_RAG, &body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(rig.circuit("rag_service").state(), state);
        let health = rig.health("rag_service").await;
        let expected = word.replace("half-open", "half_open");
        assert_eq!(health["circuit_breaker_state"], expected);
    }
    let body = json!({ "state": "open" }).to_string();
    rig.post(FORCE_RAG, &body).await;
    let answer = rig.orchestrate().await;
    assert_eq!(answer["steps"]["rag"]["status"], "fallback");
    assert_eq!(rig.services.rag.switches.calls(), 0);
}

#[tokio::test]
async fn a_service_or_a_state_that_there_is_none_of_is_refused_and_changes_nothing() {
    let rig = Rig::new().await;
    for name in ["rag", "nope", "rag_service%2F..", "%00", "%ff", "health"] {
        let path = format!("/api/v1/circuit-breakers/{name}/force-state");
        let answer = rig.post(&path, r#"{"state": "open"}"#).await;
        assert_eq!(answer.status, 404, "{name}: {answer:?}");
    }
    for body in [
        "",
        "{}",
        "[]",
        r#"{"state": "ajar"}"#,
        r#"{"state": "OPEN "}"#,
        r#"{"state": 1}"#,
        r#"{"state": null}"#,
        r#"{"state": "open", "for": "1h"}"#,
        r#"{"state": "open"} {"state": "closed"}"#,
    ] {
        let answer = rig.post(FORCE_RAG, body).await;
        assert!((400..=422).contains(&answer.status), "{body}: {answer:?}");
    }
    let seen = rig.circuit("rag_service").snapshot();
    assert_eq!((seen.state, seen.transitions), (State::Closed, 0));
}

#[tokio::test]
async fn in_production_nobody_looks_or_acts_without_a_token_that_allows_it() {
    let production = Production::new().await;
    let open = r#"{"state": "open"}"#;
    for (who, path, method, status) in [
        ("nobody", HEALTH, "GET", 401),
        ("nobody", "/health", "GET", 401),
        ("nobody", "/metrics", "GET", 401),
        ("nobody", "/api/v1/circuit-breakers", "GET", 401),
        ("nobody", FORCE_RAG, "POST", 401),
        ("viewer", HEALTH, "GET", 200),
        ("viewer", FORCE_RAG, "POST", 403),
        ("viewer", "/api/v1/audit", "GET", 403),
        ("operator", FORCE_RAG, "POST", 200),
        // Who keeps the process alive holds no secret, and learns nothing.
        ("nobody", "/livez", "GET", 200),
        ("nobody", "/readyz", "GET", 200),
    ] {
        let body = if method == "POST" { open } else { "" };
        let answer = production.ask(who, method, path, body).await;
        assert_eq!(answer.status, status, "{who} {path}: {answer:?}");
        let challenge = answer.headers.contains_key("www-authenticate");
        assert_eq!(challenge, status == 401, "{who} {path}");
    }
    assert_eq!(production.rig.circuit("rag_service").state(), State::Open);
    // The work itself goes on for who is let in by whatever stands before it.
    let answer = production.rig.orchestrate().await;
    assert_eq!(answer["fallback_used"], true);
}

#[tokio::test]
async fn every_use_of_force_state_is_written_down_also_a_refused_one() {
    let production = Production::new().await;
    let force = async |who, path, body| production.ask(who, "POST", path, body).await.status;
    let unknown = "/api/v1/circuit-breakers/nope/force-state";
    assert_eq!(
        force("nobody", FORCE_RAG, r#"{"state": "open"}"#).await,
        401
    );
    assert_eq!(
        force("viewer", FORCE_RAG, r#"{"state": "open"}"#).await,
        403
    );
    let wrong = force("operator", FORCE_RAG, r#"{"state": "ajar"}"#).await;
    assert!((400..=422).contains(&wrong), "{wrong}");
    assert_eq!(
        force("operator", unknown, r#"{"state": "open"}"#).await,
        404
    );
    let body = r#"{"state": "half-open", "reason": "drill"}"#;
    assert_eq!(force("operator", FORCE_RAG, body).await, 200);

    let audit = production.audit().await;
    let who: Vec<_> = audit
        .iter()
        .rev()
        .map(|entry| entry["who"].as_str())
        .collect();
    let anonymous = Some("anonymous");
    let (viewer, operator) = (Some("viewer"), Some("operator"));
    assert_eq!(who, [anonymous, viewer, operator, operator, operator]);
    for entry in &audit {
        assert_eq!(entry["action"], "force-state", "{entry}");
    }
    let done = &audit[0];
    assert!(done.to_string().contains("drill"), "{done}");
    let verify = "/api/v1/audit/verify";
    let checked = production.ask("admin", "GET", verify, "").await;
    assert_eq!(checked.body["holds"], true, "{checked:?}");
    let text = json!(audit).to_string();
    for token in production.tokens.values() {
        assert!(!text.contains(token), "{text}");
    }
}

#[tokio::test]
async fn in_production_there_is_no_start_without_tokens() {
    let services = AgentServices::start().await.unwrap();
    let production = [("ENVIRONMENT", "production")];
    let (folder, registry) = (Folder::new(), Registry::new());
    let addresses = services.addresses().unwrap();
    let started = start(addresses, &folder, &registry, &production).await;
    let error = started.unwrap_err().to_string();
    assert!(
        error.contains("ENVIRONMENT") && error.contains("token create"),
        "{error}"
    );
}

#[tokio::test]
async fn without_tokens_a_caller_from_elsewhere_is_not_let_in() {
    let rig = Rig::new().await;
    let url = format!("{}{HEALTH}", rig.orchestrator.url());
    let headers = [("x-forwarded-for", "203.0.113.7")];
    let answer = call_with("GET", &url, &headers, "").await.unwrap();
    assert_eq!(answer.status, 403);
}

#[tokio::test]
async fn the_metrics_have_the_teams_names() {
    let rig = Rig::new().await;
    rig.services.rag.switches.turn(Mode::Fail);
    for _ in 0..3 {
        rig.orchestrate().await;
    }
    let (status, text) = rig.get("/metrics").await;
    assert_eq!(status, 200);
    let text = text.as_str().unwrap();
    let has = |name: &str, labels: &str, value: &str| {
        text.lines().any(|line| {
            line.starts_with(&format!("enhanced_circuit_breaker_{name}{{"))
                && line.contains("service_name=\"agent-orchestrator\"")
                && line.contains("circuit_name=\"rag_service\"")
                && line.contains(labels)
                && line.ends_with(&format!(" {value}"))
        })
    };
    for (name, labels, value) in [
        ("state", "", "1"),
        ("requests_total", "status=\"failure\"", "5"),
        ("requests_total", "status=\"blocked\"", "1"),
        ("failures_total", "error_type=\"status\"", "5"),
        ("fallbacks_total", "fallback_type=\"fixed\"", "3"),
        ("response_time_seconds_count", "", "5"),
        ("response_time_seconds_bucket", "le=\"+Inf\"", "5"),
    ] {
        assert!(has(name, labels, value), "{name} {labels} {value}\n{text}");
    }
    assert!(!text.contains("\ncircuit_breaker_"), "one set of names");
}
