//! Clients that go away are not the upstream's failures.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::sync::Notify;

use fusebox_server::circuits::Answer as Counted;
use fusebox_server::circuits::upstream::Tls;
use fusebox_server::gateway::Limits;

use crate::house::{House, get, rag, read_until, until, within};
use crate::stand_in::{Mode, StandIn, Step, send};

async fn is_ignored(house: &House) {
    let rag = house.rag();
    until("nothing is in flight", || rag.stats().in_flight() == 0).await;
    until("the call is settled", || {
        rag.breaker().snapshot().in_flight == 0
    })
    .await;
    let totals = rag.breaker().snapshot().totals;
    assert_eq!((totals.failure, totals.success), (0, 0), "{totals:?}");
}

#[tokio::test]
async fn a_client_that_leaves_while_it_waits_is_ignored() {
    let upstream = StandIn::start(Mode::Hang).await;
    let house = House::start(&rag(&upstream.url(), "")).await;
    let mut client = house.connect().await;
    client
        .write_all(get("/rag/x", "").as_bytes())
        .await
        .unwrap();
    until("the request is there", || upstream.hits() == 1).await;
    drop(client);
    is_ignored(&house).await;
    assert_eq!(house.rag().stats().answers(Counted::Client), 1);
}

#[tokio::test]
async fn a_client_that_leaves_in_the_middle_of_its_request_is_ignored() {
    let upstream = StandIn::start(Mode::Ok).await;
    let house = House::start(&rag(&upstream.url(), "")).await;
    let mut client = house.connect().await;
    let head = "POST /rag/x HTTP/1.1\r\nhost: h\r\ncontent-length: 100\r\n\r\nhalf";
    client.write_all(head.as_bytes()).await.unwrap();
    until("the request is there", || upstream.hits() == 1).await;
    drop(client);
    is_ignored(&house).await;
}

#[tokio::test]
async fn a_client_that_leaves_in_the_middle_of_the_answer_is_ignored() {
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf";
    let script = vec![send(head), Step::Wait(Arc::new(Notify::new()))];
    let upstream = StandIn::start(Mode::Script(script)).await;
    let house = House::start(&rag(&upstream.url(), "")).await;
    let mut client = house.connect().await;
    client
        .write_all(get("/rag/x", "").as_bytes())
        .await
        .unwrap();
    read_until(&mut client, "half").await;
    drop(client);
    is_ignored(&house).await;
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_told_400_and_is_ignored() {
    let upstream = StandIn::start(Mode::Ok).await;
    let house = House::start(&rag(&upstream.url(), "")).await;
    let request = "POST /rag/x HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\nZZ\r\n";
    let answer = house.raw(request.as_bytes()).await;
    assert_eq!(answer.status, 400, "{answer:?}");
    assert_eq!(answer.json()["type"], "urn:fusebox:bad-request");
    is_ignored(&house).await;
}

#[tokio::test]
async fn a_client_that_does_not_send_its_body_is_told_408_and_is_ignored() {
    let upstream = StandIn::start(Mode::Ok).await;
    let house = House::start(&rag(&upstream.url(), "timeout = \"100ms\"")).await;
    let head = "POST /rag/x HTTP/1.1\r\nhost: h\r\ncontent-length: 100\r\n\r\nhalf";
    let answer = house.raw(head.as_bytes()).await;
    assert_eq!(answer.status, 408, "{answer:?}");
    assert_eq!(answer.json()["type"], "urn:fusebox:request-timeout");
    is_ignored(&house).await;
}

#[tokio::test]
async fn a_client_that_does_not_read_is_closed_and_is_ignored() {
    let mut script = vec![send("HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n")];
    script.extend(std::iter::repeat_n(Step::Send(vec![b'x'; 1_000_000]), 100));
    let upstream = StandIn::start(Mode::Script(script)).await;
    let limits = Limits::default().write_stalled_for(Duration::from_millis(100));
    // Settled by the end of the body only: nothing else may judge this call.
    let text = rag(&upstream.url(), "settle_after = \"60s\"");
    let house = House::start_with(&text, limits, Tls::default()).await;
    let mut client = house.connect().await;
    client
        .write_all(get("/rag/x", "").as_bytes())
        .await
        .unwrap();
    until("the request is there", || upstream.hits() == 1).await;
    is_ignored(&house).await;
    drop(client);
}

#[tokio::test]
async fn a_trial_whose_client_leaves_gives_its_place_back() {
    let upstream = StandIn::start(Mode::Hang).await;
    let house = House::start(&rag(&upstream.url(), "")).await;
    let rag = house.rag();
    let me = fusebox::Author::new("me");
    rag.breaker()
        .transition(fusebox::State::HalfOpen, &me)
        .unwrap();
    let mut client = house.connect().await;
    client
        .write_all(get("/rag/x", "").as_bytes())
        .await
        .unwrap();
    until("the trial is there", || upstream.hits() == 1).await;
    assert_eq!(
        house.get("/rag/x").await.header("fusebox-reason"),
        Some("half_open")
    );
    drop(client);
    until("the place is free", || {
        rag.breaker().snapshot().in_flight == 0
    })
    .await;
    assert_eq!(rag.breaker().state(), fusebox::State::HalfOpen);
    upstream.turn(Mode::Ok);
    assert_eq!(house.get("/rag/x").await.status, 200);
}

#[tokio::test]
async fn a_rejected_client_can_read_why_also_while_it_sends_a_large_body() {
    let upstream = StandIn::start(Mode::Ok).await;
    let house = House::start(&rag(&upstream.url(), "")).await;
    let me = fusebox::Author::new("me");
    house
        .rag()
        .breaker()
        .transition(fusebox::State::Open, &me)
        .unwrap();
    let mut client = house.connect().await;
    let head = "POST /rag/x HTTP/1.1\r\nhost: h\r\ncontent-length: 8388608\r\n\r\n";
    client.write_all(head.as_bytes()).await.unwrap();
    // Clients that cannot send all do not look for an answer.
    within(client.write_all(&vec![b'x'; 8 << 20]))
        .await
        .unwrap();
    let answer = read_until(&mut client, "urn:fusebox:rejected").await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
}
