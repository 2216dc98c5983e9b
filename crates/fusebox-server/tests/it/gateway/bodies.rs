//! Bodies stream both ways, and their ends decide.

use std::sync::Arc;

use tokio::io::AsyncWriteExt;
use tokio::sync::Notify;

use crate::house::{House, get, rag, read_until, until};
use crate::stand_in::{Mode, StandIn, Step, send};

const CHUNKED: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";

#[tokio::test]
async fn the_first_chunk_arrives_before_the_second_is_sent() {
    let go_on = Arc::new(Notify::new());
    let upstream = StandIn::start(Mode::Script(vec![
        send(CHUNKED),
        send("5\r\nfirst\r\n"),
        Step::Wait(Arc::clone(&go_on)),
        send("6\r\nsecond\r\n0\r\n\r\n"),
    ]))
    .await;
    let house = House::start(&rag(&upstream.url(), "")).await;
    let mut client = house.connect().await;
    client
        .write_all(get("/rag/x", "").as_bytes())
        .await
        .unwrap();
    let before = read_until(&mut client, "first").await;
    assert!(!before.contains("second"));
    let rag = house.rag();
    assert_eq!(
        rag.breaker().snapshot().totals.success,
        0,
        "settled before the end of the body"
    );
    assert_eq!(rag.stats().in_flight(), 1);
    go_on.notify_one();
    read_until(&mut client, "second").await;
    until("the end settles", || {
        rag.breaker().snapshot().totals.success == 1
    })
    .await;
    until("nothing is in flight", || rag.stats().in_flight() == 0).await;
}

#[tokio::test]
async fn a_head_arrives_while_nothing_of_its_body_has_come() {
    let stream = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";
    for head in [CHUNKED, stream] {
        let script = vec![send(head), Step::Wait(Arc::new(Notify::new()))];
        let upstream = StandIn::start(Mode::Script(script)).await;
        let house = House::start(&rag(&upstream.url(), "")).await;
        let mut client = house.connect().await;
        let request = get("/rag/x", "");
        client.write_all(request.as_bytes()).await.unwrap();
        read_until(&mut client, "\r\n\r\n").await;
        assert_eq!(house.rag().stats().in_flight(), 1);
    }
}

#[tokio::test]
async fn a_request_reaches_the_upstream_while_the_client_still_sends_it() {
    let upstream = StandIn::start(Mode::Echo).await;
    let house = House::start(&rag(&upstream.url(), "")).await;
    let mut client = house.connect().await;
    let head =
        "POST /rag/x HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\nconnection: close\r\n";
    client
        .write_all(format!("{head}\r\n3\r\none\r\n").as_bytes())
        .await
        .unwrap();
    until("the head is there", || upstream.hits() == 1).await;
    client.write_all(b"3\r\ntwo\r\n0\r\n\r\n").await.unwrap();
    let answer = read_until(&mut client, "two").await;
    assert!(answer.contains("one"), "{answer}");
}

#[tokio::test]
async fn a_body_cut_in_the_middle_is_a_failure_of_class_reset() {
    for cut in [
        format!("{CHUNKED}5\r\nfirst\r\n"),
        "HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nx".into(),
    ] {
        let upstream = StandIn::start(Mode::Script(vec![send(&cut)])).await;
        let more = "[circuits.rag.breaker]\nconsecutive_failures = 1";
        let house = House::start(&rag(&upstream.url(), more)).await;
        let answer = house.get("/rag/x").await;
        assert_eq!(answer.status, 200);
        until("it opens", || {
            house.rag().breaker().state() == fusebox::State::Open
        })
        .await;
        let why = house.rag().breaker().snapshot().why.unwrap();
        assert_eq!(why.evidence.class, Some(fusebox::FailureClass::Reset));
    }
}

#[tokio::test]
async fn a_body_that_does_not_end_in_time_is_cut_and_a_failure_of_class_timeout() {
    let script = vec![
        send(CHUNKED),
        send("5\r\nfirst\r\n"),
        Step::Wait(Arc::new(Notify::new())),
    ];
    let upstream = StandIn::start(Mode::Script(script)).await;
    let more = "timeout = \"100ms\"\n[circuits.rag.breaker]\nconsecutive_failures = 1";
    let house = House::start(&rag(&upstream.url(), more)).await;
    let answer = house.get("/rag/x").await;
    assert!(
        answer.body.contains("first") && !answer.body.contains("0\r\n\r\n"),
        "{answer:?}"
    );
    until("it opens", || {
        house.rag().breaker().state() == fusebox::State::Open
    })
    .await;
    let why = house.rag().breaker().snapshot().why.unwrap();
    assert_eq!(why.evidence.class, Some(fusebox::FailureClass::Timeout));
}

