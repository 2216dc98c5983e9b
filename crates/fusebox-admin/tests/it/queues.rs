//! Queues through the interface: looked at, paused, their dead letters retried and discarded.

use std::time::Duration;

use axum::body::Body;
use axum::http::header;
use fusebox_admin::{Grant, Role, Token, Tokens};
use fusebox_queue::{
    Attempt, Death, Ending, Leased, MessageId, NewMessage, Queue, QueueSettings, Queues, Scope,
};
use fusebox_store::{Keeper, Memory};
use serde_json::{Value, json};

use super::asking::{Answer, Desk, request};

const MINUTE: Duration = Duration::from_secs(60);

/// A desk with the queues `rag` and `vms`.
fn mounted() -> (Desk, Queue, Queue) {
    let (queues, rag, vms) = queues();
    let desk = Desk::with(|admin| admin.queues(queues));
    (desk, rag, vms)
}

pub(super) fn queues() -> (Queues, Queue, Queue) {
    let queues = Queues::in_memory().expect("queues");
    let of = |name| {
        queues
            .queue(name, QueueSettings::default())
            .expect("a queue")
    };
    let (rag, vms) = (of("rag"), of("vms"));
    (queues, rag, vms)
}

pub(super) async fn push(queue: &Queue, key: &str, body: &'static str) -> MessageId {
    let message = NewMessage::new(body)
        .key(key)
        .attribute("x-kind", "receipt")
        .attribute("Authorization", "Bearer secret");
    queue.push(message).await.expect("there is room").id
}

async fn lease(queue: &Queue) -> Leased {
    let leases = queue.lease(1, MINUTE).await.expect("a lease");
    leases.leased.into_iter().next().expect("one is due")
}

pub(super) async fn kill(queue: &Queue, key: &str, body: &'static str) -> MessageId {
    let id = push(queue, key, body).await;
    let leased = lease(queue).await;
    assert_eq!(leased.id, id);
    let attempt = Attempt {
        at: queue.now(),
        class: "status".to_owned(),
        error: "the upstream answered 422".to_owned(),
    };
    let ending = Ending::Dead {
        death: Death::Refused,
        attempt,
        response: None,
        uncertain: true,
    };
    assert!(queue.settle(&leased, ending).await.expect("settled"));
    id
}

#[tokio::test]
async fn without_queues_every_path_of_theirs_is_404() {
    let desk = Desk::new();
    for path in [
        "/api/v1/queues",
        "/api/v1/queues/rag",
        "/api/v1/queues/rag/messages",
        "/api/v1/queues/rag/pauses",
        "/api/v1/dead-letters",
    ] {
        let detail = desk.get(path).await.problem(404);
        assert!(detail.contains("no queues"), "{path}: {detail}");
    }
    let reason = r#"{"reason": "x"}"#;
    desk.post("/api/v1/queues/rag/pause", reason)
        .await
        .problem(404);
}

#[tokio::test]
async fn a_queue_tells_how_much_it_holds_and_since_when() {
    let (desk, rag, _) = mounted();
    kill(&rag, "till-0", "dead").await;
    push(&rag, "till-1", "one").await;
    push(&rag, "till-2", "two").await;
    lease(&rag).await;
    let list = desk.get("/api/v1/queues").await.ok();
    assert_eq!(list["next"], Value::Null);
    let names = [0, 1].map(|at| list["queues"][at]["name"].clone());
    assert_eq!(names, ["rag", "vms"], "also one that was never used");
    let queue = &list["queues"][0];
    assert_eq!(
        [
            &queue["name"],
            &queue["messages"],
            &queue["dead"],
            &queue["in_flight"]
        ],
        [&json!("rag"), &json!(2), &json!(1), &json!(1)]
    );
    assert_eq!(queue["messages_max"], 100_000);
    assert!(queue["oldest_at"].is_string(), "{queue}");
    assert_eq!(queue["paused"], Value::Null);
    assert_eq!(desk.get("/api/v1/queues/rag").await.ok(), *queue);
    desk.get("/api/v1/queues/none").await.problem(404);
}

