//! From a trip to its replay file, and what a store keeps of an override: through the router.

use axum::body::Body;
use fusebox::{SettingsChange, Value};
use fusebox_sim::replay::Script;
use fusebox_store::{Keeper, Memory};

use super::asking::{Desk, fail, request, succeed};

/// A desk over this memory, and the keeper.
fn kept(memory: &Memory) -> (Desk, Keeper) {
    let mut keeper = None;
    let desk = Desk::over(|registry, admin| {
        let started = Keeper::start(registry, memory.clone()).expect("a keeper");
        keeper = Some(started.clone());
        admin.keeper(started)
    });
    (desk, keeper.expect("it was made"))
}

/// Makes the recorder look: to ask for a dry run of one circuit does, for all.
async fn look(desk: &Desk) {
    let path = "/api/v1/circuit-breakers/vms/dry-run";
    desk.post(path, r#"{"settings": {}}"#).await.ok();
}

#[tokio::test]
async fn a_trip_is_a_file_that_holds_and_answers_what_if() {
    let (desk, keeper) = kept(&Memory::new());
    succeed(desk.rag);
    fail(desk.rag);
    fail(desk.rag);
    look(&desk).await;
    keeper.flushed().await.expect("it is written");
    let events = desk
        .get("/api/v1/circuit-breakers/rag/events?kind=transition")
        .await
        .ok();
    let opened = &events["events"][0];
    assert_eq!(
        (&opened["to"], &opened["has_replay"]),
        (&"open".into(), &true.into())
    );
    let path = format!("/api/v1/events/{}/replay", opened["id"]);
    let file = desk.get(&path).await;
    assert_eq!(file.status, 200);
    let script = Script::parse(file.text.as_bytes()).expect("a replay file");
    assert!(script.run().expect("a run").ok(), "{}", file.text);
    let change = SettingsChange::new().set("consecutive_failures", Value::Integer(1));
    let comparison = script.run_with(&change).expect("settings that are taken");
    assert_eq!(comparison.now().failures_avoided, 1);
}

#[tokio::test]
async fn a_move_that_opens_nothing_has_no_file() {
    let (desk, keeper) = kept(&Memory::new());
    desk.post(
        "/api/v1/circuit-breakers/rag/force-state",
        r#"{"state": "half_open"}"#,
    )
    .await
    .ok();
    look(&desk).await;
    keeper.flushed().await.expect("it is written");
    let events = desk.get("/api/v1/circuit-breakers/rag/events").await.ok();
    assert_eq!(events["events"][0]["has_replay"], false);
}

#[tokio::test]
async fn an_override_is_there_after_a_restart_and_ends_as_it_would_have() {
    let memory = Memory::new();
    let (desk, keeper) = kept(&memory);
    let body = r#"{"settings": {"open_for": "20s"}, "reason": "slow", "for": "10m"}"#;
    let sent = request("PUT", "/api/v1/circuit-breakers/rag/override");
    let sent = sent.body(Body::from(body)).expect("a request");
    let before = desk.send(sent).await.ok();
    keeper.flushed().await.expect("it is written");
    keeper.close().expect("it ends");
    drop(desk);
    let (desk, keeper) = kept(&memory);
    let after = desk.get("/api/v1/circuit-breakers/rag").await.ok();
    assert_eq!(after["settings"]["open_for"], "20s");
    for key in ["settings", "reason", "author"] {
        assert_eq!(after["override"][key], before["override"][key], "{key}");
    }
    desk.clock.advance(std::time::Duration::from_secs(600));
    desk.registry.settle_overrides();
    keeper.flushed().await.expect("it is written");
    keeper.close().expect("it ends");
    drop(desk);
    let (desk, _) = kept(&memory);
    let ended = desk.get("/api/v1/circuit-breakers/rag").await.ok();
    assert_eq!(ended["override"], serde_json::Value::Null);
}
