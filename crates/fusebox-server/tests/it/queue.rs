//! Calls that are kept for an upstream that cannot take them, by the daemon as a process.

mod steered;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::daemon::{Daemon, Folder, ask, exchange, send};
use crate::house::{Answer, BOUND, rag};
use crate::stand_in::{Mode, StandIn, send as step};

const SERVE: &[&str] = &[
    "fusebox.toml",
    "--listen",
    "127.0.0.1:0",
    "--admin",
    "127.0.0.1:0",
];

/// Opens at the first failure and stays open until somebody closes it.
const BREAKER: &str = "when_unavailable = \"queue\"\n\
    breaker = { consecutive_failures = 1, open_for = \"1h\", half_open_successes = 1 }\n";

/// A daemon whose circuit `rag` has a queue, and an upstream that fails.
async fn house(folder: &Folder, more: &str) -> (Daemon, StandIn) {
    let upstream = StandIn::start(Mode::Fail(503)).await;
    folder.write(
        "fusebox.toml",
        rag(&upstream.url(), &format!("{BREAKER}{more}")),
    );
    (folder.serve(SERVE).await, upstream)
}

/// The same, with the circuit open.
async fn open_house(folder: &Folder, more: &str) -> (Daemon, StandIn) {
    let (daemon, upstream) = house(folder, more).await;
    let answered = post(&daemon, "till-0", "", "first").await;
    assert_eq!(answered.status, 503, "an answer is passed on: {answered:?}");
    assert_eq!(daemon.circuit("rag").await["state"], "open");
    (daemon, upstream)
}

async fn post(daemon: &Daemon, till: &str, lines: &str, body: &str) -> Answer {
    let length = body.len();
    let head = format!(
        "POST /rag/receipts?x=1 HTTP/1.1\r\nhost: gateway.example\r\nconnection: close\r\n\
        x-pos-id: {till}\r\n{lines}content-length: {length}\r\n\r\n{body}"
    );
    exchange(daemon.gateway, &head).await
}

async fn kept(daemon: &Daemon, till: &str, body: &str) -> String {
    let answer = post(daemon, till, "", body).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    answer.header("location").expect("a place").to_owned()
}

async fn close(daemon: &Daemon) {
    let path = "/api/v1/circuit-breakers/rag/force-state";
    let closed = send(daemon.admin, "POST", path, &json!({"state": "closed"})).await;
    assert_eq!(closed.status, 200, "{closed:?}");
}

/// What became of a message, once it is this.
async fn becomes(daemon: &Daemon, place: &str, state: &str) -> Value {
    tells(daemon, place, |message| message["state"] == state).await
}

