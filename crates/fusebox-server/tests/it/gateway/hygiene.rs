//! What the upstream sees of a request, and the client of an answer.

use crate::house::{House, get, rag};
use crate::stand_in::{Mode, StandIn, send};

#[tokio::test]
async fn the_prefix_is_taken_off_and_the_query_kept() {
    let upstream = StandIn::start(Mode::Echo).await;
    let house = House::start(&rag(&upstream.url(), "")).await;
    house.get("/rag/a%20b/c?x=1&y=%2F").await;
    assert!(
        upstream
            .last_head()
            .starts_with("GET /a%20b/c?x=1&y=%2F HTTP/1.1\r\n")
    );
    house.get("/rag").await;
    assert!(upstream.last_head().starts_with("GET / HTTP/1.1\r\n"));
}

#[tokio::test]
async fn a_named_path_stays_and_the_base_path_comes_first() {
    let upstream = StandIn::start(Mode::Echo).await;
    let house = House::start(&rag(&format!("{}/v1", upstream.url()), "path = \"/api\"")).await;
    house.get("/api/x").await;
    assert!(
        upstream
            .last_head()
            .starts_with("GET /v1/api/x HTTP/1.1\r\n")
    );
}

#[tokio::test]
async fn requests_for_a_host_go_to_its_circuit() {
    let (here, there) = (
        StandIn::start(Mode::Ok).await,
        StandIn::start(Mode::Ok).await,
    );
    let text = format!(
        "{}\n[circuits.there]\nupstream = \"{}\"\nhost = \"there.example\"\n",
        rag(&here.url(), ""),
        there.url()
    );
    let house = House::start(&text).await;
    let ask =
        |host: &str| format!("GET /rag/x HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    house.raw(ask("There.Example:8080").as_bytes()).await;
    assert_eq!((here.hits(), there.hits()), (0, 1));
    house.raw(ask("elsewhere.example").as_bytes()).await;
    assert_eq!((here.hits(), there.hits()), (1, 1));
}

#[tokio::test]
async fn the_upstream_is_told_where_the_request_came_from() {
    let upstream = StandIn::start(Mode::Echo).await;
    let house = House::start(&rag(&upstream.url(), "")).await;
    let lines = "x-secret: 1\r\nkeep-alive: 5\r\nx-kept: 1\r\nx-forwarded-for: 1.2.3.4\r\n";
    let head = format!(
        "GET /rag/x HTTP/1.1\r\nhost: gateway.example\r\nconnection: close, x-secret\r\n{lines}\r\n"
    );
    let body = house.raw(head.as_bytes()).await.body.to_ascii_lowercase();
    for line in [
        format!("host: {}", upstream.address()),
        "x-forwarded-for: 1.2.3.4, 127.0.0.1".to_owned(),
        "x-forwarded-proto: http".to_owned(),
        "x-forwarded-host: gateway.example".to_owned(),
        "via: 1.1 fusebox".to_owned(),
        "x-kept: 1".to_owned(),
    ] {
        assert!(body.contains(&format!("{line}\r\n")), "{line}: {body}");
    }
    for name in ["x-secret", "keep-alive", "connection: "] {
        assert!(!body.contains(name), "{name}: {body}");
    }
}

#[tokio::test]
async fn what_is_for_the_upstreams_connection_does_not_reach_the_client() {
    let script = "HTTP/1.1 200 OK\r\nconnection: x-hop\r\nx-hop: 1\r\nkeep-alive: timeout=5\r\n\
        content-length: 2\r\nx-kept: 1\r\n\r\nok";
    let upstream = StandIn::start(Mode::Script(vec![send(script)])).await;
    let house = House::start(&rag(&upstream.url(), "")).await;
    let answer = house.get("/rag/x").await;
    assert_eq!(answer.header("x-kept"), Some("1"));
    assert_eq!(answer.header("x-hop"), None);
    assert_eq!(answer.header("keep-alive"), None);
}

#[tokio::test]
async fn a_client_that_expects_100_gets_it_from_the_gateway() {
    use crate::house::read_until;
    use tokio::io::AsyncWriteExt;

    let upstream = StandIn::start(Mode::Echo).await;
    let house = House::start(&rag(&upstream.url(), "")).await;
    let mut client = house.connect().await;
    let head =
        "POST /rag/x HTTP/1.1\r\nhost: h\r\ncontent-length: 4\r\nexpect: 100-continue\r\n\r\n";
    client.write_all(head.as_bytes()).await.unwrap();
    read_until(&mut client, "100 Continue\r\n\r\n").await;
    client.write_all(b"body").await.unwrap();
    let answer = read_until(&mut client, "body").await;
    assert!(!answer.to_ascii_lowercase().contains("expect:"), "{answer}");
}

#[tokio::test]
async fn a_path_that_climbs_is_refused() {
    let upstream = StandIn::start(Mode::Ok).await;
    let house = House::start(&rag(&upstream.url(), "")).await;
    for path in ["/rag/../admin", "/rag/%2e%2e/admin", "/rag/..%2fadmin"] {
        let answer = house.raw(get(path, "").as_bytes()).await;
        assert_eq!(answer.status, 400, "{path}");
        assert_eq!(answer.json()["type"], "urn:fusebox:bad-request");
    }
    assert_eq!(upstream.hits(), 0);
}

#[tokio::test]
async fn nobody_sees_two_lengths_of_one_body() {
    let upstream = StandIn::start(Mode::Echo).await;
    let house = House::start(&rag(&upstream.url(), "")).await;
    for lengths in [
        "content-length: 3\r\ntransfer-encoding: chunked\r\n",
        "transfer-encoding: chunked\r\ncontent-length: 3\r\n",
    ] {
        let head = format!("POST /rag/x HTTP/1.1\r\nhost: h\r\nconnection: close\r\n{lengths}\r\n");
        house
            .raw(format!("{head}1\r\na\r\n0\r\n\r\n").as_bytes())
            .await;
        let seen = upstream.last_head().to_ascii_lowercase();
        assert!(seen.contains("transfer-encoding: chunked\r\n"), "{seen}");
        assert!(!seen.contains("content-length"), "{seen}");
    }
    let both = "HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n\
        1\r\na\r\n0\r\n\r\n";
    upstream.turn(Mode::Script(vec![send(both)]));
    let answer = house.get("/rag/x").await;
    assert_eq!(answer.header("content-length"), None);
    assert_eq!(answer.header("transfer-encoding"), Some("chunked"));
}

#[tokio::test]
async fn a_request_without_a_path_belongs_to_no_circuit() {
    let upstream = StandIn::start(Mode::Ok).await;
    let house = House::start(&rag(&upstream.url(), "path = \"/\"")).await;
    for line in ["CONNECT rag.example:443", "OPTIONS *"] {
        let head = format!("{line} HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n");
        assert_eq!(house.raw(head.as_bytes()).await.status, 404, "{line}");
    }
    assert_eq!((upstream.hits(), house.get("/any").await.status), (0, 200));
}

#[tokio::test]
async fn a_target_that_names_a_host_outranks_the_header() {
    let upstream = StandIn::start(Mode::Echo).await;
    let house = House::start(&rag(&upstream.url(), "")).await;
    let request =
        "GET http://gateway.example/rag/x HTTP/1.1\r\nhost: other\r\nconnection: close\r\n\r\n";
    let answer = house.raw(request.as_bytes()).await;
    let told = answer.body.to_ascii_lowercase();
    assert!(told.contains("x-forwarded-host: gateway.example"), "{told}");
}

#[tokio::test]
async fn a_host_that_is_none_is_told_400() {
    let upstream = StandIn::start(Mode::Ok).await;
    let house = House::start(&rag(&upstream.url(), "")).await;
    for host in ["h:bad", "x@h", "a/b"] {
        let request = format!("GET /rag/x HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        let answer = house.raw(request.as_bytes()).await;
        assert_eq!(answer.status, 400, "{host}");
    }
    assert_eq!(upstream.hits(), 0);
}
