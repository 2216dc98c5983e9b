//! Bad and slow clients meet limits, and a clear answer.

use std::time::Duration;

use fusebox_server::circuits::upstream::Tls;
use fusebox_server::gateway::Limits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::house::{House, get, rag, read_until, until, within};
use crate::stand_in::{Mode, StandIn};

#[tokio::test]
async fn a_malformed_request_is_400() {
    let upstream = StandIn::start(Mode::Ok).await;
    let house = House::start(&rag(&upstream.url(), "")).await;
    let host = "host: h\r\n";
    for request in [
        "nonsense\r\n\r\n".to_owned(),
        "GET /rag HTTP/1.1 extra\r\n\r\n".to_owned(),
        format!("GET /rag/x HTTP/1.1\r\n{host}bad header\r\n\r\n"),
        format!("POST /rag/x HTTP/1.1\r\n{host}content-length: ten\r\n\r\n"),
        format!("POST /rag/x HTTP/1.1\r\n{host}content-length: 1\r\ncontent-length: 2\r\n\r\nab"),
        "GET /rag/x HTTP/1.1\r\nconnection: close\r\n\r\n".to_owned(),
        format!("GET /rag/x HTTP/1.1\r\n{host}{host}connection: close\r\n\r\n"),
    ] {
        let answer = house.raw(request.as_bytes()).await;
        assert_eq!(answer.status, 400, "{request:?} {answer:?}");
    }
    assert_eq!(upstream.hits(), 0);
    assert_eq!(
        house.get("/rag/x").await.status,
        200,
        "and the next one is served"
    );
}

#[tokio::test]
async fn a_truncated_request_is_nobodys_failure() {
    let upstream = StandIn::start(Mode::Ok).await;
    let house = House::start(&rag(&upstream.url(), "")).await;
    let mut client = house.connect().await;
    client.write_all(b"GET /rag/x HTT").await.unwrap();
    drop(client);
    assert_eq!(house.get("/rag/x").await.status, 200);
    assert_eq!((upstream.hits(), house.rag().stats().requests()), (1, 1));
}

#[tokio::test]
async fn a_huge_head_is_431() {
    let upstream = StandIn::start(Mode::Ok).await;
    let house = House::start(&rag(&upstream.url(), "")).await;
    let large = format!("x: {}\r\n", "a".repeat(60 * 1024));
    assert_eq!(
        house.raw(get("/rag/x", &large).as_bytes()).await.status,
        200
    );
    let huge = format!("x: {}\r\n", "a".repeat(70 * 1024));
    assert_eq!(house.raw(get("/rag/x", &huge).as_bytes()).await.status, 431);
    let many: String = (0..200).map(|n| format!("x-{n}: 1\r\n")).collect();
    assert_eq!(house.raw(get("/rag/x", &many).as_bytes()).await.status, 431);
    assert_eq!(upstream.hits(), 1);
}

#[tokio::test]
async fn a_client_that_stalls_in_its_head_is_closed() {
    let upstream = StandIn::start(Mode::Ok).await;
    let limits = Limits::default().head_read_for(Duration::from_millis(100));
    let house = House::start_with(&rag(&upstream.url(), ""), limits, Tls::default()).await;
    for begun in ["", "GET /rag/x HTTP/1.1\r\nhost: h\r\nx-half"] {
        let mut client = house.connect().await;
        client.write_all(begun.as_bytes()).await.unwrap();
        let mut rest = Vec::new();
        let _ = within(client.read_to_end(&mut rest)).await;
    }
    assert_eq!(upstream.hits(), 0);
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_for_a_place() {
    let upstream = StandIn::start(Mode::Ok).await;
    let limits = Limits::default().connections_max(1);
    let house = House::start_with(&rag(&upstream.url(), ""), limits, Tls::default()).await;
    let mut first = house.connect().await;
    first
        .write_all(b"GET /rag/x HTTP/1.1\r\nhost: h\r\n\r\n")
        .await
        .unwrap();
    read_until(&mut first, "hello").await;
    let mut second = house.connect().await;
    second
        .write_all(get("/rag/x", "").as_bytes())
        .await
        .unwrap();
    // The first is served again before the second, which waits.
    first
        .write_all(b"GET /rag/x HTTP/1.1\r\nhost: h\r\n\r\n")
        .await
        .unwrap();
    read_until(&mut first, "hello").await;
    assert_eq!(upstream.hits(), 2);
    drop(first);
    read_until(&mut second, "hello").await;
    assert_eq!(upstream.hits(), 3);
}

#[tokio::test]
async fn a_drain_finishes_what_is_under_way_and_takes_nothing_new() {
    let upstream = StandIn::start(Mode::Slow(Duration::from_millis(200))).await;
    let mut house = House::start(&rag(&upstream.url(), "")).await;
    let mut idle = house.connect().await;
    idle.write_all(b"GET /none HTTP/1.1\r\nhost: h\r\n\r\n")
        .await
        .unwrap();
    read_until(&mut idle, "no-route").await;
    let mut busy = house.connect().await;
    busy.write_all(b"GET /rag/x HTTP/1.1\r\nhost: h\r\n\r\n")
        .await
        .unwrap();
    until("it is under way", || upstream.hits() == 1).await;
    house.stop();
    let answer = read_until(&mut busy, "hello").await;
    assert!(answer.starts_with("HTTP/1.1 200"));
    house.stopped().await;
    assert!(tokio::net::TcpStream::connect(house.address).await.is_err());
    assert!(house.rag().breaker().snapshot().shutting_down);
}
