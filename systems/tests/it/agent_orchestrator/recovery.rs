//! The whole cycle of every circuit: closed, open, half-open, closed; and over a restart.

use std::time::Duration;

use fusebox::State::{Closed, HalfOpen, Open};
use fusebox::testing::Transitions;
use serde_json::json;
use systems::stand_in::switches::Mode;

use super::rig::Rig;

/// Circuit, failures in a row that open it, for how long.
const CIRCUITS: [(&str, u32, u64); 5] = [
    ("rag_service", 5, 60),
    ("rule_generation_service", 3, 60),
    ("notifier_service", 4, 30),
    ("vms_service", 6, 60),
    ("prediction_service", 4, 60),
];

/// A request that every service is asked for.
async fn orchestrate(rig: &Rig) {
    let body = json!({ "query": "?", "vms": {}, "prediction": {} }).to_string();
    let answer = rig.post("/api/v1/orchestrate", &body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test]
async fn every_circuit_opens_after_its_failures_and_closes_by_a_trial_after_its_time() {
    for (name, failures, open_for) in CIRCUITS {
        let rig = Rig::new().await;
        let circuit = rig.circuit(name);
        let mut transitions = Transitions::watch(circuit);
        rig.stand_in(name).switches.turn(Mode::Fail);
        while circuit.state() == Closed {
            orchestrate(&rig).await;
        }
        transitions.assert([(Closed, Open)]);
        // One more may have been under way: the relay sends what waits for the notifier.
        let relayed = u64::from(name == "notifier_service");
        let reached = rig.stand_in(name).switches.calls() - u64::from(failures);
        assert!(reached <= relayed, "{name}: {reached} more");
        assert_eq!(rig.health(name).await["fail_counter"], failures, "{name}");

        // Not before its time, and no backoff.
        for _ in 0..2 {
            rig.clock
                .advance(Duration::from_secs(open_for) - Duration::from_millis(1));
            orchestrate(&rig).await;
            transitions.assert_none();
            assert_eq!(rig.health(name).await["circuit_breaker_state"], "open");
            rig.clock.advance(Duration::from_millis(1));
            // A trial that fails: open again, for as long.
            while circuit.state() != Open {
                orchestrate(&rig).await;
            }
            transitions.assert([(Open, HalfOpen), (HalfOpen, Open)]);
        }

        rig.stand_in(name).switches.turn(Mode::Well);
        rig.clock.advance(Duration::from_secs(open_for));
        while circuit.state() != Closed {
            orchestrate(&rig).await;
        }
        transitions.assert([(Open, HalfOpen), (HalfOpen, Closed)]);
        let health = rig.health(name).await;
        assert_eq!(health["circuit_breaker_state"], "closed", "{name}");
        assert_eq!(health["fail_counter"], 0, "{name}");
    }
}

#[tokio::test]
async fn a_circuit_that_was_open_is_open_after_a_restart() {
    let rig = Rig::new().await;
    rig.services.rag.switches.turn(Mode::Fail);
    rig.orchestrate().await;
    rig.orchestrate().await;
    assert_eq!(rig.circuit("rag_service").state(), Open);
    let reached = rig.services.rag.switches.calls();
    rig.services.rag.switches.turn(Mode::Well);
    let rig = rig.restarted(&[]).await;
    let answer = rig.orchestrate().await;
    assert_eq!(answer["steps"]["rag"]["status"], "fallback");
    assert_eq!(rig.services.rag.switches.calls(), reached);
    let health = rig.health("rag_service").await;
    assert_eq!(health["circuit_breaker_state"], "open");
    assert_eq!(health["fail_counter"], 5, "what opened it");
    // What has happened is still told.
    let (_, events) = rig.get("/api/v1/circuit-breakers/rag_service/events").await;
    assert!(
        events.to_string().contains("consecutive_failures"),
        "{events}"
    );
}
