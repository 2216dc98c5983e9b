//! The same routes over the gateway's own circuits.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::Request;
use fusebox_admin::Admin;
use fusebox_server::circuits::Circuits;
use fusebox_server::settings::Config;
use serde_json::Value;
use tower::ServiceExt;

const SETTINGS: &str = r#"
[circuits.vms]
upstream = "http://127.0.0.1:9"
priority = 3

[circuits.rag]
upstream = "http://127.0.0.1:9"
priority = 1
timeout = "5s"
[circuits.rag.breaker]
consecutive_failures = 7
[circuits.rag.fallback]
body = "later"
"#;

async fn get(router: &Router, path: &str) -> String {
    let sent = Request::get(path)
        .header("Host", "localhost")
        .extension(ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 50_000))))
        .body(Body::empty())
        .expect("a request");
    let response = router
        .clone()
        .oneshot(sent)
        .await
        .expect("the router answers");
    assert_eq!(response.status(), 200, "{path}");
    let bytes = to_bytes(response.into_body(), 1 << 20)
        .await
        .expect("a short body");
    String::from_utf8(bytes.to_vec()).expect("text")
}

#[tokio::test]
async fn the_gateways_circuits_are_listed_in_the_order_of_their_names() {
    let config = Config::parse(SETTINGS, "test.toml", std::iter::empty()).expect("right");
    let circuits = Circuits::new(&config).expect("circuits");
    let router = Admin::new(circuits.registry())
        .source(Arc::clone(&circuits) as _)
        .router();

    let list = get(&router, "/api/v1/circuit-breakers").await;
    let list: Value = serde_json::from_str(&list).expect("JSON");
    let shown: Vec<_> = list["circuits"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|circuit| (circuit["name"].as_str(), circuit["priority"].as_u64()))
        .collect();
    assert_eq!(shown, [(Some("rag"), Some(1)), (Some("vms"), Some(3))]);

    let rag: Value =
        serde_json::from_str(&get(&router, "/api/v1/circuit-breakers/rag").await).expect("JSON");
    assert_eq!(rag["settings"]["consecutive_failures"], "7");

    let health = get(&router, "/api/v1/circuit-breakers/health").await;
    let health: Value = serde_json::from_str(&health).expect("JSON");
    let told = |name: &str| {
        let set = &health["services"][name]["configuration"];
        (set["fallback_enabled"].clone(), set["timeout"].clone())
    };
    assert_eq!(told("rag"), (true.into(), 5.0.into()));
    assert_eq!(told("vms"), (false.into(), 30.0.into()));

    let metrics = get(&router, "/metrics").await;
    let series = "circuit_breaker_state{service_name=\"fusebox\",circuit_name=\"rag\"} 0\n";
    assert!(metrics.contains(series), "{metrics}");
}
