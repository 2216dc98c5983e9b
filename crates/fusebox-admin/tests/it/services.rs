//! All services with their configuration, in the shape that orchestrators read.

use std::time::Duration;

use fusebox::{Author, Definition, HoldKind, HoldRequest, Recovery, Settings};
use serde_json::json;

use super::asking::{Desk, fail, instant};

const HEALTH: &str = "/api/v1/circuit-breakers/health";

#[tokio::test]
async fn every_service_is_told_with_state_counter_and_configuration() {
    let desk = Desk::new();
    fail(desk.rag);
    let settings = Settings::builder()
        .consecutive_failures(4)
        .recovery(Recovery::Manual);
    let definition = Definition::new("notifier")
        .settings(settings.build().expect("settings"))
        .priority(1)
        .has_fallback(true)
        .timeout(Duration::from_secs(15))
        .service_type("notification");
    desk.registry.add(definition).expect("a circuit");
    let health = desk.get(HEALTH).await.ok();
    assert_eq!(health["total_services"], 3);
    instant(&health["timestamp"]);
    let expected = json!({
        "service_name": "rag",
        "service_type": null,
        "circuit_breaker_state": "closed",
        "fail_counter": 1,
        "configuration": {
            "fail_max": 2,
            "recovery_timeout": 10.0,
            "timeout": null,
            "fallback_enabled": false,
            "priority": 1,
        },
    });
    assert_eq!(health["services"]["rag"], expected);
    // What opened it is still to be seen while it is open.
    fail(desk.rag);
    let health = desk.get(HEALTH).await.ok();
    let rag = &health["services"]["rag"];
    assert_eq!(rag["circuit_breaker_state"], "open");
    assert_eq!(rag["fail_counter"], 2);
    let notifier = &health["services"]["notifier"];
    assert_eq!(notifier["service_type"], "notification");
    let expected = json!({
        "fail_max": 4,
        "recovery_timeout": null,
        "timeout": 15.0,
        "fallback_enabled": true,
        "priority": 1,
    });
    assert_eq!(notifier["configuration"], expected);
}

#[tokio::test]
async fn a_fallback_is_enabled_where_there_is_one_and_it_is_switched_on() {
    let desk = Desk::new();
    for (name, has_fallback, is_on) in [
        ("none", false, true),
        ("off", true, false),
        ("neither", false, false),
        ("on", true, true),
    ] {
        let definition = Definition::new(name)
            .has_fallback(has_fallback)
            .fallback_enabled(is_on);
        desk.registry.add(definition).expect("a circuit");
    }
    let told = async |name: &str| {
        let health = desk.get(HEALTH).await.ok();
        health["services"][name]["configuration"]["fallback_enabled"].clone()
    };
    for (name, expected) in [
        ("none", false),
        ("off", false),
        ("neither", false),
        ("on", true),
    ] {
        assert_eq!(told(name).await, expected, "{name}");
    }
    let on = desk.registry.get("on").expect("a circuit");
    on.set_fallback_enabled(false);
    assert_eq!(told("on").await, false);
}

#[tokio::test]
async fn the_state_is_the_one_that_callers_feel() {
    let desk = Desk::new();
    let state = async || desk.get(HEALTH).await.ok()["services"]["rag"].clone();
    fail(desk.rag);
    fail(desk.rag);
    assert_eq!(state().await["circuit_breaker_state"], "open");
    desk.clock.advance(Duration::from_secs(10));
    assert_eq!(state().await["circuit_breaker_state"], "half_open");
    desk.rag.hold(HoldRequest {
        kind: HoldKind::ForcedOpen,
        reason: "drill".to_owned(),
        author: Author::new("test"),
        for_: None,
    });
    assert_eq!(state().await["circuit_breaker_state"], "open");
}
