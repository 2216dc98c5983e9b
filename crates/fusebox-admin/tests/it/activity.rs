//! The last hour, in numbers for charts.

use std::time::Duration;

use fusebox::{Outcome, Settlement};
use serde_json::json;

use super::asking::{Desk, between, fail, succeed};

const SECONDS: Duration = Duration::from_secs(10);

/// A desk whose thread, or this, has taken the first look.
async fn begun() -> Desk {
    let desk = Desk::new();
    desk.get("/api/v1/activity").await.ok();
    desk
}

#[tokio::test]
async fn ten_seconds_are_a_point_of_every_circuit() {
    let desk = begun().await;
    succeed(desk.rag);
    succeed(desk.rag);
    fail(desk.rag);
    desk.clock.advance(SECONDS);
    let activity = desk.get("/api/v1/activity").await.ok();
    assert_eq!(activity["every"], 10);
    let rag = &activity["circuits"]["rag"];
    assert_eq!(
        (&rag["calls"], &rag["failures"]),
        (&json!([3]), &json!([1]))
    );
    assert_eq!(rag["p95"], json!(null), "nobody measured");
    assert_eq!(activity["circuits"]["vms"]["calls"], json!([0]));
}

#[tokio::test]
async fn a_circuit_tells_how_its_calls_ended_how_long_they_took_and_how_they_failed() {
    let desk = begun().await;
    let took = |ms| Settlement::new(Outcome::Success).took(Duration::from_millis(ms));
    for _ in 0..100 {
        desk.vms.acquire().expect("a call").settle(took(7));
    }
    fail(desk.vms);
    fail(desk.vms);
    assert!(desk.vms.acquire().is_err(), "two in a row open it");
    desk.vms.fell_back("static");
    desk.clock.advance(SECONDS);
    let hour = desk.get("/api/v1/circuit-breakers/vms/activity").await.ok();
    let points = hour["points"].as_array().expect("points");
    assert_eq!(points.len(), 1);
    let point = &points[0];
    for (key, value) in [
        ("success", 100),
        ("failure", 2),
        ("ignored", 0),
        ("rejected", 1),
    ] {
        assert_eq!(point[key], value, "{key}");
    }
    assert_eq!(point["fallbacks"], 1);
    assert_eq!(point["seconds"], 10.0);
    // Of the bucket from 5 to 10 ms.
    let p95 = point["p95"].as_f64().expect("seconds");
    assert!((0.009..0.01).contains(&p95), "{p95}");
    let failures = &hour["failures"];
    assert_eq!(
        (&failures[0]["class"], &failures[0]["count"]),
        (&json!("status"), &json!(2))
    );
    assert_eq!(between(&failures[0]["last"], &point["until"]), 10_000);
}

#[tokio::test]
async fn without_a_recorder_classes_are_not_known_and_the_rest_is() {
    let desk = Desk::with(|admin| admin.recorder(false));
    desk.get("/api/v1/activity").await.ok();
    succeed(desk.rag);
    desk.clock.advance(SECONDS);
    let hour = desk.get("/api/v1/circuit-breakers/rag/activity").await.ok();
    assert_eq!(hour["failures"], json!(null));
    assert_eq!(hour["points"][0]["success"], 1);
}
