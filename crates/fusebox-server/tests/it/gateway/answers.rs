//! One test for each answer of the gateway's own.

use serde_json::json;

use crate::house::{Answer, House, rag};
use crate::stand_in::{Mode, StandIn, refusing, send};

/// Opens at the first failure, for longer than any test.
const TRIP_AT_ONE: &str =
    "[circuits.rag.breaker]\nconsecutive_failures = 1\nopen_for = \"60s\"\njitter = \"0%\"";

fn is_about_rag(answer: &Answer, status: u16, kind: &str, reason: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(
        answer.header("content-type"),
        Some("application/problem+json")
    );
    assert_eq!(answer.header("fusebox-circuit"), Some("rag"));
    assert_eq!(answer.header("fusebox-reason"), Some(reason));
    assert_eq!(answer.header("fusebox-fallback"), None);
    let problem = answer.json();
    assert_eq!(problem["type"], format!("urn:fusebox:{kind}"));
    assert_eq!(problem["status"], status);
    assert_eq!(problem["circuit"], "rag");
    assert_eq!(problem["reason"], reason);
    let members: Vec<_> = problem.as_object().unwrap().keys().cloned().collect();
    let promised = [
        "type",
        "title",
        "status",
        "detail",
        "circuit",
        "reason",
        "state",
        "retry_after",
    ];
    assert_eq!(members, promised);
}

#[tokio::test]
async fn a_good_answer_passes_through() {
    let upstream = StandIn::start(Mode::Ok).await;
    let house = House::start(&rag(&upstream.url(), "")).await;
    let answer = house.get("/rag/x").await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "hello"));
    assert_eq!(answer.header("fusebox-reason"), None);
    assert_eq!(house.rag().breaker().snapshot().totals.success, 1);
}

#[tokio::test]
async fn a_failing_answer_passes_through_with_its_body() {
    let upstream = StandIn::start(Mode::Fail(500)).await;
    let house = House::start(&rag(&upstream.url(), "")).await;
    let answer = house.get("/rag/x").await;
    assert_eq!((answer.status, answer.body.as_str()), (500, "out of order"));
    assert_eq!(house.rag().breaker().snapshot().totals.failure, 1);
}

#[tokio::test]
async fn an_open_circuit_is_503_with_the_time_to_the_next_trial() {
    let upstream = StandIn::start(Mode::Fail(500)).await;
    let house = House::start(&rag(&upstream.url(), TRIP_AT_ONE)).await;
    house.get("/rag/x").await;
    let answer = house.ask("POST", "/rag/x", "{}").await;
    is_about_rag(&answer, 503, "rejected", "open");
    let problem = answer.json();
    assert_eq!(problem["state"], "open");
    let after = problem["retry_after"].as_f64().unwrap();
    // The breaker's coarse clock may be a few milliseconds behind the one that dated the opening.
    assert!(after > 40.0 && after < 60.1, "{after}");
    let seconds: f64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert_eq!(seconds, after.ceil());
    assert_eq!(upstream.hits(), 1);
}

#[tokio::test]
async fn a_circuit_held_open_says_so_and_has_no_retry_after() {
    let upstream = StandIn::start(Mode::Ok).await;
    let house = House::start(&rag(&upstream.url(), "")).await;
    house.rag().breaker().hold(fusebox::HoldRequest {
        kind: fusebox::HoldKind::ForcedOpen,
        reason: "maintenance".to_owned(),
        author: fusebox::Author::new("me"),
        for_: None,
    });
    let answer = house.get("/rag/x").await;
    is_about_rag(&answer, 503, "rejected", "forced_open");
    assert_eq!(answer.json()["retry_after"], json!(null));
    assert_eq!(answer.header("retry-after"), None);
    assert_eq!(upstream.hits(), 0);
}

#[tokio::test]
async fn an_upstream_that_refuses_is_502_connect() {
    let house = House::start(&rag(&format!("http://{}", refusing().await), TRIP_AT_ONE)).await;
    is_about_rag(&house.get("/rag/x").await, 502, "connect", "connect");
    is_about_rag(&house.get("/rag/x").await, 503, "rejected", "open");
}

#[tokio::test]
async fn an_upstream_whose_name_does_not_resolve_is_502_connect() {
    let house = House::start(&rag("http://no-such-host.invalid", "")).await;
    is_about_rag(&house.get("/rag/x").await, 502, "connect", "connect");
    assert_eq!(house.rag().breaker().snapshot().totals.failure, 1);
}

#[tokio::test]
async fn an_upstream_that_hangs_is_504() {
    let upstream = StandIn::start(Mode::Hang).await;
    let house = House::start(&rag(&upstream.url(), "timeout = \"50ms\"")).await;
    let answer = house.get("/rag/x").await;
    is_about_rag(&answer, 504, "timeout", "timeout");
    assert_eq!(answer.json()["detail"], "no answer within 50ms");
    assert_eq!(house.rag().breaker().snapshot().totals.failure, 1);
}