#[tokio::test]
async fn waiting_messages_come_in_pages_and_one_is_told_whole_without_its_secrets() {
    let (desk, rag, _) = mounted();
    let mut ids = Vec::new();
    for body in ["a", "b", "c"] {
        ids.push(push(&rag, "till-1", body).await.to_string());
    }
    let path = "/api/v1/queues/rag/messages?limit=2";
    let first = desk.get(path).await.ok();
    let next = first["next"].as_str().expect("there is more");
    let second = desk.get(&format!("{path}&cursor={next}")).await.ok();
    let pages = [&first, &second].map(|page| page["messages"].as_array().expect("a list"));
    let found: Vec<_> = pages.into_iter().flatten().map(|m| &m["id"]).collect();
    assert_eq!(found, ids.iter().collect::<Vec<_>>());
    assert_eq!(second["next"], Value::Null);
    assert!(first["messages"][0].get("body").is_none());

    let whole = desk.get(&format!("/api/v1/messages/{}", ids[0])).await.ok();
    assert_eq!(
        (&whole["body"], &whole["state"]),
        (&json!("a"), &json!("pending"))
    );
    let attributes = json!([["x-kind", "receipt"], ["Authorization", "(hidden)"]]);
    assert_eq!(whole["attributes"], attributes);
    desk.get("/api/v1/queues/rag/messages?limit=0")
        .await
        .problem(422);
    desk.get("/api/v1/queues/rag/messages?cursor=x")
        .await
        .problem(422);
    desk.get("/api/v1/queues/rag/messages?kye=x")
        .await
        .problem(422);
    for id in ["x", "019a7f3e-8c00-7001-9abc-0123456789ab"] {
        desk.get(&format!("/api/v1/messages/{id}"))
            .await
            .problem(404);
    }
}

