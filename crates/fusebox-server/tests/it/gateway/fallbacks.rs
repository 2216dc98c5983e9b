//! Fallbacks for each trouble.

use crate::house::{Answer, House, rag};
use crate::stand_in::{Mode, StandIn, refusing, send};

const FALLBACK: &str =
    "[circuits.rag.fallback]\nstatus = 203\njson = { n = 1 }\nheaders = { x-kind = \"canned\" }";

fn is_fallback(answer: &Answer, reason: &str) {
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (203, "{\"n\":1}"),
        "{answer:?}"
    );
    assert_eq!(answer.header("fusebox-fallback"), Some("true"));
    assert_eq!(answer.header("fusebox-circuit"), Some("rag"));
    assert_eq!(answer.header("fusebox-reason"), Some(reason));
    assert_eq!(answer.header("x-kind"), Some("canned"));
    assert_eq!(answer.header("content-type"), Some("application/json"));
}

fn counted(house: &House, trouble: &str) -> u64 {
    let fallbacks = house.rag().stats().fallbacks();
    fallbacks
        .iter()
        .find(|(word, _)| *word == trouble)
        .unwrap()
        .1
}

#[tokio::test]
async fn a_fallback_stands_in_for_each_trouble_and_is_counted_by_it() {
    let upstream = StandIn::start(Mode::Hang).await;
    let more = format!(
        "timeout = \"50ms\"\n[circuits.rag.breaker]\nconsecutive_failures = 3\n\
        open_for = \"60s\"\n{FALLBACK}"
    );
    let house = House::start(&rag(&upstream.url(), &more)).await;
    is_fallback(&house.get("/rag/x").await, "timeout");
    upstream.turn(Mode::Reset);
    is_fallback(&house.ask("POST", "/rag/x", "{}").await, "reset");
    upstream.turn(Mode::Fail(503));
    is_fallback(&house.get("/rag/x").await, "5xx");
    is_fallback(&house.get("/rag/x").await, "open");
    for trouble in ["timeout", "reset", "5xx", "rejected"] {
        assert_eq!(counted(&house, trouble), 1, "{trouble}");
    }
    assert_eq!(
        house.rag().breaker().snapshot().totals.failure,
        3,
        "a fallback hides no failure"
    );
}

#[tokio::test]
async fn a_fallback_stands_in_for_a_body_of_which_nothing_came() {
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n";
    let upstream = StandIn::start(Mode::Script(vec![send(head)])).await;
    let house = House::start(&rag(&upstream.url(), FALLBACK)).await;
    is_fallback(&house.get("/rag/x").await, "reset");
    assert_eq!(counted(&house, "reset"), 1);
    assert_eq!(house.rag().breaker().snapshot().totals.failure, 1);
}

#[tokio::test]
async fn a_fallback_stands_in_for_an_upstream_that_refuses() {
    let house = House::start(&rag(&format!("http://{}", refusing().await), FALLBACK)).await;
    is_fallback(&house.get("/rag/x").await, "connect");
    let answer = house.ask("HEAD", "/rag/x", "").await;
    assert_eq!((answer.status, answer.body.as_str()), (203, ""));
    assert_eq!(counted(&house, "connect"), 2);
}

#[tokio::test]
async fn troubles_that_are_not_named_get_the_plain_answer() {
    let upstream = StandIn::start(Mode::Fail(500)).await;
    let more = format!("fallback_on = [\"connect\"]\n{FALLBACK}");
    let house = House::start(&rag(&upstream.url(), &more)).await;
    let answer = house.get("/rag/x").await;
    assert_eq!((answer.status, answer.body.as_str()), (500, "out of order"));
    assert_eq!(house.rag().stats().fallbacks_total(), 0);
}