/// What is told of a message, once that is so.
async fn tells(daemon: &Daemon, place: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    let begun = tokio::time::Instant::now();
    loop {
        let message = daemon.get(place).await;
        assert_eq!(message.status, 200, "{message:?}");
        let message = message.json();
        if is_so(&message) {
            return message;
        }
        assert!(begun.elapsed() < BOUND, "not yet: {message}");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_call_that_is_rejected_is_kept_and_delivered_once_the_circuit_closes() {
    let folder = Folder::new();
    let (daemon, upstream) = open_house(&folder, "").await;
    let secret = "authorization: Bearer secret\r\ncookie: a=b\r\nx-kind: receipt\r\n";
    let answer = post(&daemon, "till-1", secret, "paid").await;
    assert_eq!(answer.status, 202, "{answer:?}");
    assert_eq!(answer.header("fusebox-circuit"), Some("rag"));
    assert_eq!(answer.header("fusebox-reason"), Some("open"));
    let told = answer.json();
    let id = told["id"].as_str().expect("an id");
    let expected = json!({"id": id, "queue": "rag", "key": null, "position": 1});
    assert_eq!(told, expected);
    let place = format!("/.fusebox/messages/{id}");
    assert_eq!(answer.header("location"), Some(&*place));
    let waiting = daemon.get(&place).await.json();
    assert_eq!(
        waiting,
        json!({"id": id, "state": "pending", "attempts": 0, "last_error": null, "response": null})
    );

    upstream.turn(Mode::Echo);
    close(&daemon).await;
    let delivered = becomes(&daemon, &place, "delivered").await;
    assert_eq!(delivered["attempts"], 1);
    assert_eq!(delivered["response"]["status"], 200);
    let got = delivered["response"]["body"]
        .as_str()
        .expect("what was sent");
    assert!(got.starts_with("POST /receipts?x=1 HTTP/1.1\r\n"), "{got}");
    assert!(got.ends_with("\r\n\r\npaid"), "{got}");
    for line in [
        &*format!("idempotency-key: {id}"),
        "x-kind: receipt",
        "x-pos-id: till-1",
    ] {
        assert!(got.contains(line), "{line} in {got}");
    }
    assert!(!got.contains("secret") && !got.contains("a=b"), "{got}");
}

#[tokio::test]
async fn what_is_kept_outlives_kill_and_goes_in_the_order_of_its_key() {
    let folder = Folder::new();
    let more = "[circuits.rag.queue]\nkey = \"header:X-POS-ID\"\n";
    let (mut daemon, upstream) = open_house(&folder, more).await;
    let mut places = Vec::new();
    for body in ["one", "two", "three"] {
        places.push(kept(&daemon, "till-1", body).await);
    }
    daemon.process.signal(Signal::KILL);
    assert_eq!(daemon.process.end().await, None);
    let daemon = folder.serve(SERVE).await;
    assert_eq!(daemon.get(&places[0]).await.json()["state"], "pending");

    upstream.turn(Mode::Echo);
    let before = upstream.hits();
    close(&daemon).await;
    // The last of its key: the others went before.
    let last = becomes(&daemon, &places[2], "delivered").await;
    assert!(
        last["response"]["body"]
            .as_str()
            .is_some_and(|body| body.ends_with("three"))
    );
    for place in &places[..2] {
        assert_eq!(daemon.get(place).await.json()["state"], "delivered");
    }
    assert_eq!(upstream.hits() - before, 3);
}

#[tokio::test]
async fn what_is_kept_for_a_circuit_that_has_no_queue_any_more_is_told() {
    let folder = Folder::new();
    let (mut daemon, upstream) = open_house(&folder, "").await;
    kept(&daemon, "till-1", "one").await;
    daemon.process.signal(Signal::TERM);
    assert_eq!(daemon.process.end().await, Some(0));
    folder.write("fusebox.toml", rag(&upstream.url(), ""));
    let mut daemon = folder.serve(SERVE).await;
    let told = daemon
        .logged("nobody delivers what this queue holds: no circuit of its name has a queue")
        .await;
    assert_eq!(
        (&told["queue"], &told["messages"]),
        (&json!("rag"), &json!(1))
    );
    #[allow(clippy::float_cmp)]
    let is_one = |messages: f64| messages == 1.0;
    measures(
        &daemon,
        "text/plain",
        "fusebox_queue_stranded{queue=\"rag\"}",
        is_one,
    )
    .await;
}

#[tokio::test]
async fn an_answer_is_kept_as_far_as_there_is_room_and_one_that_breaks_off_is_none() {
    let folder = Folder::new();
    let (daemon, upstream) = open_house(&folder, "").await;
    let place = kept(&daemon, "till-1", "one").await;
    let long = "x".repeat(70_000);
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 70000\r\n\r\n";
    upstream.turn(Mode::Script(vec![step(head), step(&long)]));
    close(&daemon).await;
    let message = becomes(&daemon, &place, "delivered").await;
    let body = message["response"]["body"].as_str().expect("a body");
    assert_eq!((body.len(), body.trim_matches('x')), (64 << 10, ""));

    upstream.turn(Mode::Fail(503));
    assert_eq!(post(&daemon, "till-2", "", "x").await.status, 503);
    let place = kept(&daemon, "till-2", "two").await;
    let part = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\npart";
    upstream.turn(Mode::Script(vec![step(part)]));
    close(&daemon).await;
    let message = tells(&daemon, &place, |message| !message["last_error"].is_null()).await;
    assert_ne!(message["state"], "delivered", "{message}");
}

#[tokio::test]
async fn while_a_key_has_to_wait_its_new_calls_wait_behind_and_other_keys_go_on() {
    let folder = Folder::new();
    let more = "[circuits.rag.queue]\nkey = \"header:X-POS-ID\"\n";
    let (daemon, upstream) = open_house(&folder, more).await;
    let first = kept(&daemon, "till-1", "one").await;
    let pause = json!({"reason": "drill"});
    let paused = send(daemon.admin, "POST", "/api/v1/queues/rag/pause", &pause).await;
    assert_eq!(paused.status, 200, "{paused:?}");
    upstream.turn(Mode::Ok);
    close(&daemon).await;
    let behind = post(&daemon, "till-1", "", "two").await;
    assert_eq!(
        (behind.status, behind.header("fusebox-reason")),
        (202, Some("queued"))
    );
    assert_eq!(behind.json()["position"], 2);
    assert_eq!(post(&daemon, "till-2", "", "at once").await.status, 200);
    let resumed = send(
        daemon.admin,
        "POST",
        "/api/v1/queues/rag/resume",
        &json!({}),
    )
    .await;
    assert_eq!(resumed.status, 200, "{resumed:?}");
    becomes(&daemon, &first, "delivered").await;
    let behind = behind.header("location").expect("a place").to_owned();
    becomes(&daemon, &behind, "delivered").await;
    assert_eq!(post(&daemon, "till-1", "", "three").await.status, 200);
}

#[tokio::test]
async fn what_cannot_be_kept_is_refused_with_its_reason() {
    let folder = Folder::new();
    let more = "[circuits.rag.queue]\nmessages_max = 1\nmessage_bytes_max = \"1KiB\"\n";
    let (daemon, _upstream) = open_house(&folder, more).await;
    // What asks for something is not kept.
    let get = ask(daemon.gateway, "/rag/x").await;
    assert_eq!(
        (get.status, get.json()["type"].clone()),
        (503, json!("urn:fusebox:rejected"))
    );
    let large = post(&daemon, "a", "", &"x".repeat(1025)).await;
    assert_eq!(large.json()["type"], "urn:fusebox:too-large");
    assert_eq!(large.status, 413);
    let named = "idempotency-key: order-7\r\ntraceparent: 00-1\r\n";
    let first = post(&daemon, "a", named, "order").await;
    assert_eq!(first.status, 202, "{first:?}");
    let again = post(&daemon, "a", "idempotency-key: order-7\r\n", "order").await;
    assert_eq!(
        (again.status, again.json()["id"].clone()),
        (202, first.json()["id"].clone())
    );
    let other = post(&daemon, "a", "idempotency-key: order-7\r\n", "another").await;
    assert_eq!(other.json()["type"], "urn:fusebox:idempotency-mismatch");
    assert_eq!(other.status, 422);
    let full = post(&daemon, "a", "", "one more").await;
    assert_eq!(
        (full.status, full.json()["type"].clone()),
        (503, json!("urn:fusebox:queue-full"))
    );
    assert_eq!(full.header("fusebox-reason"), Some("queue-full"));
    for path in ["/.fusebox/messages/x", "/.fusebox/messages", "/.fusebox/"] {
        assert_eq!(ask(daemon.gateway, path).await.status, 404, "{path}");
    }
    let place = first.header("location").expect("a place").to_owned();
    let deleted = send(daemon.gateway, "DELETE", &place, &json!({})).await;
    assert_eq!(
        (deleted.status, deleted.header("allow")),
        (405, Some("GET, HEAD"))
    );
}

#[tokio::test]
async fn a_repeat_of_a_dead_letter_is_not_answered_as_if_it_were_on_its_way() {
    let folder = Folder::new();
    let (daemon, upstream) = open_house(&folder, "").await;
    let named = "idempotency-key: order-9\r\n";
    let first = post(&daemon, "till-1", named, "bad").await;
    assert_eq!(first.status, 202, "{first:?}");
    let place = first.header("location").expect("a place").to_owned();
    upstream.turn(Mode::Fail(422));
    close(&daemon).await;
    let dead = becomes(&daemon, &place, "dead").await;
    upstream.turn(Mode::Fail(503));
    assert_eq!(post(&daemon, "till-2", "", "x").await.status, 503);
    let again = post(&daemon, "till-1", named, "bad").await;
    let problem = again.json();
    assert_eq!(
        (again.status, &problem["type"], again.header("location")),
        (409, &json!("urn:fusebox:dead-letter"), Some(&*place))
    );
    let id = dead["id"].as_str().expect("an id");
    assert!(
        problem["detail"]
            .as_str()
            .is_some_and(|detail| detail.contains(id)),
        "{problem}"
    );
}

#[tokio::test]
async fn a_delivery_is_judged_by_the_classify_of_live_calls() {
    let folder = Folder::new();
    let more = "classify = { \"409\" = \"success\", \"404\" = \"failure\" }\n";
    let (daemon, upstream) = open_house(&folder, more).await;
    let place = kept(&daemon, "till-1", "paid twice").await;
    upstream.turn(Mode::Fail(409));
    close(&daemon).await;
    let delivered = becomes(&daemon, &place, "delivered").await;
    assert_eq!(
        (&delivered["attempts"], &delivered["response"]["status"]),
        (&json!(1), &json!(409))
    );
    assert_eq!(post(&daemon, "till-1", "", "live").await.status, 409);
    assert_eq!(daemon.circuit("rag").await["state"], "closed");

    // Of a failure, though it is below 500, the message waits.
    upstream.turn(Mode::Fail(503));
    assert_eq!(post(&daemon, "till-1", "", "x").await.status, 503);
    let place = kept(&daemon, "till-1", "later").await;
    upstream.turn(Mode::Fail(404));
    close(&daemon).await;
    let told = tells(&daemon, &place, |message| !message["last_error"].is_null()).await;
    assert_eq!(
        (&told["state"], &told["last_error"]),
        (&json!("pending"), &json!("the upstream answered 404"))
    );
}

/// The value of a series in the metrics, once it is this.
async fn measures(daemon: &Daemon, accept: &str, series: &str, is_so: impl Fn(f64) -> bool) {
    let head = format!(
        "GET /metrics HTTP/1.1\r\nhost: gateway.example\r\naccept: {accept}\r\n\
        connection: close\r\n\r\n"
    );
    let begun = tokio::time::Instant::now();
    loop {
        let scrape = exchange(daemon.admin, &head).await;
        assert_eq!(scrape.status, 200, "{scrape:?}");
        let text = scrape.body;
        let mut values = text.lines().filter_map(|line| {
            let (found, value) = line.rsplit_once(' ')?;
            (found == series).then(|| value.parse::<f64>().expect("a number"))
        });
        let value = values.next();
        if value.is_some_and(&is_so) {
            assert_eq!(values.next(), None, "{series} twice");
            return;
        }
        // Figures of what is there are up to a second old.
        assert!(begun.elapsed() < BOUND, "{series} {value:?}: {text}");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn prometheus_sees_what_waits_and_what_arrived() {
    let folder = Folder::new();
    let more = "[circuits.rag.queue]\nmessages_max = 50\nattempts_max = \"unlimited\"\n";
    let (daemon, upstream) = open_house(&folder, more).await;
    let place = kept(&daemon, "till-1", "paid").await;
    for accept in ["text/plain", "application/openmetrics-text; version=1.0.0"] {
        let is = |series: &'static str, expected: f64| {
            // Whole numbers are exact.
            #[allow(clippy::float_cmp)]
            measures(&daemon, accept, series, move |value| value == expected)
        };
        is("fusebox_queue_depth{queue=\"rag\",state=\"waiting\"}", 1.0).await;
        is("fusebox_queue_depth{queue=\"rag\",state=\"dead\"}", 0.0).await;
        is("fusebox_queue_limit_messages{queue=\"rag\"}", 50.0).await;
        is("fusebox_queue_pushed_total{queue=\"rag\"}", 1.0).await;
        is("fusebox_queue_paused{queue=\"rag\"}", 0.0).await;
        is("fusebox_queue_storage_healthy", 1.0).await;
        let age = "fusebox_queue_oldest_age_seconds{queue=\"rag\"}";
        measures(&daemon, accept, age, |age| age >= 0.0).await;
        let commits = "fusebox_queue_commit_duration_seconds_count";
        measures(&daemon, accept, commits, |count| count > 0.0).await;
    }
    upstream.turn(Mode::Ok);
    close(&daemon).await;
    becomes(&daemon, &place, "delivered").await;
    let delivered = "fusebox_queue_delivered_total{queue=\"rag\"}";
    measures(&daemon, "text/plain", delivered, |count| count > 0.0).await;
    let rate = "fusebox_queue_drain_rate{queue=\"rag\"}";
    measures(&daemon, "text/plain", rate, |rate| rate > 0.0).await;
    let failed = "fusebox_queue_failed_total{queue=\"rag\"}";
    measures(&daemon, "text/plain", failed, |count| count == 0.0).await;
}
