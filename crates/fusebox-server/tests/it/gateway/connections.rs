//! Connections to the upstream: kept, and given up for others without harm.

use std::sync::Arc;
use std::time::Duration;

use fusebox::{Author, State};
use tokio::io::AsyncWriteExt;
use tokio::sync::Notify;

use crate::house::{House, rag, read_until, until};
use crate::stand_in::{Mode, StandIn, Step, send};

const KEPT: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

#[tokio::test]
async fn one_connection_serves_many_requests() {
    let upstream = StandIn::start(Mode::Ok).await;
    let house = House::start(&rag(&upstream.url(), "")).await;
    let mut client = house.connect().await;
    for method in ["GET", "POST", "GET", "PUT"] {
        let head = format!("{method} /rag/x HTTP/1.1\r\nhost: h\r\ncontent-length: 0\r\n\r\n");
        client.write_all(head.as_bytes()).await.unwrap();
        read_until(&mut client, "hello").await;
    }
    assert_eq!((upstream.hits(), upstream.connections()), (4, 1));
}

#[tokio::test]
async fn a_connection_that_the_upstream_closed_is_replaced_for_any_method() {
    let script = Mode::Script(vec![send(KEPT)]);
    let upstream = StandIn::start(script).await;
    let house = House::start(&rag(&upstream.url(), "")).await;
    for (n, method) in ["GET", "POST", "DELETE", "POST"].into_iter().enumerate() {
        assert_eq!(house.ask(method, "/rag/x", "").await.status, 200);
        assert_eq!(upstream.connections(), n as u64 + 1);
        // The stand-in closes after each answer; the gateway must notice before it uses the
        // connection.
        until("settled", || {
            house.rag().breaker().snapshot().totals.success == n as u64 + 1
        })
        .await;
    }
    assert_eq!(house.rag().breaker().snapshot().totals.failure, 0);
}

/// More than the half second after which an idle connection is taken to be stale, in the time that
/// gateway and test share; the sockets are real, so it runs on by itself afterwards.
async fn idle() {
    tokio::time::pause();
    tokio::time::advance(Duration::from_millis(600)).await;
    tokio::time::resume();
}

#[tokio::test]
async fn a_stale_connection_that_breaks_in_use_costs_no_failure_where_repeating_is_harmless() {
    let upstream = StandIn::start(Mode::Script(vec![send(KEPT), Step::Keep])).await;
    let house = House::start(&rag(&upstream.url(), "")).await;
    assert_eq!(house.get("/rag/x").await.status, 200);
    idle().await;
    // The kept connection reads one more request and closes without a word; the next one answers.
    let breaks = Arc::new(Notify::new());
    upstream.turn(Mode::Script(vec![Step::Wait(Arc::clone(&breaks))]));
    let asked = house.get("/rag/x");
    let broken = async {
        until("the second request is there", || upstream.hits() == 2).await;
        upstream.turn(Mode::Ok);
        breaks.notify_one();
    };
    let (answer, ()) = tokio::join!(asked, broken);
    assert_eq!(answer.status, 200);
    let totals = house.rag().breaker().snapshot().totals;
    assert_eq!((totals.success, totals.failure), (2, 0));
    assert_eq!((upstream.hits(), upstream.connections()), (3, 2));
}

#[tokio::test]
async fn a_trial_is_sent_once_also_on_a_stale_connection() {
    let upstream = StandIn::start(Mode::Script(vec![send(KEPT), Step::Keep])).await;
    let house = House::start(&rag(&upstream.url(), "")).await;
    assert_eq!(house.get("/rag/x").await.status, 200);
    idle().await;
    let rag = house.rag();
    let breaker = rag.breaker();
    breaker
        .transition(State::HalfOpen, &Author::system())
        .unwrap();
    upstream.turn(Mode::Reset);
    assert_eq!(house.get("/rag/x").await.status, 502);
    assert_eq!(upstream.hits(), 2);
    assert_eq!(breaker.state(), State::Open);
}

#[tokio::test]
async fn a_request_that_may_have_had_effects_is_not_repeated() {
    let upstream = StandIn::start(Mode::Ok).await;
    let house = House::start(&rag(&upstream.url(), "")).await;
    assert_eq!(house.ask("POST", "/rag/x", "1").await.status, 200);
    upstream.turn(Mode::Reset);
    assert_eq!(house.ask("POST", "/rag/x", "1").await.status, 502);
    assert_eq!(upstream.hits(), 2);
}
