//! `kill -9` of the orchestrator as a real process: what was promised is kept.

use serde_json::json;
use systems::stand_in::agent_services::AgentServices;
use systems::stand_in::switches::Mode;

use super::rig::question;
use crate::folder::Folder;
use crate::http::{ask, call_with};
use crate::process::Process;
use crate::wait::until;

fn start_process(services: &AgentServices, folder: &Folder) -> Process {
    let urls = services.all().map(|(_, agent)| agent.url());
    let variables = [
        ("PORT", "0"),
        ("DATA_DIR", folder.path().to_str().unwrap()),
        ("RAG_SERVICE_URL", &urls[0]),
        ("RULE_GENERATION_SERVICE_URL", &urls[1]),
        ("NOTIFIER_SERVICE_URL", &urls[2]),
        ("VMS_SERVICE_URL", &urls[3]),
        ("PREDICTION_SERVICE_URL", &urls[4]),
        ("CIRCUIT_BREAKER_NOTIFIER_RECOVERY_TIMEOUT", "200ms"),
    ];
    let log = folder.path().join("orchestrator.log");
    Process::start(env!("CARGO_BIN_EXE_agent-orchestrator"), &log, &variables).unwrap()
}

#[tokio::test]
async fn queued_notifications_and_states_survive_a_kill_and_are_sent_once() {
    let services = AgentServices::start().await.unwrap();
    let folder = Folder::new();
    services.notifier.switches.turn(Mode::Drop);
    let mut process = start_process(&services, &folder);
    for number in 0..20 {
        let url = format!("{}/api/v1/orchestrate", process.url);
        let key = format!("n-{number}");
        let headers = [("Idempotency-Key", &*key)];
        let answer = call_with("POST", &url, &headers, &question())
            .await
            .unwrap();
        assert_eq!(answer.body["steps"]["notifier"]["status"], "fallback");
        // The answer was the promise: it is killed right after it.
        if number % 5 == 4 {
            process.kill();
            process = start_process(&services, &folder);
        }
    }
    let path = format!(
        "{}/api/v1/circuit-breakers/rag_service/force-state",
        process.url
    );
    let body = json!({ "state": "open" }).to_string();
    assert_eq!(
        call_with("POST", &path, &[], &body).await.unwrap().status,
        200
    );
    process.kill();

    services.notifier.switches.turn(Mode::Well);
    let mut process = start_process(&services, &folder);
    let health = format!("{}/api/v1/circuit-breakers/health", process.url);
    let health = ask("GET", &health).await.unwrap().1;
    let rag = &health["services"]["rag_service"];
    assert_eq!(rag["circuit_breaker_state"], "open", "{rag}");
    until(async || services.notifications().len() == 20).await;
    let queue = format!("{}/api/v1/queues/notifications", process.url);
    until(async || ask("GET", &queue).await.unwrap().1["messages"] == 0).await;
    for (key, sent) in services.notifications() {
        assert_eq!(sent.len(), 1, "{key}");
    }
    assert!(process.terminate());
    // Failed calls were told, and nothing of what they were about.
    let log = std::fs::read_to_string(folder.path().join("orchestrator.log")).unwrap();
    assert!(log.contains("no answer of a service"), "{log}");
    for secret in ["why is pump 7 hot?", "http://127.0.0.1"] {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
}

#[tokio::test]
async fn it_starts_with_stand_ins_of_its_own_and_without_redis_that_answers() {
    let folder = Folder::new();
    let variables = [
        ("PORT", "0"),
        ("DATA_DIR", folder.path().to_str().unwrap()),
        // Nobody listens there.
        ("REDIS_URL", "redis://:s3cret@127.0.0.1:1"),
    ];
    let log = folder.path().join("orchestrator.log");
    let program = env!("CARGO_BIN_EXE_agent-orchestrator");
    let mut process = Process::start(program, &log, &variables).unwrap();
    let url = format!("{}/api/v1/orchestrate", process.url);
    let answer = call_with("POST", &url, &[], &question()).await.unwrap();
    assert_eq!(
        (answer.status, &answer.body["fallback_used"]),
        (200, &json!(false))
    );
    // The outage of the store is shown.
    let metrics = ask("GET", &format!("{}/metrics", process.url))
        .await
        .unwrap()
        .1;
    let metrics = metrics.as_str().unwrap().to_owned();
    assert!(metrics.contains("\nfusebox_store_healthy 0\n"), "{metrics}");
    let told = std::fs::read_to_string(&log).unwrap();
    assert!(told.contains("the store is away"), "{told}");
    assert!(!told.contains("s3cret"), "{told}");
    process.kill();
}
