//! What is answered in place of a service: word for word, whatever is wrong with it.

use serde_json::{Value, json};
use systems::stand_in::switches::Mode;

use super::rig::{REASON, Rig, step};

/// Under this a call that hangs is short.
const QUICK: [(&str, &str); 3] = [
    ("RAG_TIMEOUT", "0.3"),
    ("RULE_GENERATION_TIMEOUT", "0.3"),
    ("NOTIFIER_TIMEOUT", "0.3"),
];

fn rag() -> Value {
    json!({
        "linked_explanation": "RAG service temporarily unavailable. Using cached response.",
        "retrieved_context": [],
        "confidence_score": 0.0,
        "fallback_reason": "Service unavailable due to circuit breaker protection",
    })
}

fn rules() -> Value {
    json!({
        "rules_triggered": [],
        "severity": "medium",
        "confidence": 0.5,
        "explanation": "Rule generation service unavailable. Using default assessment.",
        "fallback_reason": "Service unavailable due to circuit breaker protection",
    })
}

fn notifier() -> Value {
    json!({
        "notification_queued": true,
        "status": "queued_for_retry",
        "message": "Notification service unavailable. Notification queued for retry.",
        "retry_scheduled": true,
    })
}

fn fallback(circuit: &str, result: &Value) -> Value {
    json!({ "status": "fallback", "fallback_used": true, "circuit": circuit, "result": result })
}

#[tokio::test]
async fn each_service_has_its_fallback_word_for_word_whatever_is_wrong_with_it() {
    let rig = Rig::with(&QUICK).await;
    for mode in [Mode::Fail, Mode::Drop, Mode::Refuse, Mode::Hang] {
        for (name, circuit, expected) in [
            ("rag", "rag_service", rag()),
            ("rules", "rule_generation_service", rules()),
            ("notifier", "notifier_service", notifier()),
        ] {
            for circuit in rig.registry.circuits() {
                circuit.reset(&fusebox::Author::new("test"));
            }
            rig.stand_in(circuit).switches.turn(mode);
            let answer = rig.orchestrate().await;
            assert_eq!(
                step(&answer, name),
                fallback(circuit, &expected),
                "{mode:?}"
            );
            assert_eq!(answer["fallback_used"], true);
            for other in ["rag", "rules", "notifier"] {
                let is_it = other == name;
                assert_eq!(
                    step(&answer, other)["fallback_used"],
                    is_it,
                    "{name} {mode:?}"
                );
            }
            rig.stand_in(circuit).switches.turn(Mode::Well);
        }
    }
}

#[tokio::test]
async fn an_open_circuit_gives_the_same_texts_and_nothing_is_sent() {
    let rig = Rig::new().await;
    let circuits = ["rag_service", "rule_generation_service", "notifier_service"];
    for circuit in circuits {
        let body = json!({ "state": "open" }).to_string();
        let path = format!("/api/v1/circuit-breakers/{circuit}/force-state");
        assert_eq!(rig.post(&path, &body).await.status, 200);
    }
    let answer = rig.orchestrate().await;
    assert_eq!(step(&answer, "rag"), fallback("rag_service", &rag()));
    let expected = fallback("rule_generation_service", &rules());
    assert_eq!(step(&answer, "rules"), expected);
    let expected = fallback("notifier_service", &notifier());
    assert_eq!(step(&answer, "notifier"), expected);
    for circuit in circuits {
        assert_eq!(answer["circuits"][circuit], "open");
        assert_eq!(rig.stand_in(circuit).switches.calls(), 0, "{circuit}");
    }
}

#[tokio::test]
async fn the_rules_are_asked_with_the_fallback_of_rag() {
    let rig = Rig::new().await;
    rig.services.rag.switches.turn(Mode::Drop);
    let answer = rig.orchestrate().await;
    let rules = &answer["steps"]["rules"];
    assert_eq!(rules["status"], "success");
    // The stand-in repeats the confidence that it was told.
    assert_eq!(rules["result"]["confidence"], 0.0);
    assert_eq!(rules["result"]["severity"], "low");
    let sent = rig.notifications();
    let sent = sent.values().next().unwrap();
    assert_eq!(sent[0]["rag"], rag());
}

#[tokio::test]
async fn services_without_a_text_of_the_team_say_that_they_are_away() {
    let rig = Rig::new().await;
    rig.services.vms.switches.turn(Mode::Fail);
    let body = json!({ "vms": {} }).to_string();
    let answer = rig.post("/api/v1/orchestrate", &body).await.body;
    let result = json!({ "status": "unavailable", "fallback_reason": REASON });
    assert_eq!(step(&answer, "vms"), fallback("vms_service", &result));
}

#[tokio::test]
async fn a_fallback_that_is_switched_off_is_not_given_and_nothing_inner_is_told() {
    let rig = Rig::with(&[
        ("CIRCUIT_BREAKER_RAG_FALLBACK_ENABLED", "false"),
        ("CIRCUIT_BREAKER_NOTIFIER_FALLBACK_ENABLED", "false"),
    ])
    .await;
    rig.services.rag.switches.turn(Mode::Fail);
    rig.services.notifier.switches.turn(Mode::Fail);
    let answer = rig.orchestrate().await;
    for (name, circuit) in [("rag", "rag_service"), ("notifier", "notifier_service")] {
        let expected = json!({
            "status": "failed", "fallback_used": false, "circuit": circuit, "result": null,
        });
        assert_eq!(step(&answer, name), expected);
    }
    assert_eq!(answer["fallback_used"], false);
    let text = answer.to_string();
    for inner in ["127.0.0.1", "http://", "503", "switched"] {
        assert!(!text.contains(inner), "{inner}: {text}");
    }
    // And nobody was promised a notification.
    let (_, queues) = rig.get("/api/v1/queues/notifications").await;
    assert_eq!(queues["messages"], 0, "{queues}");
}
