//! What an operator does to a circuit.

use std::time::Duration;

use fusebox::State;
use serde_json::json;

use super::asking::{Desk, between, fail, instant};

const RAG: &str = "/api/v1/circuit-breakers/rag";

fn to(action: &str) -> String {
    format!("{RAG}/{action}")
}

#[tokio::test]
async fn force_state_moves_the_machine_once_and_sets_no_hold() {
    let desk = Desk::new();
    for (body, state) in [
        (r#"{"state": "open", "reason": "deploy"}"#, "open"),
        (r#"{"state": "half-open"}"#, "half_open"),
        (r#"{"state": "open", "reason": null}"#, "open"),
        (r#"{"state": "half_open"}"#, "half_open"),
        (r#"{"state": "closed"}"#, "closed"),
        (r#"{"state": "closed"}"#, "closed"),
        (r#""half-open""#, "half_open"),
        (r#" "open" "#, "open"),
    ] {
        let rag = desk.post(&to("force-state"), body).await.ok();
        assert_eq!(rag["state"], state, "{body}");
        assert_eq!(rag["hold"], json!(null), "{body}");
        assert_eq!(rag["why"]["evidence"]["by"], "local", "{body}");
    }
    assert_eq!(desk.vms.state(), State::Closed);
    // It goes on from there by itself.
    desk.clock.advance(Duration::from_secs(10));
    assert_eq!(desk.rag.state(), State::HalfOpen);
}

#[tokio::test]
async fn under_observe_only_closing_is_possible() {
    let desk = Desk::new();
    let observe = json!({"kind": "observe", "reason": "try the new limits"}).to_string();
    desk.post(&to("hold"), &observe).await.ok();
    for state in ["open", "half-open"] {
        let refused = desk
            .post(&to("force-state"), &json!({ "state": state }).to_string())
            .await;
        assert!(refused.problem(409).contains("observe"));
    }
    let rag = desk
        .post(&to("force-state"), r#"{"state": "closed"}"#)
        .await
        .ok();
    assert_eq!(rag["state"], "closed");
    assert_eq!(rag["hold"]["kind"], "observe");
}

#[tokio::test]
async fn a_hold_with_an_expiry_shows_until_and_ends_by_itself() {
    let desk = Desk::new();
    let body = json!({"kind": "forced_open", "reason": " maintenance ", "for": "10m"});
    let rag = desk.post(&to("hold"), &body.to_string()).await.ok();
    let hold = &rag["hold"];
    let keys: Vec<_> = hold.as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["kind", "reason", "author", "since", "until"]);
    assert_eq!(hold["kind"], "forced_open");
    assert_eq!(hold["reason"], "maintenance");
    assert_eq!(hold["author"], "local");
    assert_eq!(between(&hold["since"], &hold["until"]), 600_000);
    assert_eq!(rag["retry_after"], 600.0);

    desk.clock.advance(Duration::from_secs(600));
    let rag = desk.get(RAG).await.ok();
    assert_eq!(rag["hold"], json!(null));
    assert_eq!(rag["state"], "half_open");
}

#[tokio::test]
async fn a_hold_without_expiry_lasts_until_it_is_deleted() {
    let desk = Desk::new();
    for kind in ["forced_open", "disabled", "observe"] {
        let body = json!({ "kind": kind, "reason": "drill", "for": null }).to_string();
        let rag = desk.post(&to("hold"), &body).await.ok();
        assert_eq!(rag["hold"]["kind"], kind);
        assert_eq!(rag["hold"]["until"], json!(null));
        instant(&rag["hold"]["since"]);
        desk.clock.advance(Duration::from_secs(24 * 3600));
        assert!(desk.rag.snapshot().hold.is_some());
    }
    assert_eq!(desk.delete(&to("hold")).await.ok()["hold"], json!(null));
    // Deleting what is not there changes nothing.
    let generation = desk.rag.snapshot().generation;
    assert_eq!(desk.delete(&to("hold")).await.ok()["hold"], json!(null));
    assert_eq!(desk.rag.snapshot().generation, generation);
}

#[tokio::test]
async fn reset_closes_and_leaves_the_hold() {
    let desk = Desk::new();
    fail(desk.rag);
    fail(desk.rag);
    let disabled = r#"{"kind": "disabled", "reason": "drill"}"#;
    desk.post(&to("hold"), disabled).await.ok();
    let rag = desk
        .post(&to("reset"), r#"{"reason": "the upstream was replaced"}"#)
        .await
        .ok();
    assert_eq!(rag["state"], "closed");
    assert_eq!(rag["hold"]["kind"], "disabled");
}

#[tokio::test]
async fn reset_and_release_take_no_body_too() {
    let desk = Desk::new();
    fail(desk.rag);
    fail(desk.rag);
    let bare = super::asking::request("POST", &to("reset"));
    let rag = desk
        .send(bare.body(axum::body::Body::empty()).expect("a request"))
        .await
        .ok();
    assert_eq!(rag["state"], "closed");
    assert_eq!(rag["consecutive_failures"], 0);
    desk.delete(&to("hold")).await.ok();
}
