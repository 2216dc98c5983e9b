//! The stream as a client reads it.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use fusebox::Author;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::asking::{Desk, fail, local, request, succeed};

const STREAM: &str = "/api/v1/circuit-breakers/stream";

/// A stream under way.
pub(super) struct Following {
    body: Body,
    read: String,
}

/// One event.
#[derive(Debug)]
pub(super) struct Told {
    id: String,
    kind: String,
    pub(super) data: Value,
}

impl Following {
    /// The next block of lines; `None`: the stream is over.
    async fn block(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.read.find("\n\n") {
                let rest = self.read.split_off(end + 2);
                return Some(std::mem::replace(&mut self.read, rest));
            }
            // Frames of the real thread: tokio's clock, which may stand still, is no bound here.
            let frame = self.body.frame().await?.expect("no error");
            let data = frame.into_data().expect("data");
            self.read
                .push_str(std::str::from_utf8(&data).expect("text"));
        }
    }

    async fn next(&mut self) -> Told {
        let block = tokio::time::timeout(Duration::from_secs(20), self.block());
        let block = block.await.expect("in time").expect("it goes on");
        let line = |name: &str| {
            let line = block.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap_or_else(|| panic!("{name} in {block:?}"))
                .to_owned()
        };
        Told {
            id: line("id: "),
            kind: line("event: "),
            data: serde_json::from_str(&line("data: ")).expect("JSON"),
        }
    }

    /// The next event of this kind.
    pub(super) async fn next_of(&mut self, kind: &str) -> Told {
        loop {
            let told = self.next().await;
            if told.kind == kind {
                return told;
            }
        }
    }
}

fn names(told: &Told) -> Vec<&str> {
    let circuits = told.data["circuits"].as_array().expect("a list");
    circuits
        .iter()
        .filter_map(|circuit| circuit["name"].as_str())
        .collect()
}

async fn answered(desk: &Desk, path: &str, last: Option<&str>) -> (StatusCode, HeaderMap, Body) {
    let mut asked = request("GET", path);
    if let Some(last) = last {
        asked = asked.header("last-event-id", last);
    }
    let asked = local(asked.body(Body::empty()).expect("a request"));
    let answer = desk
        .router
        .clone()
        .oneshot(asked)
        .await
        .expect("the router answers");
    let (head, body) = answer.into_parts();
    (head.status, head.headers, body)
}

/// After the snapshot.
pub(super) async fn follow_all(desk: &Desk) -> Following {
    let mut following = follow(desk, STREAM, None).await;
    following.next_of("snapshot").await;
    following
}

async fn follow(desk: &Desk, path: &str, last: Option<&str>) -> Following {
    let (status, headers, body) = answered(desk, path, last).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(headers[header::CONTENT_TYPE], "text/event-stream");
    assert_eq!(headers[header::CACHE_CONTROL], "no-store");
    Following {
        body,
        read: String::new(),
    }
}

#[tokio::test]
async fn it_begins_with_everything_as_it_is() {
    let desk = Desk::new();
    fail(desk.rag);
    fail(desk.rag);
    let first = follow(&desk, STREAM, None).await.next().await;
    assert_eq!(first.kind, "snapshot");
    assert_eq!(names(&first), ["rag", "vms"]);
    assert_eq!(first.data["main"]["state"], "closed");
    let rag = desk.get("/api/v1/circuit-breakers/rag").await.ok();
    for key in [
        "state",
        "why",
        "totals",
        "settings",
        "priority",
        "generation",
    ] {
        assert_eq!(first.data["circuits"][0][key], rag[key], "{key}");
    }
}

#[tokio::test]
async fn a_transition_and_the_main_breaker_are_told_as_they_happen() {
    let desk = Desk::new();
    let mut following = follow(&desk, STREAM, None).await;
    following.next_of("snapshot").await;
    fail(desk.rag);
    fail(desk.rag);
    let delta = following.next_of("delta").await;
    assert_eq!(names(&delta), ["rag"]);
    assert_eq!(delta.data["circuits"][0]["state"], "open");
    assert_eq!(delta.data["removed"], json!([]));
    let main = desk.rag.main().expect("a main breaker");
    main.open("stop", &Author::new("test"));
    let delta = following.next_of("delta").await;
    assert_eq!(delta.data["main"]["reason"], "stop");
}

#[tokio::test]
async fn calls_are_told_without_a_transition_too() {
    let desk = Desk::new();
    let mut following = follow(&desk, STREAM, None).await;
    following.next_of("snapshot").await;
    succeed(desk.vms);
    let delta = following.next_of("delta").await;
    assert_eq!(names(&delta), ["vms"]);
    assert_eq!(delta.data["circuits"][0]["totals"]["success"], 1);
}

