//! A reload changes the settings and keeps the state.

use fusebox::State;

use crate::house::{House, config, rag, until};
use crate::stand_in::{Mode, StandIn};

const TRIP_AT_TWO: &str = "[circuits.rag.breaker]\nconsecutive_failures = 2\nopen_for = \"60s\"";

#[tokio::test]
async fn a_circuit_keeps_its_state_and_counters() {
    let upstream = StandIn::start(Mode::Fail(500)).await;
    let house = House::start(&rag(&upstream.url(), TRIP_AT_TWO)).await;
    for _ in 0..2 {
        house.get("/rag/x").await;
    }
    assert_eq!(house.rag().breaker().state(), State::Open);
    let text = rag(
        &upstream.url(),
        "path = \"/new\"\n[circuits.rag.breaker]\nconsecutive_failures = 3",
    );
    let changed = house.circuits.apply(&config(&text)).unwrap();
    assert_eq!(changed.changed, ["rag"]);
    assert_eq!(house.rag().breaker().state(), State::Open);
    assert_eq!(house.rag().stats().requests(), 2);
    assert_eq!(
        house.rag().breaker().settings().consecutive_failures(),
        Some(3)
    );
    assert_eq!(house.get("/new/x").await.status, 503);
    assert_eq!(house.get("/rag/x").await.status, 404);
}

#[tokio::test]
async fn circuits_come_and_go() {
    let upstream = StandIn::start(Mode::Ok).await;
    let house = House::start(&rag(&upstream.url(), "")).await;
    let other = format!("[circuits.other]\nupstream = \"{}\"\n", upstream.url());
    let changed = house.circuits.apply(&config(&other)).unwrap();
    assert_eq!(
        (changed.added, changed.removed),
        (vec!["other".into()], vec!["rag".into()])
    );
    assert!(house.circuits.get("rag").is_none());
    assert_eq!(house.get("/other/x").await.status, 200);
    assert_eq!(house.get("/rag/x").await.status, 404);
}

#[tokio::test]
async fn the_same_settings_change_nothing() {
    let upstream = StandIn::start(Mode::Ok).await;
    let text = rag(&upstream.url(), "");
    let house = House::start(&text).await;
    let before = house.rag();
    assert!(house.circuits.apply(&config(&text)).unwrap().is_empty());
    assert!(std::sync::Arc::ptr_eq(&before, &house.rag()));
}

#[tokio::test]
async fn connections_stay_where_the_upstream_stays_and_move_where_it_moves() {
    let (old, new) = (
        StandIn::start(Mode::Ok).await,
        StandIn::start(Mode::Ok).await,
    );
    let house = House::start(&rag(&old.url(), "")).await;
    house.get("/rag/x").await;
    house
        .circuits
        .apply(&config(&rag(&old.url(), "timeout = \"7s\"")))
        .unwrap();
    house.get("/rag/x").await;
    assert_eq!((old.hits(), old.connections()), (2, 1));
    house.circuits.apply(&config(&rag(&new.url(), ""))).unwrap();
    house.get("/rag/x").await;
    assert_eq!((old.hits(), new.hits()), (2, 1));
}

#[tokio::test]
async fn a_request_under_way_finishes_under_the_settings_it_began_with() {
    let upstream = StandIn::start(Mode::Hang).await;
    let house = House::start(&rag(&upstream.url(), "timeout = \"300ms\"")).await;
    let asked = house.get("/rag/x");
    let reloaded = async {
        until("it is under way", || upstream.hits() == 1).await;
        house
            .circuits
            .apply(&config(&rag("http://127.0.0.1:9", "timeout = \"60s\"")))
            .unwrap();
    };
    let (answer, ()) = tokio::join!(asked, reloaded);
    assert_eq!(answer.json()["detail"], "no answer within 300ms");
}
