//! Slow calls are seen while they are still under way (R3).

use std::time::Duration;

use fusebox::{Cause, State};
use tokio::io::AsyncWriteExt;
use tokio::time::Instant;

use crate::house::{House, get, rag, until};
use crate::stand_in::{Mode, StandIn};

/// Longer than any test waits: what opens the circuit is not the end of a call.
const NEVER: &str = "timeout = \"10m\"\n";
const SLOW: &str = "slow_call_rate = \"50%\"\nslow_call_duration = \"100ms\"\n\
    minimum_calls = 4\nopen_for = \"60s\"\n";

#[tokio::test]
async fn an_upstream_that_swallows_calls_opens_the_circuit_long_before_their_time_out() {
    let upstream = StandIn::start(Mode::Hang).await;
    let more = format!("{NEVER}[circuits.rag.breaker]\n{SLOW}");
    let house = House::start(&rag(&upstream.url(), &more)).await;
    let begun = Instant::now();
    let mut clients = Vec::new();
    for _ in 0..4 {
        let mut client = house.connect().await;
        client
            .write_all(get("/rag/x", "").as_bytes())
            .await
            .unwrap();
        clients.push(client);
    }
    until("the circuit is open", || {
        house.rag().breaker().state() == State::Open
    })
    .await;
    // The clock of the call path is a few milliseconds behind.
    assert!(begun.elapsed() >= Duration::from_millis(50));
    let why = house.rag().breaker().snapshot().why.unwrap();
    assert_eq!(why.cause, Cause::SlowCallRate);
    assert_eq!(house.get("/rag/x").await.status, 503);
    assert_eq!(upstream.hits(), 4);
}

#[tokio::test]
async fn a_branch_that_swallows_calls_is_rejected_alone() {
    let upstream = StandIn::start(Mode::Ok).await;
    let more = format!(
        "{NEVER}[circuits.rag.branch]\nkey = \"header:x-pos-id\"\n\
         [circuits.rag.branch.breaker]\n{SLOW}"
    );
    let house = House::start(&rag(&upstream.url(), &more)).await;
    assert_eq!(house.get("/rag/x").await.status, 200);
    upstream.turn(Mode::Hang);
    let dead = get("/rag/x", "x-pos-id: till-3\r\n");
    let mut clients = Vec::new();
    for _ in 0..4 {
        let mut client = house.connect().await;
        client.write_all(dead.as_bytes()).await.unwrap();
        clients.push(client);
    }
    until("the branch is open", || {
        house.rag().breaker().branches().open == 1
    })
    .await;
    assert_eq!(house.rag().breaker().state(), State::Closed);
    upstream.turn(Mode::Ok);
    assert_eq!(house.raw(dead.as_bytes()).await.status, 503);
    assert_eq!(house.get("/rag/x").await.status, 200);
}
