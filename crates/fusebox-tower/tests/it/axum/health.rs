//! The health page over a registry.

use super::{get, header, json};
use axum::Router;
use axum::routing::get as on_get;
use fusebox::{Author, Definition, HoldKind, HoldRequest, Registry, State};
use fusebox_tower::axum::{Health, health};
use serde_json::{Value, json};
use tower::ServiceExt;

fn registry() -> Registry {
    let registry = Registry::new();
    registry.add(Definition::new("rag").priority(1)).unwrap();
    registry.add(Definition::new("mail").priority(3)).unwrap();
    registry
}

/// What the page of this registry says.
async fn page(registry: &Registry) -> Value {
    let router: Router = Router::new()
        .route("/health", on_get(health))
        .with_state(registry.clone());
    let answer = router.oneshot(get("/health")).await.unwrap();
    assert_eq!(answer.status(), 200);
    let media_type = Some("application/health+json");
    assert_eq!(header(&answer, "content-type"), media_type);
    json(answer).await
}

fn open(registry: &Registry, name: &str) {
    let circuit = registry.get(name).unwrap();
    circuit
        .transition(State::Open, &Author::new("test"))
        .unwrap();
}

#[tokio::test]
async fn a_service_whose_circuits_are_closed_passes() {
    let expected = json!({
        "status": "pass",
        "circuits": [
            {"name": "mail", "status": "pass", "state": "closed", "hold": null, "priority": 3},
            {"name": "rag", "status": "pass", "state": "closed", "hold": null, "priority": 1},
        ],
    });
    assert_eq!(page(&registry()).await, expected);
}

#[tokio::test]
async fn an_open_circuit_of_priority_1_degrades_the_whole_and_is_named() {
    let registry = registry();
    open(&registry, "rag");
    assert!(Health::of(&registry).is_degraded());
    let page = page(&registry).await;
    assert_eq!(page["status"], "warn");
    assert_eq!(page["output"], "open circuits of priority 1: rag");
    assert_eq!(page["circuits"][1]["status"], "warn");
    assert_eq!(page["circuits"][1]["state"], "open");
}

#[tokio::test]
async fn an_open_circuit_of_lower_priority_is_shown_and_degrades_nothing() {
    let registry = registry();
    open(&registry, "mail");
    let page = page(&registry).await;
    assert_eq!(page["status"], "pass");
    assert_eq!(page["circuits"][0]["state"], "open");
    assert_eq!(page["circuits"][0]["status"], "pass");
}

#[tokio::test]
async fn holds_and_the_main_breaker_count_as_callers_feel_them() {
    let registry = registry();
    let hold = |kind| HoldRequest {
        kind,
        reason: "trying it".to_owned(),
        author: Author::new("ada"),
        for_: None,
    };
    let rag = registry.get("rag").unwrap();
    rag.hold(hold(HoldKind::ForcedOpen));
    assert_eq!(page(&registry).await["circuits"][1]["hold"], "forced_open");
    assert!(Health::of(&registry).is_degraded());
    rag.hold(hold(HoldKind::Observe));
    assert!(!Health::of(&registry).is_degraded());

    registry.main().open("flood", &Author::new("ada"));
    assert!(Health::of(&registry).is_degraded());
    registry.main().close(&Author::new("ada"));
    assert!(!Health::of(&registry).is_degraded());
}

#[tokio::test]
async fn a_service_may_show_its_version() {
    use axum::response::IntoResponse;
    let answer = Health::of(&registry()).version("1.2.3").into_response();
    assert_eq!(json(answer).await["version"], "1.2.3");
}