#[tokio::test]
async fn the_head_has_a_time_out_of_its_own() {
    let upstream = StandIn::start(Mode::Hang).await;
    let house = House::start(&rag(&upstream.url(), "head_timeout = \"50ms\"")).await;
    is_about_rag(&house.get("/rag/x").await, 504, "timeout", "timeout");
}

#[tokio::test]
async fn an_upstream_that_breaks_off_is_502_reset() {
    let upstream = StandIn::start(Mode::Reset).await;
    let house = House::start(&rag(&upstream.url(), "")).await;
    is_about_rag(&house.get("/rag/x").await, 502, "reset", "reset");
    is_about_rag(
        &house.ask("POST", "/rag/x", "{}").await,
        502,
        "reset",
        "reset",
    );
    assert_eq!(house.rag().breaker().snapshot().totals.failure, 2);
    assert_eq!(
        upstream.hits(),
        2,
        "a fresh connection's reset is not tried again"
    );
}

#[tokio::test]
async fn an_upstream_that_breaks_off_right_behind_its_head_is_502_reset() {
    for announced in ["content-length: 99", "transfer-encoding: chunked"] {
        let head = format!("HTTP/1.1 200 OK\r\n{announced}\r\n\r\n");
        let upstream = StandIn::start(Mode::Script(vec![send(&head)])).await;
        let house = House::start(&rag(&upstream.url(), "")).await;
        is_about_rag(&house.get("/rag/x").await, 502, "reset", "reset");
        let totals = house.rag().breaker().snapshot().totals;
        assert_eq!((totals.success, totals.failure), (0, 1));
    }
}

#[tokio::test]
async fn what_a_head_says_of_its_call_holds_without_its_body() {
    let head = "HTTP/1.1 429 Too Many Requests\r\nretry-after: 7\r\ncontent-length: 99\r\n\r\n";
    let upstream = StandIn::start(Mode::Script(vec![send(head)])).await;
    let house = House::start(&rag(&upstream.url(), "")).await;
    let answer = house.get("/rag/x").await;
    assert_eq!((answer.status, &*answer.body), (429, ""));
    assert_eq!(answer.header("retry-after"), Some("7"));
    let totals = house.rag().breaker().snapshot().totals;
    assert_eq!((totals.ignored, totals.failure), (1, 0));
}

#[tokio::test]
async fn an_upstream_that_answers_garbage_is_502_reset() {
    for garbage in [
        "SSH-2.0-OpenSSH_9.2\r\n\r\n",
        "HTTP/1.1 abc\r\n\r\n",
        "\0\0\0\0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nnot a length\r\n",
    ] {
        let upstream = StandIn::start(Mode::Script(vec![send(garbage)])).await;
        let house = House::start(&rag(&upstream.url(), "")).await;
        is_about_rag(&house.get("/rag/x").await, 502, "reset", "reset");
        assert_eq!(
            house.rag().breaker().snapshot().totals.failure,
            1,
            "{garbage:?}"
        );
    }
}

#[tokio::test]
async fn an_upstream_with_a_huge_head_is_502_reset() {
    let head = format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "a".repeat(200 * 1024));
    let upstream = StandIn::start(Mode::Script(vec![send(&head)])).await;
    let house = House::start(&rag(&upstream.url(), "")).await;
    is_about_rag(&house.get("/rag/x").await, 502, "reset", "reset");
}

#[tokio::test]
async fn an_unknown_route_is_404() {
    let upstream = StandIn::start(Mode::Ok).await;
    let house = House::start(&rag(&upstream.url(), "")).await;
    for path in ["/", "/other", "/ragged"] {
        let answer = house.get(path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(
            answer.header("content-type"),
            Some("application/problem+json")
        );
        assert_eq!(answer.header("fusebox-reason"), Some("no-route"));
        let problem = answer.json();
        assert_eq!(problem["type"], "urn:fusebox:no-route");
        assert_eq!(problem["circuit"], json!(null));
        assert_eq!(problem["retry_after"], json!(null));
    }
    assert_eq!(upstream.hits(), 0);
}

#[tokio::test]
async fn our_own_answer_to_head_has_no_body() {
    let house = House::start(&rag(&format!("http://{}", refusing().await), "")).await;
    let answer = house.ask("HEAD", "/rag/x", "").await;
    assert_eq!((answer.status, answer.body.as_str()), (502, ""));
    assert_eq!(answer.header("fusebox-reason"), Some("connect"));
    let length: usize = answer.header("content-length").unwrap().parse().unwrap();
    assert!(length > 0);
}