#[tokio::test]
async fn a_circuit_that_is_removed_is_named() {
    let desk = Desk::new();
    let mut following = follow(&desk, STREAM, None).await;
    following.next_of("snapshot").await;
    desk.registry.remove("vms", &Author::new("test"));
    let delta = following.next_of("delta").await;
    assert_eq!(delta.data["removed"], json!(["vms"]));
}

#[tokio::test]
async fn only_the_circuits_that_were_asked_for_are_told() {
    let desk = Desk::new();
    let mut following = follow(&desk, &format!("{STREAM}?circuit=vms&circuit=later"), None).await;
    assert_eq!(names(&following.next().await), ["vms"]);
    let mut all = follow(&desk, STREAM, None).await;
    all.next_of("snapshot").await;
    fail(desk.rag);
    fail(desk.rag);
    // By now it was told, to who wants it.
    assert_eq!(names(&all.next_of("delta").await), ["rag"]);
    succeed(desk.vms);
    let delta = following.next_of("delta").await;
    assert_eq!(names(&delta), ["vms"]);
}

#[tokio::test]
async fn the_main_breaker_concerns_everyone() {
    let desk = Desk::new();
    let mut following = follow(&desk, &format!("{STREAM}?circuit=later"), None).await;
    following.next_of("snapshot").await;
    let main = desk.rag.main().expect("a main breaker");
    main.open("stop", &Author::new("test"));
    let delta = following.next_of("delta").await;
    assert_eq!(names(&delta), [""; 0]);
    assert_eq!(delta.data["main"]["state"], "open");
}

#[tokio::test]
async fn who_comes_again_goes_on_where_it_was() {
    let desk = Desk::new();
    let mut following = follow(&desk, STREAM, None).await;
    let last = following.next().await.id;
    drop(following);
    fail(desk.rag);
    fail(desk.rag);
    let resumed = follow(&desk, STREAM, Some(&last)).await.next().await;
    assert_eq!(
        (resumed.kind.as_str(), names(&resumed)),
        ("delta", vec!["rag"])
    );
    let by_query = format!("{STREAM}?last_event_id={last}");
    let again = follow(&desk, &by_query, None).await.next().await;
    assert_eq!((again.kind, again.id), (resumed.kind, resumed.id));
}

#[tokio::test]
async fn an_id_of_elsewhere_leads_to_a_snapshot() {
    let desk = Desk::new();
    let mut following = follow(&desk, STREAM, None).await;
    let last = following.next().await.id;
    let (epoch, _) = last.split_once('-').expect("two parts");
    let ahead = format!("{epoch}-99999");
    for id in [
        "",
        "x",
        "0-0",
        "1",
        "-",
        &ahead,
        &format!("{epoch}-"),
        &"9".repeat(300),
    ] {
        let first = follow(&desk, STREAM, Some(id)).await.next().await;
        assert_eq!(first.kind, "snapshot", "{id}");
    }
}

#[tokio::test]
async fn there_are_64_places() {
    let desk = Desk::new();
    let mut followers = Vec::new();
    for _ in 0..64 {
        followers.push(follow(&desk, STREAM, None).await);
    }
    let refused = desk.get(STREAM).await;
    refused.problem(503);
    assert_eq!(refused.header(header::RETRY_AFTER), "5");
    followers.pop();
    follow(&desk, STREAM, None).await.next().await;
}

#[tokio::test]
async fn a_head_request_takes_no_place() {
    let desk = Desk::new();
    for _ in 0..65 {
        let head = request("HEAD", STREAM)
            .body(Body::empty())
            .expect("a request");
        let answer = desk.send(head).await;
        assert_eq!((answer.status, answer.text.as_str()), (StatusCode::OK, ""));
    }
}

#[tokio::test]
async fn a_shutdown_does_not_wait_for_streams() {
    let desk = Desk::new();
    let mut following = follow(&desk, STREAM, None).await;
    following.next().await;
    desk.readiness.set_draining();
    let over = tokio::time::timeout(Duration::from_secs(20), following.block());
    assert_eq!(over.await.expect("in time"), None);
    desk.get(STREAM).await.problem(503);
}

#[tokio::test(start_paused = true)]
async fn silence_is_broken_every_15_s_and_ends_after_10_minutes() {
    let desk = Desk::new();
    let mut following = follow(&desk, STREAM, None).await;
    following.next().await;
    let begun = tokio::time::Instant::now();
    for ping in 1..40 {
        assert_eq!(following.block().await.as_deref(), Some(":\n\n"));
        assert_eq!(begun.elapsed().as_secs(), 15 * ping);
    }
    assert_eq!(following.block().await, None);
    assert_eq!(begun.elapsed().as_secs(), 600);
}

#[tokio::test]
async fn what_is_not_known_in_the_query_is_refused() {
    let desk = Desk::new();
    for query in [
        "circuits=rag",
        "last_event_id=1&last_event_id=2",
        "circuit=%ff",
    ] {
        desk.get(&format!("{STREAM}?{query}")).await.problem(422);
    }
}