#[tokio::test]
async fn an_event_stream_is_a_success_at_its_head_and_outlives_the_time_out() {
    let go_on = Arc::new(Notify::new());
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n\r\n";
    let upstream = StandIn::start(Mode::Script(vec![
        send(head),
        send("data: 1\n\n"),
        Step::Wait(Arc::clone(&go_on)),
        send("data: 2\n\n"),
        Step::Wait(Arc::new(Notify::new())),
    ]))
    .await;
    let house = House::start(&rag(&upstream.url(), "timeout = \"50ms\"")).await;
    let mut client = house.connect().await;
    client
        .write_all(get("/rag/x", "").as_bytes())
        .await
        .unwrap();
    read_until(&mut client, "data: 1").await;
    assert_eq!(house.rag().breaker().snapshot().totals.success, 1);
    // A second call is cut off by the same time-out, so that the first one has outlived it for
    // certain.
    upstream.turn(Mode::Hang);
    assert_eq!(house.get("/rag/x").await.status, 504);
    go_on.notify_one();
    read_until(&mut client, "data: 2").await;
}

#[tokio::test]
async fn a_body_that_is_silent_for_longer_than_settle_after_is_a_success() {
    let script = vec![
        send(CHUNKED),
        send("5\r\nfirst\r\n"),
        Step::Wait(Arc::new(Notify::new())),
    ];
    let upstream = StandIn::start(Mode::Script(script)).await;
    let house = House::start(&rag(&upstream.url(), "settle_after = \"50ms\"")).await;
    let mut client = house.connect().await;
    client
        .write_all(get("/rag/x", "").as_bytes())
        .await
        .unwrap();
    read_until(&mut client, "first").await;
    until("it is settled", || {
        house.rag().breaker().snapshot().totals.success == 1
    })
    .await;
    assert_eq!(house.rag().stats().in_flight(), 1);
}

#[tokio::test]
async fn trailers_pass_through() {
    let script = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-sum\r\n\r\n\
        1\r\na\r\n0\r\nx-sum: 7\r\n\r\n";
    let upstream = StandIn::start(Mode::Script(vec![send(script)])).await;
    let house = House::start(&rag(&upstream.url(), "")).await;
    let lines = "te: trailers\r\n";
    let answer = house.raw(get("/rag/x", lines).as_bytes()).await;
    assert!(answer.body.contains("x-sum: 7"), "{answer:?}");
}

#[tokio::test]
async fn answers_without_a_body_keep_their_heads() {
    let script = |text: &str| Mode::Script(vec![send(text)]);
    let upstream = StandIn::start(script("HTTP/1.1 204 No Content\r\nx-a: 1\r\n\r\n")).await;
    let house = House::start(&rag(&upstream.url(), "")).await;
    let answer = house.get("/rag/x").await;
    assert_eq!((answer.status, answer.header("x-a")), (204, Some("1")));
    upstream.turn(script(
        "HTTP/1.1 304 Not Modified\r\netag: \"a\"\r\ncontent-length: 17\r\n\r\n",
    ));
    let answer = house.get("/rag/x").await;
    assert_eq!((answer.status, answer.header("etag")), (304, Some("\"a\"")));
    upstream.turn(script("HTTP/1.1 200 OK\r\ncontent-length: 1234\r\n\r\n"));
    let answer = house.ask("HEAD", "/rag/x", "").await;
    assert_eq!(
        (answer.status, answer.header("content-length")),
        (200, Some("1234"))
    );
    assert_eq!(answer.body, "");
    until("all are successes", || {
        house.rag().breaker().snapshot().totals.success == 3
    })
    .await;
}

#[tokio::test]
async fn an_upstream_of_http_1_0_is_understood() {
    let upstream = StandIn::start(Mode::Script(vec![send("HTTP/1.0 200 OK\r\n\r\nold")])).await;
    let house = House::start(&rag(&upstream.url(), "")).await;
    let answer = house.get("/rag/x").await;
    assert!(
        answer.status == 200 && answer.body.contains("old"),
        "{answer:?}"
    );
    assert!(answer.head.starts_with("HTTP/1.1"));
}
