//! The main breaker above the gateway's circuits (R18).

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::ConnectInfo;
use fusebox::State;
use fusebox_admin::Admin;
use http::Request;
use tower::ServiceExt;

use crate::house::{House, config, until};
use crate::stand_in::{Mode, StandIn};

/// `paid` opens the main breaker at its first failure; `free` is another circuit.
fn two(paid: &StandIn, free: &StandIn) -> String {
    format!(
        "[circuits.paid]\nupstream = \"{}\"\ntrips_main = true\n\
         breaker = {{ consecutive_failures = 1, open_for = \"1ms\" }}\n\
         [circuits.free]\nupstream = \"{}\"\n",
        paid.url(),
        free.url()
    )
}

/// Asks the admin interface over this house.
async fn turn(house: &House, body: &'static str) -> u16 {
    let router = Admin::new(house.circuits.registry()).router();
    let request = Request::post("/api/v1/main")
        .header("host", "localhost")
        .extension(ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 50_000))));
    let request = request.body(Body::from(body)).unwrap();
    router.oneshot(request).await.unwrap().status().as_u16()
}

#[tokio::test]
async fn a_circuit_that_trips_it_stops_every_circuit_until_a_hand_closes_it() {
    let (paid, free) = (
        StandIn::start(Mode::Fail(500)).await,
        StandIn::start(Mode::Ok).await,
    );
    let house = House::start(&two(&paid, &free)).await;
    assert_eq!(house.get("/free/x").await.status, 200);
    assert_eq!(house.get("/paid/x").await.status, 500);

    let rejected = house.get("/free/x").await;
    assert_eq!(rejected.status, 503);
    assert_eq!(rejected.header("fusebox-reason"), Some("main"));
    assert_eq!(rejected.header("retry-after"), None);
    let problem = rejected.json();
    assert_eq!(problem["detail"], "the main breaker is open");
    assert_eq!(problem["state"], "closed");
    let opening = house.circuits.main().opened().unwrap();
    assert_eq!(opening.circuit.as_deref(), Some("paid"));
    assert_eq!((paid.hits(), free.hits()), (1, 1));

    paid.turn(Mode::Ok);
    assert_eq!(turn(&house, r#"{"state": "closed"}"#).await, 200);
    assert_eq!(house.get("/free/x").await.status, 200);
    let breaker = house.circuits.get("paid").unwrap().breaker();
    until("its trial is due", || breaker.state() == State::HalfOpen).await;
    assert_eq!(house.get("/paid/x").await.status, 200);
}

#[tokio::test]
async fn it_is_opened_by_hand_and_stays_open_over_a_reload() {
    let (paid, free) = (
        StandIn::start(Mode::Ok).await,
        StandIn::start(Mode::Ok).await,
    );
    let house = House::start(&two(&paid, &free)).await;
    let body = r#"{"state": "open", "reason": "invoice dispute"}"#;
    assert_eq!(turn(&house, body).await, 200);
    let text = format!(
        "{}[circuits.new]\nupstream = \"{}\"\n",
        two(&paid, &free).replace("trips_main = true\n", ""),
        free.url()
    );
    house.circuits.apply(&config(&text)).unwrap();
    for path in ["/paid/x", "/free/x", "/new/x"] {
        let rejected = house.get(path).await;
        assert_eq!(rejected.header("fusebox-reason"), Some("main"), "{path}");
    }
    assert_eq!(turn(&house, r#"{"state": "closed"}"#).await, 200);
    for path in ["/paid/x", "/free/x", "/new/x"] {
        assert_eq!(house.get(path).await.status, 200, "{path}");
    }

    // By now `paid` trips nothing but itself.
    paid.turn(Mode::Fail(500));
    house.get("/paid/x").await;
    assert_ne!(
        house.circuits.get("paid").unwrap().breaker().state(),
        State::Closed
    );
    assert!(!house.circuits.main().is_open());
}
