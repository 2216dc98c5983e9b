//! Settings tried on the last hour.

use std::time::Duration;

use fusebox::{FailureClass, Outcome, Settlement};
use serde_json::Value;

use super::asking::{Answer, Desk, between};

const DRY_RUN: &str = "/api/v1/circuit-breakers/rag/dry-run";

async fn tried(desk: &Desk, settings: &str) -> Answer {
    desk.post(DRY_RUN, &format!(r#"{{"settings": {settings}}}"#))
        .await
}

/// A minute of calls, ten seconds of it an outage.
async fn outage(desk: &Desk) {
    let failure = Settlement::new(Outcome::Failure(FailureClass::Connect));
    for second in 0..60 {
        if let Ok(permit) = desk.rag.acquire() {
            if (20..30).contains(&second) {
                permit.settle(failure);
            } else {
                permit.success();
            }
        }
        desk.clock.advance(Duration::from_secs(1));
        // The recorder looks.
        tried(desk, "{}").await.ok();
    }
}

#[tokio::test]
async fn it_shows_what_was_and_what_would_have_been() {
    let desk = Desk::new();
    outage(&desk).await;
    let answer = tried(
        &desk,
        r#"{"consecutive_failures": 4, "failure_rate": "off"}"#,
    )
    .await
    .ok();
    assert_eq!(answer["circuit"], "rag");
    // It took two failures, and one of a trial; then it was open for 10 s and 20 s.
    assert_eq!(between(&answer["from"], &answer["until"]), 60_000);
    assert_eq!(answer["missed"], 0);
    let real = &answer["real"];
    assert_eq!(real["openings_total"], 1);
    assert_eq!(real["openings"][0]["cause"], "consecutive_failures");
    assert_eq!(real["openings"][0]["open_for"], 10.0);
    assert_eq!(real["openings"][0]["lasted"], 10.0);
    assert_eq!(real["state"], "closed");
    assert_eq!(answer["replayed"]["agreement"], 1.0);
    let replayed = &answer["replayed"];
    assert_eq!(replayed["rejected"], real["rejected"]);
    assert_eq!(replayed["openings"][0]["at"], real["openings"][0]["at"]);
    // Only two calls failed: it would not have opened.
    let tried = &answer["tried"];
    assert_eq!(tried["openings_total"], 0);
    assert_eq!(tried["let_through"], real["rejected"]);
    assert_eq!(
        (&tried["rejected"], &tried["time_open"]),
        (&0.into(), &0.0.into())
    );
    assert_eq!(answer["settings"]["consecutive_failures"], "4");
    assert_eq!(answer["settings"].get("failure_rate"), None);
    let notes = answer["notes"].to_string();
    assert!(
        notes.contains("count as ignored") && notes.contains("fixed seed"),
        "{notes}"
    );
    assert_eq!(
        desk.rag.settings().consecutive_failures(),
        Some(2),
        "it changes nothing"
    );
}

#[tokio::test]
async fn a_stricter_setting_avoids_failures() {
    let desk = Desk::new();
    outage(&desk).await;
    let answer = tried(&desk, r#"{"consecutive_failures": 1, "open_for": "15s"}"#)
        .await
        .ok();
    let tried = &answer["tried"];
    assert_eq!(tried["failures_avoided"], 1);
    assert_eq!(
        tried["openings"][0]["why"],
        "a failure, the last one by connect"
    );
    assert_eq!(tried["time_open"], 15.0);
}

#[tokio::test]
async fn it_is_put_over_the_definition_as_an_override_is() {
    let desk = Desk::new();
    let over = r#"{"settings": {"open_for": "33s"}, "reason": "x"}"#;
    let sent = super::asking::request("PUT", "/api/v1/circuit-breakers/rag/override")
        .body(axum::body::Body::from(over))
        .expect("a request");
    desk.send(sent).await.ok();
    let answer = tried(&desk, r#"{"backoff": 3}"#).await.ok();
    assert_eq!(answer["settings"]["open_for"], "10s");
    assert_eq!(answer["settings"]["backoff"], "3");
    // Nothing at all is the definition.
    let answer = tried(&desk, "{}").await.ok();
    assert_eq!(answer["settings"]["backoff"], "2");
}

#[tokio::test]
async fn nothing_happened_is_an_answer_too() {
    let desk = Desk::new();
    let answer = tried(&desk, r#"{"open_for": "1s"}"#).await.ok();
    assert_eq!(answer["calls"], 0);
    assert_eq!(answer["replayed"]["agreement"], Value::Null);
}

#[tokio::test]
async fn wrong_settings_are_named() {
    let desk = Desk::new();
    let detail = tried(&desk, r#"{"open_fro": "1s"}"#).await.problem(422);
    assert!(detail.contains("did you mean open_for?"), "{detail}");
    desk.post(DRY_RUN, r#"{"set": {}}"#).await.problem(422);
    desk.post(DRY_RUN, "").await.problem(422);
    desk.post(
        "/api/v1/circuit-breakers/nobody/dry-run",
        r#"{"settings": {}}"#,
    )
    .await
    .problem(404);
}

#[tokio::test]
async fn without_a_recorder_there_is_nothing_to_try_it_on() {
    let desk = Desk::with(|admin| admin.recorder(false));
    let detail = tried(&desk, "{}").await.problem(409);
    assert!(detail.contains("records no calls"), "{detail}");
}

#[tokio::test]
async fn a_hundred_thousand_calls_are_tried() {
    let desk = Desk::new();
    for number in 0..100_000_u32 {
        if number % 500 == 0 {
            // To ask for one circuit makes the recorder look at all.
            let path = "/api/v1/circuit-breakers/vms/dry-run";
            desk.post(path, r#"{"settings": {}}"#).await.ok();
        }
        desk.clock.advance(Duration::from_millis(20));
        if let Ok(permit) = desk.rag.acquire() {
            permit.success();
        }
    }
    let answer = tried(&desk, r#"{"window": "20s", "open_for": "1s"}"#)
        .await
        .ok();
    let calls = answer["calls"].as_u64().expect("a number");
    assert!(calls > 90_000, "{calls}");
    assert_eq!(
        (&answer["missed"], &answer["tried"]["rejected"]),
        (&0.into(), &0.into())
    );
}
