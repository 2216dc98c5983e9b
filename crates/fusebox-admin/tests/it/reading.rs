//! The list, one circuit, and the scrape.

use std::time::{Duration, SystemTime};

use axum::http::header;
use serde_json::json;

use super::asking::{Desk, between, fail, instant, request, succeed};

const KEYS: [&str; 16] = [
    "name",
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
    "in_flight",
    "priority",
    "settings",
    "override",
    "branches",
];

#[tokio::test]
async fn the_list_shows_every_circuit_in_order_with_all_keys() {
    let desk = Desk::new();
    let list = desk.get("/api/v1/circuit-breakers").await.ok();
    assert_eq!(list["next"], json!(null));
    let circuits = list["circuits"].as_array().expect("a list");
    assert_eq!(circuits.len(), 2);
    for (circuit, name) in circuits.iter().zip(["rag", "vms"]) {
        let keys: Vec<_> = circuit.as_object().expect("an object").keys().collect();
        assert_eq!(keys, KEYS);
        assert_eq!(circuit["name"], name);
    }
}

#[tokio::test]
async fn a_fresh_circuit_is_closed_and_has_nothing_to_tell() {
    let desk = Desk::new();
    let rag = desk.get("/api/v1/circuit-breakers/rag").await.ok();
    assert_eq!(rag["state"], "closed");
    assert_eq!(rag["hold"], json!(null));
    assert_eq!(rag["retry_after"], json!(null));
    assert_eq!(rag["why"], json!(null));
    assert_eq!(
        rag["totals"],
        json!({"success": 0, "failure": 0, "ignored": 0, "late": 0})
    );
    let none = json!({"open": 0, "half_open": 0, "ramp": 0, "main": 0, "forced_open": 0});
    assert_eq!(rag["rejected"], none);
    let empty = json!({"calls": 0, "failures": 0, "slow": 0, "failure_rate": null});
    assert_eq!(rag["window"], empty);
    assert_eq!(rag["priority"], 1);
    instant(&rag["since"]);
}

#[tokio::test]
async fn settings_are_shown_in_effect_as_texts() {
    let desk = Desk::new();
    let rag = desk.get("/api/v1/circuit-breakers/rag").await.ok();
    let settings = rag["settings"].as_object().expect("an object");
    assert_eq!(settings["open_for"], "10s");
    assert_eq!(settings["open_for_max"], "60s");
    assert_eq!(settings["window"], "10 calls");
    assert_eq!(settings["failure_rate"], "60%");
    assert!(
        settings.values().all(serde_json::Value::is_string),
        "{settings:?}"
    );
}

#[tokio::test]
async fn an_open_circuit_says_why_since_when_and_how_long() {
    let desk = Desk::new();
    fail(desk.rag);
    fail(desk.rag);
    assert!(desk.rag.acquire().is_err());
    desk.clock.advance(Duration::from_millis(2_500));
    let rag = desk.get("/api/v1/circuit-breakers/rag").await.ok();
    assert_eq!(rag["state"], "open");
    assert_eq!(rag["retry_after"], 7.5);
    assert_eq!(rag["rejected"]["open"], 1);
    assert_eq!(rag["totals"]["failure"], 2);
    assert_eq!(rag["why"]["cause"], "consecutive_failures");
    let evidence = &rag["why"]["evidence"];
    assert_eq!(evidence["consecutive_failures"], 2);
    assert_eq!(evidence["class"], "status");
    assert_eq!(evidence["open_for"], "10s");
    assert!(
        evidence["text"]
            .as_str()
            .is_some_and(|text| !text.is_empty())
    );
}

#[tokio::test]
async fn since_lies_as_far_back_as_the_clock_says() {
    let desk = Desk::new();
    fail(desk.rag);
    fail(desk.rag);
    let begun = SystemTime::now();
    let at_once = desk.get("/api/v1/circuit-breakers/rag").await.ok();
    desk.clock.advance(Duration::from_secs(5));
    let later = desk.get("/api/v1/circuit-breakers/rag").await.ok();
    let wall = begun.elapsed().expect("the wall clock goes on").as_millis();
    // The breaker's clock went on by 5 s and the wall's by less than `wall`, so the same instant
    // lies earlier by the difference.
    let moved = between(&at_once["since"], &later["since"]);
    let latest = i64::try_from(wall).expect("a short test") - 5_000 + 1;
    assert!((-5_000..=latest).contains(&moved), "{moved} ms");
}

#[tokio::test]
async fn the_failure_rate_is_null_below_minimum_calls() {
    let desk = Desk::new();
    succeed(desk.rag);
    succeed(desk.rag);
    fail(desk.rag);
    let rag = desk.get("/api/v1/circuit-breakers/rag").await.ok();
    let window = json!({"calls": 3, "failures": 1, "slow": 0, "failure_rate": null});
    assert_eq!(rag["window"], window);
    succeed(desk.rag);
    let rag = desk.get("/api/v1/circuit-breakers/rag").await.ok();
    let window = json!({"calls": 4, "failures": 1, "slow": 0, "failure_rate": 0.25});
    assert_eq!(rag["window"], window);
}

#[tokio::test]
async fn metrics_come_in_the_format_that_accept_asks_for() {
    let desk = Desk::new();
    let classic = desk.get("/metrics").await;
    let media_type = "text/plain; version=0.0.4; charset=utf-8";
    assert_eq!(classic.header(header::CONTENT_TYPE), media_type);
    assert!(
        classic
            .text
            .contains("# TYPE circuit_breaker_calls_total counter\n")
    );
    let series = "circuit_breaker_fallback_total{service_name=\"host\",circuit_name=\"rag\",\
                  fallback_type=\"static\"} 3\n";
    assert!(classic.text.contains(series), "{}", classic.text);

    let scrape = request("GET", "/metrics").header(header::ACCEPT, "text/plain;q=0.3");
    let scrape = scrape.header(header::ACCEPT, "application/openmetrics-text;version=1.0.0");
    let open_metrics = desk
        .send(scrape.body(axum::body::Body::empty()).expect("a request"))
        .await;
    let media_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    assert_eq!(open_metrics.header(header::CONTENT_TYPE), media_type);
    assert!(open_metrics.text.ends_with("# EOF\n"));
}
