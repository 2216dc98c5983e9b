//! The stream without a router: what a test from outside would wait long for.

use std::time::{Duration, SystemTime};

use axum::body::Bytes;
use fusebox::{Author, Definition, Registry, State};
use fusebox_store::EventRecord;

use super::client::Client;
use super::feed::Feed;
use super::filter::Filter;
use crate::access::Caller;

fn feed() -> (Registry, Feed) {
    let registry = Registry::new();
    for name in ["rag", "vms"] {
        registry.add(Definition::new(name)).expect("a circuit");
    }
    let feed = Feed::new(&registry);
    (registry, feed)
}

fn client(registry: &Registry, feed: &Feed, last: Option<&str>) -> Client {
    let filter = Filter::only(Caller::local(), std::iter::empty());
    let seat = feed.seat().expect("a place");
    Client::new(seat, registry.clone(), filter, last)
}

async fn next(client: Client) -> (Client, String) {
    let next = tokio::time::timeout(Duration::from_secs(10), client.next());
    let (client, bytes): (Client, Bytes) = next.await.expect("in time").expect("not over");
    (client, String::from_utf8(bytes.to_vec()).expect("text"))
}

fn id(text: &str) -> &str {
    let line = text.lines().find_map(|line| line.strip_prefix("id: "));
    line.expect("an id")
}

fn row(reason: &str) -> EventRecord {
    EventRecord {
        id: 1,
        at: SystemTime::now(),
        circuit: "rag".to_owned(),
        branch: None,
        generation: 1,
        kind: "reset".to_owned(),
        from: None,
        to: None,
        cause: None,
        evidence: None,
        by: None,
        reason: Some(reason.to_owned()),
        details: None,
        has_replay: false,
    }
}

#[tokio::test]
async fn who_falls_behind_gets_a_fresh_snapshot_and_goes_on_from_there() {
    let (registry, feed) = feed();
    let slow = client(&registry, &feed, None);
    let (slow, text) = next(slow).await;
    assert!(text.contains("event: snapshot\n"), "{text}");
    for number in 0..5000 {
        feed.tell(&row(&number.to_string()));
    }
    let (slow, text) = next(slow).await;
    assert!(text.contains("event: snapshot\n"), "{text}");
    feed.tell(&row("new"));
    let (_, text) = next(slow).await;
    assert!(text.contains("event: event\n"), "{text}");
    assert!(text.contains("\"reason\":\"new\""), "{text}");
}

#[tokio::test]
async fn a_tick_tells_a_transition_at_once_and_counts_after_a_second() {
    let (registry, feed) = feed();
    let rag = registry.get("rag").expect("a circuit");
    let (follower, _) = next(client(&registry, &feed, None)).await;
    rag.acquire().expect("admitted").success();
    for _ in 0..9 {
        feed.tick();
    }
    rag.transition(State::Open, &Author::new("test"))
        .expect("it opens");
    let (_, before) = next(client(&registry, &feed, None)).await;
    let told_before = id(&before).to_owned();
    registry
        .get("vms")
        .expect("a circuit")
        .acquire()
        .expect("admitted")
        .success();
    feed.tick();
    let (follower, text) = next(follower).await;
    assert!(
        text.contains("event: delta\n") && text.contains("\"rag\""),
        "{text}"
    );
    assert!(text.contains("\"state\":\"open\""), "{text}");
    assert!(
        text.contains("\"vms\""),
        "the tenth tick looks at all: {text}"
    );
    assert_ne!(id(&text), told_before);

    // Not the tenth: only what had a transition is looked at.
    rag.transition(State::Closed, &Author::new("test"))
        .expect("it closes");
    registry
        .get("vms")
        .expect("a circuit")
        .acquire()
        .expect("admitted")
        .success();
    feed.tick();
    let (_, text) = next(follower).await;
    assert!(
        text.contains("\"state\":\"closed\"") && !text.contains("vms"),
        "{text}"
    );
}

#[tokio::test]
async fn what_did_not_change_is_not_told() {
    let (registry, feed) = feed();
    let (follower, snapshot) = next(client(&registry, &feed, None)).await;
    for _ in 0..50 {
        feed.tick();
    }
    feed.tell(&row("1"));
    let (_, text) = next(follower).await;
    assert!(text.contains("event: event\n"), "{text}");
    let number = |id: &str| id.split_once('-').and_then(|(_, n)| n.parse::<u64>().ok());
    assert_eq!(number(id(&text)), number(id(&snapshot)).map(|n| n + 1));
}

#[tokio::test]
async fn rows_that_went_by_untold_are_told_by_a_snapshot() {
    let (registry, feed) = feed();
    let (follower, _) = next(client(&registry, &feed, None)).await;
    feed.tell(&row("before"));
    feed.restart();
    feed.tell(&row("after"));
    let (follower, text) = next(follower).await;
    assert!(text.contains("event: snapshot\n"), "{text}");
    feed.tell(&row("now"));
    let (_, text) = next(follower).await;
    assert!(text.contains("\"reason\":\"now\""), "{text}");
}

#[tokio::test]
async fn half_a_minute_after_the_last_client_nothing_is_kept_or_looked_at() {
    let (registry, feed) = feed();
    let (follower, snapshot) = next(client(&registry, &feed, None)).await;
    drop(follower);
    for _ in 0..299 {
        feed.tick();
    }
    feed.tell(&row("1"));
    let (resumed, text) = next(client(&registry, &feed, Some(id(&snapshot)))).await;
    assert!(text.contains("event: event\n"), "it goes on: {text}");
    drop(resumed);
    for _ in 0..301 {
        feed.tick();
    }
    feed.tell(&row("2"));
    let (_, text) = next(client(&registry, &feed, Some(id(&text)))).await;
    assert!(text.contains("event: snapshot\n"), "it begins anew: {text}");
}
