//! What stands in Redis, and who goes on from it.

use fusebox::State;
use serde_json::json;
use systems::stand_in::switches::Mode;

use crate::rig::Rig;
use crate::server::Server;
use crate::wait::until;

const FORCE_RAG: &str = "/api/v1/circuit-breakers/rag_service/force-state";

/// RAG's circuit, opened by its five failures.
async fn open_rag(rig: &Rig) {
    rig.services.rag.switches.turn(Mode::Fail);
    rig.orchestrate().await;
    rig.orchestrate().await;
    rig.services.rag.switches.turn(Mode::Well);
    assert_eq!(rig.circuit("rag_service").state(), State::Open);
}

#[tokio::test]
async fn each_state_is_a_hash_at_its_literal_key_with_the_ttl_and_a_history() {
    let server = Server::start();
    let url = server.url();
    let rig = Rig::with(&[("REDIS_URL", &url), ("REDIS_CIRCUIT_BREAKER_TTL", "900")]).await;
    open_rag(&rig).await;
    let key = "circuit_breaker_state:rag_service";
    let mut wire = server.wire();
    until(async || wire.text(&format!("HGET {key} state")) == "open").await;
    assert_eq!(wire.text(&format!("TYPE {key}")), "hash");
    assert_eq!(
        wire.text(&format!("HGET {key} service_name")),
        "rag_service"
    );
    assert_eq!(wire.text(&format!("HGET {key} fail_counter")), "5");
    let timestamp = wire.text(&format!("HGET {key} timestamp"));
    fusebox_store::parse_rfc3339(&timestamp).unwrap();
    for service in ["rag", "rule_generation", "notifier", "vms", "prediction"] {
        let key = format!("circuit_breaker_state:{service}_service");
        until(async || wire.number(&format!("EXISTS {key}")) == 1).await;
        let ttl = wire.number(&format!("TTL {key}"));
        assert!((890..=900).contains(&ttl), "{key}: {ttl}");
    }
    let history = "circuit_breaker_history:rag_service";
    until(async || wire.number(&format!("XLEN {history}")) >= 1).await;
    rig.orchestrator.end().await.unwrap();
}

#[tokio::test]
async fn a_restart_in_another_folder_goes_on_from_what_redis_has() {
    let server = Server::start();
    let url = server.url();
    let variables = [("REDIS_URL", &*url)];
    let rig = Rig::with(&variables).await;
    open_rag(&rig).await;
    rig.orchestrator.end().await.unwrap();

    let rig = Rig::with(&variables).await;
    let health = rig.health("rag_service").await;
    assert_eq!(health["circuit_breaker_state"], "open");
    assert_eq!(health["fail_counter"], 5);
    let answer = rig.orchestrate().await;
    assert_eq!(answer["steps"]["rag"]["status"], "fallback");
    assert_eq!(rig.services.rag.switches.calls(), 0);
    let (_, events) = rig.get("/api/v1/circuit-breakers/rag_service/events").await;
    let told = events.to_string();
    assert!(told.contains("consecutive_failures"), "{told}");
    rig.orchestrator.end().await.unwrap();
}

/// What the store offers of sharing: one begins where the others are, and each sees what the others
/// wrote down. That all open at once is the fleet's business.
#[tokio::test]
async fn an_instance_that_joins_begins_where_the_others_are_and_all_have_one_audit_log() {
    let server = Server::start();
    let url = server.url();
    let variables = [("REDIS_URL", &*url)];
    let first = Rig::with(&variables).await;
    let body = json!({ "state": "open", "reason": "drill" }).to_string();
    assert_eq!(first.post(FORCE_RAG, &body).await.status, 200);
    let second = Rig::with(&variables).await;
    assert_eq!(second.circuit("rag_service").state(), State::Open);
    let closed = json!({ "state": "closed" }).to_string();
    assert_eq!(second.post(FORCE_RAG, &closed).await.status, 200);
    for rig in [&first, &second] {
        let (_, audit) = rig.get("/api/v1/audit").await;
        assert_eq!(audit["entries"].as_array().unwrap().len(), 2, "{audit}");
        let (_, check) = rig.get("/api/v1/audit/verify").await;
        assert_eq!(check["holds"], true, "{check}");
    }
    first.orchestrator.end().await.unwrap();
    second.orchestrator.end().await.unwrap();
}
