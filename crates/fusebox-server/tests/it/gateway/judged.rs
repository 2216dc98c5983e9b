//! What an answer means for the breaker.

use fusebox_server::circuits::{Answer as Counted, LATENCY_BOUNDS_US};

use crate::house::{House, rag};
use crate::stand_in::{Mode, StandIn, send};

#[tokio::test]
async fn statuses_are_judged_as_the_settings_say() {
    for (status, more, success, failure, ignored) in [
        (404, "", 1, 0, 0),
        (501, "", 1, 0, 0),
        (500, "", 0, 1, 0),
        (429, "", 0, 0, 1),
        (429, "classify = { \"429\" = \"failure\" }", 0, 1, 0),
        (503, "classify = { \"5xx\" = \"ignored\" }", 0, 0, 1),
        (404, "classify = { \"404\" = \"failure\" }", 0, 1, 0),
    ] {
        let upstream = StandIn::start(Mode::Fail(status)).await;
        let house = House::start(&rag(&upstream.url(), more)).await;
        assert_eq!(house.get("/rag/x").await.status, status);
        let totals = house.rag().breaker().snapshot().totals;
        assert_eq!(
            (totals.success, totals.failure, totals.ignored),
            (success, failure, ignored),
            "{status} {more}"
        );
    }
}

#[tokio::test]
async fn a_rejection_of_another_fusebox_further_on_is_ignored() {
    let script = "HTTP/1.1 503 X\r\nfusebox-reason: open\r\ncontent-length: 0\r\n\r\n";
    let upstream = StandIn::start(Mode::Script(vec![send(script)])).await;
    let house = House::start(&rag(&upstream.url(), "")).await;
    assert_eq!(house.get("/rag/x").await.status, 503);
    let totals = house.rag().breaker().snapshot().totals;
    assert_eq!((totals.failure, totals.ignored), (0, 1));
}

#[tokio::test]
async fn the_retry_after_of_the_last_failure_lengthens_the_opening() {
    let script = "HTTP/1.1 503 X\r\nretry-after: 40\r\ncontent-length: 0\r\n\r\n";
    let upstream = StandIn::start(Mode::Script(vec![send(script)])).await;
    let more = "[circuits.rag.breaker]\nconsecutive_failures = 1\nopen_for = \"1s\"";
    let house = House::start(&rag(&upstream.url(), more)).await;
    house.get("/rag/x").await;
    let left = house.rag().breaker().snapshot().retry_after.unwrap();
    assert!(left.as_secs() > 20, "{left:?}");
}

#[tokio::test]
async fn one_upstream_and_post_alone_trip_the_default_breaker() {
    let upstream = StandIn::start(Mode::Fail(500)).await;
    let house = House::start(&rag(&upstream.url(), "")).await;
    for _ in 0..20 {
        house.ask("POST", "/rag/x", "{}").await;
    }
    assert_eq!(upstream.hits(), 5);
    let stats = house.rag().stats().answers(Counted::Failed);
    assert_eq!(
        (stats, house.rag().stats().answers(Counted::Rejected)),
        (5, 15)
    );
}

#[tokio::test]
async fn requests_are_counted_and_measured() {
    let upstream = StandIn::start(Mode::Ok).await;
    let house = House::start(&rag(&upstream.url(), "")).await;
    for _ in 0..3 {
        house.get("/rag/x").await;
    }
    house.get("/elsewhere").await;
    let rag = house.rag();
    assert_eq!(
        (
            rag.stats().requests(),
            rag.stats().answers(Counted::Successful)
        ),
        (3, 3)
    );
    let latency = rag.stats().latency();
    assert_eq!(latency.count(), 3);
    assert!(latency.sum_us > 0);
    assert_eq!(latency.buckets.len(), LATENCY_BOUNDS_US.len() + 1);
}
