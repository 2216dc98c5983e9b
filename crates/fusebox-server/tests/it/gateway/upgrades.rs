//! Changes of protocol: a tunnel after 101.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::house::{House, rag, read_until, until, within};
use crate::stand_in::{Mode, StandIn, Step, send};

const ASK: &str = "GET /rag/chat HTTP/1.1\r\nhost: h\r\nconnection: keep-alive, Upgrade\r\n\
    upgrade: websocket\r\nsec-websocket-key: k\r\n\r\n";
const AGREE: &str =
    "HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n";

#[tokio::test]
async fn bytes_go_both_ways_after_101_and_the_head_was_the_success() {
    let script = vec![send(AGREE), send("welcome"), Step::SendBack];
    let upstream = StandIn::start(Mode::Script(script)).await;
    let house = House::start(&rag(&upstream.url(), "timeout = \"5s\"")).await;
    let mut client = house.connect().await;
    client.write_all(ASK.as_bytes()).await.unwrap();
    let head = read_until(&mut client, "welcome")
        .await
        .to_ascii_lowercase();
    assert!(head.starts_with("http/1.1 101 "), "{head}");
    assert!(head.contains("upgrade: websocket\r\n") && head.contains("connection: upgrade\r\n"));
    let seen = upstream.last_head().to_ascii_lowercase();
    assert!(seen.contains("connection: upgrade\r\n") && seen.contains("upgrade: websocket\r\n"));
    assert!(seen.contains("sec-websocket-key: k\r\n"));
    let rag = house.rag();
    assert_eq!(rag.breaker().snapshot().totals.success, 1);
    assert_eq!(rag.stats().in_flight(), 1);
    for word in ["ping", "\u{0}\u{1}raw"] {
        client.write_all(word.as_bytes()).await.unwrap();
        let mut back = vec![0; word.len()];
        within(client.read_exact(&mut back)).await.unwrap();
        assert_eq!(back, word.as_bytes());
    }
    drop(client);
    until("the tunnel has ended", || rag.stats().in_flight() == 0).await;
    assert_eq!(rag.breaker().snapshot().totals.failure, 0);
}

#[tokio::test]
async fn an_upstream_may_decline() {
    let upstream = StandIn::start(Mode::Ok).await;
    let house = House::start(&rag(&upstream.url(), "")).await;
    let mut client = house.connect().await;
    client.write_all(ASK.as_bytes()).await.unwrap();
    let answer = read_until(&mut client, "hello").await;
    assert!(answer.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_change_that_nobody_asked_for_is_502() {
    let upstream = StandIn::start(Mode::Script(vec![send(AGREE)])).await;
    let house = House::start(&rag(&upstream.url(), "")).await;
    assert_eq!(house.get("/rag/x").await.status, 502);
}
