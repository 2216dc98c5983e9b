//! What an operator does to one branch.

use fusebox::{Author, BranchSettings, Reason};
use serde_json::json;

use super::asking::Desk;

const BRANCHES: &str = "/api/v1/circuit-breakers/rag/branches";

fn keyed() -> Desk {
    let desk = Desk::new();
    let settings = BranchSettings::default();
    desk.rag.set_branches(Some(settings), &Author::new("test"));
    for key in ["pos-1", "pos-2", "pos-3", "a/b c"] {
        desk.rag.acquire_key(key).expect("admitted").success();
    }
    desk
}

fn to(key: &str, action: &str) -> String {
    format!("{BRANCHES}/{key}/{action}")
}

#[tokio::test]
async fn one_branch_is_moved_and_the_others_are_not() {
    let desk = keyed();
    let moved = desk
        .post(&to("pos-1", "force-state"), r#"{"state": "open"}"#)
        .await
        .ok();
    assert_eq!(
        (&moved["key"], &moved["state"]),
        (&json!("pos-1"), &json!("open"))
    );
    assert_eq!(moved["why"]["evidence"]["by"], "local");
    let rejection = desk.rag.acquire_key("pos-1").expect_err("it is open");
    assert_eq!(rejection.reason(), Reason::Open);
    desk.rag.acquire_key("pos-2").expect("admitted").success();
    assert_eq!(
        desk.get(&format!("{BRANCHES}/pos-1")).await.ok()["state"],
        "open"
    );
    assert_eq!(
        desk.get(&format!("{BRANCHES}/pos-2")).await.ok()["state"],
        "closed"
    );
    let reset = desk.post(&to("pos-1", "reset"), "{}").await.ok();
    assert_eq!(reset["state"], "closed");
    assert_eq!(
        desk.post(&to("pos-1", "force-state"), "\"closed\"")
            .await
            .ok()["state"],
        "closed"
    );
}

#[tokio::test]
async fn a_branch_is_held_and_released() {
    let desk = keyed();
    let hold = r#"{"kind": "forced_open", "reason": "being repaired", "for": "10m"}"#;
    let held = desk.post(&to("pos-2", "hold"), hold).await.ok();
    assert_eq!(held["hold"]["reason"], "being repaired");
    assert_eq!(held["retry_after"], 600.0);
    let rejection = desk.rag.acquire_key("pos-2").expect_err("it is held");
    assert_eq!(rejection.reason(), Reason::ForcedOpen);
    let released = desk.delete(&to("pos-2", "hold")).await.ok();
    assert_eq!(released["hold"], json!(null));
    desk.delete(&to("pos-2", "hold")).await.ok();
}

#[tokio::test]
async fn a_key_stands_in_the_path_percent_encoded() {
    let desk = keyed();
    let branch = desk.get(&format!("{BRANCHES}/a%2Fb%20c")).await.ok();
    assert_eq!(branch["key"], "a/b c");
    let moved = desk
        .post(&to("a%2fb%20c", "force-state"), "\"open\"")
        .await
        .ok();
    assert_eq!(
        (&moved["key"], &moved["state"]),
        (&json!("a/b c"), &json!("open"))
    );
    assert!(desk.rag.acquire_key("a/b c").is_err());
}

#[tokio::test]
async fn a_key_that_was_never_seen_can_be_opened_and_held_and_nothing_else() {
    let desk = keyed();
    for (method, action) in [("POST", "reset"), ("DELETE", "hold")] {
        let detail = match method {
            "POST" => desk.post(&to("new", action), "{}").await.problem(404),
            _ => desk.delete(&to("new", action)).await.problem(404),
        };
        assert!(detail.contains("knows no branch \"new\""), "{detail}");
    }
    desk.get(&format!("{BRANCHES}/new")).await.problem(404);
    desk.post(&to("new", "force-state"), "\"closed\"")
        .await
        .problem(404);
    assert!(desk.rag.branch("new").is_none(), "nothing was made");
    desk.post(&to("new", "force-state"), "\"open\"").await.ok();
    let hold = r#"{"kind": "disabled", "reason": "x"}"#;
    desk.post(&to("newer", "hold"), hold).await.ok();
    assert!(desk.rag.branch("newer").is_some());
}

#[tokio::test]
async fn what_is_wrong_is_told_and_changes_nothing() {
    let desk = keyed();
    let vms = "/api/v1/circuit-breakers/vms/branches/x";
    assert!(desk.get(vms).await.problem(404).contains("no branches"));
    desk.post(&format!("{vms}/reset"), "{}").await.problem(404);
    desk.get(&format!("{BRANCHES}/%ff")).await.problem(404);
    let long = "k".repeat(1025);
    desk.post(&to(&long, "force-state"), "\"open\"")
        .await
        .problem(422);
    desk.post(&to("pos-1", "force-state"), "\"ajar\"")
        .await
        .problem(422);
    desk.post(&to("pos-1", "hold"), "{}").await.problem(422);
    assert_eq!(desk.rag.branches().open, 0);
}

#[tokio::test]
async fn where_every_other_branch_is_held_there_is_no_room() {
    let desk = Desk::new();
    let settings = BranchSettings::builder()
        .keys_max(1)
        .build()
        .expect("a table of one");
    desk.rag.set_branches(Some(settings), &Author::new("test"));
    let hold = r#"{"kind": "forced_open", "reason": "x"}"#;
    let mut answers = Vec::new();
    for key in 0..100 {
        answers.push(desk.post(&to(&format!("k{key}"), "hold"), hold).await);
    }
    let refused = answers.iter().find(|answer| answer.status != 200);
    refused.expect("a table has bounds").problem(409);
    desk.post(&to("k0", "force-state"), "\"closed\"").await.ok();
}
