//! Actions in the program's own log.

use serde_json::{Value, json};

use super::Lines;
use crate::asking::{Desk, request};

const DONE: &str = "an operator acted";
const REFUSED: &str = "an action was refused";
const RAG: &str = "/api/v1/circuit-breakers/rag";

#[tokio::test]
async fn each_action_logs_one_line_with_who_what_and_why() {
    let lines = Lines::listen();
    let desk = Desk::new();
    let open = r#"{"state": "open", "reason": "deploy"}"#;
    desk.post(&format!("{RAG}/force-state"), open).await.ok();
    let hold = r#"{"kind": "disabled", "for": "5m", "reason": "a \"drill\""}"#;
    desk.post(&format!("{RAG}/hold"), hold).await.ok();
    desk.delete(&format!("{RAG}/hold")).await.ok();
    desk.post(&format!("{RAG}/reset"), "{}").await.ok();
    desk.post("/api/v1/main", r#"{"state": "closed"}"#)
        .await
        .ok();

    let told: Vec<_> = lines.saying(DONE).iter().map(told).collect();
    let expected = [
        json!(["rag", "force-state", r#"{"state":"open"}"#, "deploy"]),
        json!([
            "rag",
            "hold",
            r#"{"kind":"disabled","for":"5m"}"#,
            "a \"drill\""
        ]),
        json!(["rag", "release", null, null]),
        json!(["rag", "reset", null, null]),
        json!(["main", "main", r#"{"state":"closed"}"#, null]),
    ];
    assert_eq!(told, expected);
    assert!(lines.saying(REFUSED).is_empty());
}

/// On what, action, what was asked, why; of somebody on this machine.
fn told(fields: &Value) -> Value {
    assert_eq!(fields["author"], "local");
    assert_eq!(fields["role"], "admin");
    assert_eq!(fields["from"], "127.0.0.1");
    assert!(
        fields["request_id"]
            .as_str()
            .is_some_and(|id| !id.is_empty())
    );
    json!([
        fields["on"],
        fields["action"],
        fields["asked"],
        fields["reason"]
    ])
}

#[tokio::test]
async fn a_refused_action_is_logged_as_refused_with_what_was_asked() {
    let lines = Lines::listen();
    let desk = Desk::new();
    let hold = r#"{"kind": "disabled", "reason": ""}"#;
    desk.post(&format!("{RAG}/hold"), hold).await.problem(422);
    let path = "/api/v1/circuit-breakers/none/reset";
    desk.post(path, "{}").await.problem(404);
    let elsewhere = request("POST", "/api/v1/main").header("origin", "http://evil.example");
    let body = axum::body::Body::from(r#"{"state": "open"}"#);
    let elsewhere = elsewhere.body(body).expect("a request");
    desk.send(elsewhere).await.problem(403);
    // To read is no action, and a guess at a path is none either.
    desk.get(RAG).await.ok();
    desk.post("/nowhere", "{}").await.problem(404);
    desk.post(RAG, "{}").await.problem(405);

    let refused = lines.saying(REFUSED);
    let told: Vec<_> = refused
        .iter()
        .map(|line| json!([line["author"], line["on"], line["asked"], line["answer"]]))
        .collect();
    let expected = [
        json!(["local", "rag", r#"{"kind":"disabled"}"#, 422]),
        json!(["local", "none", null, 404]),
        json!(["anonymous", "main", null, 403]),
    ];
    assert_eq!(told, expected);
    assert!(lines.saying(DONE).is_empty());
}
