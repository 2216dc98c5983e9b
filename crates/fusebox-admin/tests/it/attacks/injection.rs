//! Texts that would pose as something else in a log or on a terminal.

use axum::body::Body;
use serde_json::{Value, json};

use crate::asking::{Desk, request};
use crate::audit::Lines;

const RAG: &str = "/api/v1/circuit-breakers/rag";
/// A second line, a red word, a cleared screen, text that runs backwards, a bell, a NUL.
const EVIL: [&str; 6] = [
    "x\n{\"level\":\"INFO\",\"author\":\"admin\"}",
    "\u{1b}[31mroot\u{1b}[0m",
    "\u{9b}2J",
    "\u{202e}nimda",
    "\u{7}\u{8}\u{7f}",
    "a\0b\u{2028}c\r\nd",
];

#[tokio::test]
async fn no_control_character_from_outside_reaches_the_log() {
    let lines = Lines::listen();
    let desk = Desk::new();
    for evil in EVIL {
        let escaped: String = evil.bytes().map(|byte| format!("%{byte:02x}")).collect();
        for body in [
            json!({ "kind": "disabled", "reason": evil }),
            json!({ "kind": evil, "reason": "x" }),
            json!({ "kind": "disabled", "reason": "x", "for": evil }),
            json!({ "kind": "disabled", "reason": "x", evil: evil }),
            json!([evil]),
        ] {
            let answer = desk.post(&format!("{RAG}/hold"), &body.to_string()).await;
            assert!(answer.status == 422 || answer.status == 200, "{body}");
        }
        desk.post(&format!("{RAG}/hold"), evil).await.problem(422);
        let named = format!("/api/v1/circuit-breakers/{escaped}/reset");
        desk.post(&named, "{}").await.problem(404);
        let keyed = format!("{RAG}/branches/{escaped}/reset");
        desk.post(&keyed, "{}").await.problem(404);
        if let Ok(id) = axum::http::HeaderValue::from_bytes(evil.as_bytes()) {
            let sent = request("POST", &format!("{RAG}/reset")).header("x-request-id", id);
            desk.send(sent.body(Body::empty()).expect("a request"))
                .await
                .ok();
        }
    }
    let text = lines.text();
    assert!(text.lines().count() > 40, "the log has told of all this");
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).expect("one line, one object");
        harmless(&line);
    }
}

/// Every text in it.
fn harmless(value: &Value) {
    match value {
        Value::String(text) => {
            let evil = |c: char| c.is_control() || "\u{202e}\u{2028}".contains(c);
            assert!(!text.contains(evil), "{text:?}");
        }
        Value::Array(values) => values.iter().for_each(harmless),
        Value::Object(entries) => entries.iter().for_each(|(key, value)| {
            harmless(&Value::String(key.clone()));
            harmless(value);
        }),
        _ => {}
    }
}

#[tokio::test]
async fn a_strange_request_id_is_replaced_and_a_plain_one_is_told_everywhere() {
    let lines = Lines::listen();
    let desk = Desk::new();
    let sent = |id: &'static str| {
        let sent = request("POST", "/api/v1/circuit-breakers/none/reset");
        let sent = sent.header("x-request-id", id).body(Body::empty());
        sent.expect("a request")
    };
    let answer = desk.send(sent("deploy-7.A_b")).await;
    answer.problem(404);
    assert_eq!(answer.json()["request_id"], "deploy-7.A_b");
    for strange in ["a b", "a\tb", "<script>", "\"", "a,b", ""] {
        let answer = desk.send(sent(strange)).await;
        answer.problem(404);
        assert_ne!(answer.headers["x-request-id"], strange);
    }
    let told = lines.saying("an action was refused");
    assert_eq!(told[0]["request_id"], "deploy-7.A_b");
    assert_eq!(told.len(), 7);
}
