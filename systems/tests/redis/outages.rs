//! Redis killed, hung and emptied: no caller notices, an operator sees it, and it passes.

use std::time::Duration;

use fusebox::State;
use serde_json::json;

use crate::rig::Rig;
use crate::server::Server;
use crate::wait::{timed, until};

const FORCE_RAG: &str = "/api/v1/circuit-breakers/rag_service/force-state";
const KEY: &str = "circuit_breaker_state:rag_service";

/// Less than the shortest time-out towards Redis would take for one request, thrice.
const ANSWER_WITHIN: Duration = Duration::from_secs(1);

/// Everything is written again after a third of this.
const TTL: (&str, &str) = ("REDIS_CIRCUIT_BREAKER_TTL", "3");

async fn rig(server: &Server) -> Rig {
    Rig::with(&[("REDIS_URL", &server.url()), TTL]).await
}

async fn is_healthy(rig: &Rig) -> bool {
    let (_, metrics) = rig.get("/metrics").await;
    let metrics = metrics.as_str().unwrap();
    metrics.contains("\nfusebox_store_healthy 1\n")
}

/// Requests, and the opening and closing of a circuit, go as ever.
async fn all_goes_on(rig: &Rig) {
    for _ in 0..10 {
        let (answer, took) = timed(rig.orchestrate()).await;
        assert_eq!(answer["fallback_used"], false, "{answer}");
        assert!(took < ANSWER_WITHIN, "{took:?}");
    }
    for word in ["open", "closed"] {
        let circuit = rig.circuit("rag_service");
        let to = word.parse::<State>().unwrap();
        circuit
            .transition(to, &fusebox::Author::new("test"))
            .unwrap();
        let (answer, took) = timed(rig.orchestrate()).await;
        assert_eq!(answer["circuits"]["rag_service"], word);
        assert!(took < ANSWER_WITHIN, "{took:?}");
    }
}

/// The state stands in the server again.
async fn is_kept(rig: &Rig, server: &Server, state: &str) {
    until(async || is_healthy(rig).await).await;
    until(async || {
        let mut wire = server.wire();
        wire.number(&format!("EXISTS {KEY}")) == 1
            && wire.text(&format!("HGET {KEY} state")) == state
    })
    .await;
}

#[tokio::test]
async fn nobody_notices_that_redis_was_killed_and_comes_back_empty() {
    let mut server = Server::start();
    let rig = rig(&server).await;
    all_goes_on(&rig).await;
    server.kill();
    all_goes_on(&rig).await;
    until(async || !is_healthy(&rig).await).await;
    let body = json!({ "state": "open" }).to_string();
    let answer = rig.post(FORCE_RAG, &body).await;
    assert_eq!(
        rig.circuit("rag_service").state(),
        State::Open,
        "{answer:?}"
    );

    server.start_again();
    is_kept(&rig, &server, "open").await;
    rig.orchestrator.end().await.unwrap();
}

#[tokio::test]
async fn nobody_notices_that_redis_hangs_and_what_was_done_meanwhile_is_written_down() {
    let server = Server::start();
    let rig = rig(&server).await;
    all_goes_on(&rig).await;
    server.stop();
    all_goes_on(&rig).await;
    until(async || !is_healthy(&rig).await).await;
    let body = json!({ "state": "open", "reason": "drill" }).to_string();
    let answer = rig.post(FORCE_RAG, &body).await;
    assert_eq!(
        rig.circuit("rag_service").state(),
        State::Open,
        "{answer:?}"
    );
    assert!(!answer.body.to_string().contains("redis://"), "{answer:?}");

    server.go_on();
    is_kept(&rig, &server, "open").await;
    until(async || {
        let (_, audit) = rig.get("/api/v1/audit").await;
        audit.to_string().contains("drill")
    })
    .await;
    rig.orchestrator.end().await.unwrap();
}

#[tokio::test]
async fn nobody_notices_that_redis_was_emptied_and_all_states_are_back_soon() {
    let server = Server::start();
    let rig = rig(&server).await;
    let body = json!({ "state": "open" }).to_string();
    assert_eq!(rig.post(FORCE_RAG, &body).await.status, 200);
    assert_eq!(server.wire().text("FLUSHALL"), "OK");
    let answer = rig.orchestrate().await;
    assert_eq!(answer["circuits"]["rag_service"], "open");
    is_kept(&rig, &server, "open").await;
    for service in ["rule_generation", "notifier", "vms", "prediction"] {
        let asked = format!("EXISTS circuit_breaker_state:{service}_service");
        until(async || server.wire().number(&asked) == 1).await;
    }
    rig.orchestrator.end().await.unwrap();
}

#[tokio::test]
async fn redis_that_comes_later_is_used_then_and_its_password_is_told_to_nobody() {
    let mut server = Server::with(&["--requirepass", "s3cret"]);
    server.kill();
    let url = format!("redis://:s3cret@127.0.0.1:{}", server.port());
    let rig = Rig::with(&[("REDIS_URL", &url), TTL]).await;
    assert_eq!(rig.orchestrate().await["fallback_used"], false);
    assert!(!is_healthy(&rig).await);
    for path in ["/metrics", "/health", "/api/v1/circuit-breakers/health"] {
        let (_, shown) = rig.get(path).await;
        assert!(!shown.to_string().contains("s3cret"), "{path}");
    }
    server.start_again();
    until(async || is_healthy(&rig).await).await;
    let mut wire = server.wire();
    assert_eq!(wire.text("AUTH s3cret"), "OK");
    until(async || wire.number(&format!("EXISTS {KEY}")) == 1).await;
    rig.orchestrator.end().await.unwrap();
}
