//! The sequence while all is well, and requests that are none.

use serde_json::json;
use systems::stand_in::switches::Mode;

use super::rig::{Rig, question, step};
use crate::http::call_with;

#[tokio::test]
async fn an_orchestration_asks_one_after_the_other_and_answers_to_the_letter() {
    let rig = Rig::new().await;
    let answer = rig.orchestrate().await;
    let expected = json!({
        "steps": {
            "rag": {
                "status": "success",
                "fallback_used": false,
                "circuit": "rag_service",
                "result": {
                    "linked_explanation": "a pump that runs hot before it fails",
                    "retrieved_context": ["why is pump 7 hot?"],
                    "confidence_score": 0.93,
                },
            },
            "rules": {
                "status": "success",
                "fallback_used": false,
                "circuit": "rule_generation_service",
                // By RAG's context: without it the severity is low.
                "result": {
                    "rules_triggered": ["overheating"],
                    "severity": "high",
                    "confidence": 0.93,
                    "explanation": "by the rules of the plant",
                },
            },
            "notifier": {
                "status": "success",
                "fallback_used": false,
                "circuit": "notifier_service",
                "result": { "status": "sent", "repeats": 0 },
            },
        },
        "fallback_used": false,
        "circuits": {
            "rag_service": "closed",
            "rule_generation_service": "closed",
            "notifier_service": "closed",
            "vms_service": "closed",
            "prediction_service": "closed",
        },
    });
    assert_eq!(answer, expected);
    let notifications = rig.notifications();
    let sent: Vec<_> = notifications.values().flatten().collect();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0]["rules"]["severity"], "high");
    assert_eq!(sent[0]["request"]["query"], "why is pump 7 hot?");
    assert_eq!(rig.services.vms.switches.calls(), 0, "nobody asked for it");
}

#[tokio::test]
async fn vms_and_prediction_are_asked_when_the_request_names_them() {
    let rig = Rig::new().await;
    let body = json!({ "query": "?", "vms": { "site": 3 }, "prediction": null }).to_string();
    let answer = rig.post("/api/v1/orchestrate", &body).await.body;
    let vms = json!({
        "status": "success",
        "fallback_used": false,
        "circuit": "vms_service",
        "result": { "cameras": 4, "recording": true },
    });
    assert_eq!(step(&answer, "vms"), vms);
    assert_eq!(
        step(&answer, "prediction")["result"],
        json!({ "risk": 0.12 })
    );
    assert_eq!(answer["steps"].as_object().unwrap().len(), 5);
}

#[tokio::test]
async fn what_is_no_request_is_told_and_nothing_is_called() {
    let rig = Rig::new().await;
    let deep = format!("{{\"a\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let large = json!({ "query": "a".repeat(300 << 10) }).to_string();
    for (body, status) in [
        ("", 400),
        ("{", 400),
        ("null", 422),
        ("[]", 422),
        ("\"query\"", 422),
        ("{\"query\": \"\u{0}", 400),
        (&deep, 400),
        (&large, 413),
    ] {
        let answer = rig.post("/api/v1/orchestrate", body).await;
        let shown: String = body.chars().take(40).collect();
        assert_eq!(answer.status, status, "{shown}");
        let kind = &answer.headers["content-type"];
        assert_eq!(kind, "application/problem+json", "{shown}");
    }
    let url = format!("{}/api/v1/orchestrate", rig.orchestrator.url());
    for key in ["", "a b", "a/b", "ä", &"k".repeat(101)] {
        let headers = [("idempotency-key", key)];
        let answer = call_with("POST", &url, &headers, &question())
            .await
            .unwrap();
        assert_eq!(answer.status, 422, "{key:?}");
    }
    assert_eq!(rig.services.rag.switches.calls(), 0);
    let answer = rig.get("/api/v1/orchestrate").await;
    assert_eq!(answer.0, 405);
}

#[tokio::test]
async fn a_strange_but_well_formed_request_is_answered() {
    let rig = Rig::new().await;
    for body in [
        "{}",
        r#"{"query": null, "vms": [[]], "prediction": {"": 1e308}}"#,
        r#"{"query": "\u0000\ud83d\ude00\r\nX-Evil: 1", "steps": {"rag": "mine"}}"#,
    ] {
        let answer = rig.post("/api/v1/orchestrate", body).await;
        assert_eq!(answer.status, 200, "{body}");
        assert_eq!(answer.body["fallback_used"], false, "{body}");
    }
}

#[tokio::test]
async fn an_answer_that_nobody_can_read_is_a_failure_and_is_not_passed_on() {
    let rig = Rig::new().await;
    // The stand-in's own refusal: no failure of the circuit, and no answer either.
    rig.services.rag.switches.turn(Mode::Refuse);
    let answer = rig.orchestrate().await;
    assert_eq!(step(&answer, "rag")["status"], "fallback");
    assert!(!answer.to_string().contains("switched"), "{answer}");
    let seen = rig.circuit("rag_service").snapshot();
    assert_eq!(seen.totals.failure, 0);
    assert_eq!(rig.services.rag.switches.calls(), 1, "refused is refused");
}