#[tokio::test]
async fn a_pause_holds_until_it_is_ended_by_its_own_epoch() {
    let (desk, rag, _) = mounted();
    push(&rag, "till-1", "one").await;
    let pause = "/api/v1/queues/rag/pause";
    let first = desk.post(pause, r#"{"reason": "audit"}"#).await.ok();
    assert_eq!(
        (&first["by"], &first["reason"]),
        (&json!("local"), &json!("audit"))
    );
    assert!(rag.lease(1, MINUTE).await.expect("asked").leased.is_empty());
    assert_eq!(desk.get("/api/v1/queues/rag").await.ok()["paused"], first);

    let second = desk.post(pause, r#"{"reason": "again"}"#).await.ok();
    let resume = "/api/v1/queues/rag/resume";
    let epoch = |pause: &Value| format!(r#"{{"epoch": {}}}"#, pause["epoch"]);
    let detail = desk.post(resume, &epoch(&first)).await.problem(409);
    assert!(detail.contains("paused anew"), "{detail}");
    let ended = desk.post(resume, &epoch(&second)).await.ok();
    assert_eq!(ended["paused"], false);
    assert_eq!(lease(&rag).await.key.as_deref(), Some("till-1"));

    for body in [
        "{}",
        r#"{"reason": " "}"#,
        r#"{"reason": "x", "for": "1h"}"#,
    ] {
        desk.post(pause, body).await.problem(422);
    }
    desk.post("/api/v1/queues/none/pause", r#"{"reason": "x"}"#)
        .await
        .problem(404);
    let group = r#"{"reason": "x", "group": "spring"}"#;
    desk.post(pause, group).await.ok();
    let pauses = desk.get("/api/v1/queues/rag/pauses").await.ok();
    let groups: Vec<_> = pauses["pauses"]
        .as_array()
        .expect("a list")
        .iter()
        .collect();
    assert!(
        groups.iter().any(|pause| pause["group"] == "spring"),
        "{pauses}"
    );
}

#[tokio::test]
async fn everything_is_paused_and_resumed_by_a_star() {
    let (desk, rag, vms) = mounted();
    push(&rag, "till-1", "one").await;
    push(&vms, "till-2", "two").await;
    let pause = "/api/v1/queues/*/pause";
    let paused = desk.post(pause, r#"{"reason": "audit"}"#).await.ok();
    assert_eq!(
        (&paused["queue"], &paused["group"]),
        (&json!("*"), &Value::Null)
    );
    for queue in [&rag, &vms] {
        let leases = queue.lease(1, MINUTE).await.expect("asked");
        assert!(leases.leased.is_empty());
    }
    let group = r#"{"reason": "x", "group": "spring"}"#;
    let detail = desk.post(pause, group).await.problem(422);
    assert!(detail.contains("group"), "{detail}");
    let stale = r#"{"epoch": 99}"#;
    desk.post("/api/v1/queues/*/resume", stale)
        .await
        .problem(409);
    let ended = desk.post("/api/v1/queues/*/resume", "").await.ok();
    assert_eq!(ended["paused"], false);
    assert_eq!(lease(&vms).await.key.as_deref(), Some("till-2"));
}

#[tokio::test]
async fn dead_letters_are_shown_with_their_history_retried_and_discarded() {
    let (desk, rag, vms) = mounted();
    let dead = kill(&rag, "till-1", "one").await;
    kill(&rag, "till-2", "two").await;
    kill(&vms, "till-3", "three").await;
    let alive = push(&rag, "till-9", "alive").await;
    let list = desk.get("/api/v1/dead-letters?queue=rag").await.ok();
    assert_eq!(list["messages"].as_array().map(Vec::len), Some(2));
    let all = desk.get("/api/v1/dead-letters").await.ok();
    assert_eq!(all["messages"].as_array().map(Vec::len), Some(3));

    let one = format!("/api/v1/dead-letters/{dead}");
    let shown = desk.get(&one).await.ok();
    assert_eq!(
        (&shown["death"], &shown["body"]),
        (&json!("refused"), &json!("one"))
    );
    assert_eq!(shown["history"][0]["error"], "the upstream answered 422");
    assert_eq!(shown["uncertain"], true, "it may have arrived");
    desk.get(&format!("/api/v1/dead-letters/{alive}"))
        .await
        .problem(404);

    let changed = |answer: Answer| answer.ok()["changed"].clone();
    assert_eq!(changed(desk.post(&format!("{one}/retry"), "{}").await), 1);
    desk.post(&format!("{one}/retry"), "").await.problem(404);
    let state = desk.get(&format!("/api/v1/messages/{dead}")).await.ok()["state"].clone();
    assert_eq!(state, "pending");
    let many = r#"{"queue": "rag", "reason": "test data"}"#;
    assert_eq!(
        changed(desk.post("/api/v1/dead-letters/discard", many).await),
        1
    );
    let many = r#"{"queue": "vms", "key": "till-3", "max": 5}"#;
    assert_eq!(
        changed(desk.post("/api/v1/dead-letters/retry", many).await),
        1
    );
    for bad in [
        "{}",
        r#"{"queue": "rag", "max": 0}"#,
        r#"{"queue": "rag", "max": 10001}"#,
    ] {
        desk.post("/api/v1/dead-letters/retry", bad)
            .await
            .problem(422);
    }
}

#[tokio::test]
async fn who_may_steer_a_circuit_may_steer_its_queue_and_no_other() {
    let (queues, rag, vms) = queues();
    let mut tokens = Vec::new();
    let mut bearer = |name: &str, role| {
        let grant = Grant::new(name, role).circuits(["ra*"]);
        let (token, text) = Token::issue(grant).expect("a token");
        tokens.push(token);
        format!("Bearer {}", text.as_str())
    };
    let (viewer, operator) = (
        bearer("viewer", Role::Viewer),
        bearer("operator", Role::Operator),
    );
    let desk = Desk::with(|admin| admin.queues(queues).tokens(Tokens::fixed(tokens)));
    let (own, other) = (kill(&rag, "a", "own").await, kill(&vms, "a", "other").await);
    let ask = async |bearer: &str, method: &str, path: &str, body: &str| {
        let asked = request(method, path).header(header::AUTHORIZATION, bearer);
        let asked = asked.body(Body::from(body.to_owned())).expect("a request");
        desk.send(asked).await
    };

    let list = ask(&viewer, "GET", "/api/v1/queues", "").await.ok();
    assert_eq!(list["queues"].as_array().map(Vec::len), Some(1));
    ask(&viewer, "GET", "/api/v1/queues/vms", "")
        .await
        .problem(403);
    ask(&viewer, "GET", "/api/v1/dead-letters", "")
        .await
        .problem(422);
    ask(&viewer, "GET", "/api/v1/dead-letters?queue=vms", "")
        .await
        .problem(403);
    ask(&viewer, "GET", "/api/v1/dead-letters?queue=rag", "")
        .await
        .ok();
    ask(&viewer, "GET", &format!("/api/v1/messages/{other}"), "")
        .await
        .problem(404);
    ask(&viewer, "GET", &format!("/api/v1/messages/{own}"), "")
        .await
        .ok();

    let reason = r#"{"reason": "x"}"#;
    let (retry, many) = (
        format!("/api/v1/dead-letters/{own}/retry"),
        r#"{"queue": "rag"}"#,
    );
    for (path, body) in [
        ("/api/v1/queues/rag/pause", reason),
        ("/api/v1/queues/rag/resume", ""),
        (&retry, ""),
        ("/api/v1/dead-letters/discard", many),
    ] {
        ask(&viewer, "POST", path, body).await.problem(403);
    }
    ask(&operator, "POST", "/api/v1/queues/vms/pause", reason)
        .await
        .problem(403);
    let foreign = format!("/api/v1/dead-letters/{other}/discard");
    ask(&operator, "POST", &foreign, "").await.problem(404);
    let foreign = r#"{"queue": "vms"}"#;
    ask(&operator, "POST", "/api/v1/dead-letters/discard", foreign)
        .await
        .problem(403);
    ask(&operator, "POST", &retry, reason).await.ok();
    ask(&operator, "POST", "/api/v1/queues/rag/pause", reason)
        .await
        .ok();
}

#[tokio::test]
async fn what_is_done_to_queues_stands_in_the_audit_log() {
    let (queues, rag, _) = queues();
    let desk = Desk::over(|registry, admin| {
        let keeper = Keeper::start(registry, Memory::new()).expect("a keeper");
        admin.queues(queues).keeper(keeper)
    });
    let dead = kill(&rag, "a", "own").await;
    let reason = r#"{"reason": "audit"}"#;
    desk.post("/api/v1/queues/rag/pause", reason).await.ok();
    desk.post(&format!("/api/v1/dead-letters/{dead}/discard"), reason)
        .await
        .ok();
    desk.post("/api/v1/dead-letters/retry", r#"{"queue": "rag"}"#)
        .await
        .ok();
    desk.post("/api/v1/queues/none/pause", reason)
        .await
        .problem(404);
    let list = desk.get("/api/v1/audit").await.ok();
    let entries = list["entries"].as_array().expect("a list").iter().rev();
    let short: Vec<_> = entries
        .map(|e| json!([e["action"], e["target"], e["why"], e["answer"]]))
        .collect();
    let expected = [
        json!(["pause", "rag", "audit", 200]),
        json!(["discard", dead.to_string(), "audit", 200]),
        json!(["retry", "dead letters", null, 200]),
        json!(["pause", "none", null, 404]),
    ];
    assert_eq!(short, expected);
    let discarded = &list["entries"][2]["after"];
    assert_eq!(*discarded, json!({"queue": "rag", "changed": 1}));
    assert!(rag.queues().is_paused(&Scope::Queue("rag".to_owned())));
}
