//! The branches of a keyed circuit, as numbers and one by one.

use fusebox::{Author, BranchSettings, FailureClass};
use serde_json::json;

use super::asking::Desk;

const RAG: &str = "/api/v1/circuit-breakers/rag";

/// `rag` with ten keys: `t0` open, `t1` failed once, the others well.
fn keyed() -> Desk {
    let desk = Desk::new();
    let settings = BranchSettings::default();
    desk.rag.set_branches(Some(settings), &Author::new("test"));
    for round in 0..2 {
        for key in 0..10 {
            let permit = desk.rag.acquire_key(&format!("t{key}"));
            let permit = permit.expect("a call is admitted");
            if key == 0 || (key == 1 && round == 1) {
                permit.failure(FailureClass::Status);
            } else {
                permit.success();
            }
        }
    }
    desk
}

#[tokio::test]
async fn a_keyed_circuit_counts_its_branches_and_another_has_none() {
    let desk = keyed();
    let rag = desk.get(RAG).await.ok();
    let counts = json!({
        "known": 10, "open": 1, "held": 0, "evicted": 0, "evicted_open": 0, "unkept": 0
    });
    assert_eq!(rag["branches"], counts);
    assert_eq!(rag["state"], "closed");
    let vms = desk.get("/api/v1/circuit-breakers/vms").await.ok();
    assert_eq!(vms["branches"], json!(null));
}

#[tokio::test]
async fn branches_are_listed_the_worst_first() {
    let desk = keyed();
    let listed = desk.get(&format!("{RAG}/branches")).await.ok();
    let branches = listed["branches"].as_array().expect("a list");
    let shown: Vec<_> = branches
        .iter()
        .map(|branch| (branch["key"].clone(), branch["state"].clone()))
        .collect();
    assert_eq!(
        shown,
        [(json!("t0"), json!("open")), (json!("t1"), json!("closed"))]
    );
    let worst = &branches[0];
    assert_eq!(worst["retry_after"], 10.0);
    assert_eq!(worst["why"]["cause"], "consecutive_failures");
    let keys: Vec<_> = worst.as_object().expect("an object").keys().collect();
    assert_eq!(
        keys,
        [
            "key",
            "state",
            "hold",
            "since",
            "generation",
            "retry_after",
            "why",
            "totals",
            "rejected",
            "window",
            "consecutive_failures",
            "in_flight"
        ]
    );

    let one = desk.get(&format!("{RAG}/branches?max=1")).await.ok();
    assert_eq!(one["branches"].as_array().map(Vec::len), Some(1));
    let none = desk.get("/api/v1/circuit-breakers/vms/branches").await.ok();
    assert_eq!(none, json!({"branches": []}));
}

#[tokio::test]
async fn how_many_are_listed_is_bounded() {
    let desk = keyed();
    for max in ["0", "1001", "x", "", "-1"] {
        let detail = desk
            .get(&format!("{RAG}/branches?max={max}"))
            .await
            .problem(422);
        assert!(detail.contains("a whole number, 1 to 1000"), "{detail}");
    }
    desk.get("/api/v1/circuit-breakers/none/branches")
        .await
        .problem(404);
}
