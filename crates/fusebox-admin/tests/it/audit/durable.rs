//! Actions and a store that is slow, full, or away.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use axum::body::Body;
use axum::http::Request;
use fusebox::State;
use fusebox_store::{AuditQuery, Keeper};
use serde_json::Value;
use tower::ServiceExt;

use super::stores::{Trouble, Troubled};
use super::{Lines, kept};
use crate::asking::{Desk, local, request};

const RESET: &str = "/api/v1/circuit-breakers/rag/reset";
const OPEN: &str = "/api/v1/circuit-breakers/rag/force-state";
const HEADER: &str = "fusebox-audit";
const NOT_YET: &str = "an entry of the audit log is not durable yet";

fn desk() -> (Desk, Troubled, Keeper) {
    let storage = Troubled::default();
    let (desk, keeper) = kept(storage.clone());
    (desk, storage, keeper)
}

fn act() -> Request<Body> {
    let sent = request("POST", OPEN).body(Body::from(r#"{"state": "open", "reason": "drill"}"#));
    local(sent.expect("a request"))
}

#[tokio::test]
async fn an_answer_comes_once_entry_and_state_are_durable() {
    let (desk, storage, keeper) = desk();
    keeper.flushed().await.expect("what the start told");
    storage.set(Trouble::Hangs);
    let mut acting = pin!(desk.router.clone().oneshot(act()));
    let mut context = Context::from_waker(Waker::noop());
    assert!(acting.as_mut().poll(&mut context).is_pending());
    assert_eq!(desk.rag.state(), State::Open, "done, and not answered yet");
    storage.set(Trouble::None);
    let answer = acting.await.expect("an answer");
    assert_eq!(answer.status(), 200);
    assert!(!answer.headers().contains_key(HEADER));
    let page = keeper.audit(AuditQuery::default()).await.expect("a page");
    assert_eq!(page.items.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn with_a_store_that_hangs_an_action_stands_and_the_answer_says_so_after_2_s() {
    let lines = Lines::listen();
    let (desk, storage, keeper) = desk();
    storage.set(Trouble::Hangs);
    let begun = tokio::time::Instant::now();
    let answer = desk.send(act()).await;
    assert_eq!(begun.elapsed().as_secs(), 2);
    answer.ok();
    assert_eq!(answer.headers[HEADER], "pending");
    assert_eq!(desk.rag.state(), State::Open);
    let told = lines.saying(NOT_YET);
    let entry: Value =
        serde_json::from_str(told[0]["entry"].as_str().expect("text")).expect("JSON");
    for (key, value) in [
        ("who", "local"),
        ("action", "force-state"),
        ("target", "rag"),
    ] {
        assert_eq!(entry[key], value);
    }
    assert_eq!(
        (&entry["why"], &entry["answer"]),
        (&"drill".into(), &200.into())
    );
    assert_eq!(entry["after"]["state"], "open");
    drop(desk);
    storage.set(Trouble::None);
    drop(keeper);
}

#[tokio::test]
async fn with_a_full_disk_an_action_stands_and_its_entry_comes_when_there_is_room() {
    let (desk, storage, keeper) = desk();
    storage.set(Trouble::Full);
    let answer = desk.send(act()).await;
    answer.ok();
    assert_eq!(answer.headers[HEADER], "pending");
    assert_eq!(desk.rag.state(), State::Open);
    storage.set(Trouble::None);
    keeper.flushed().await.expect("there is room again");
    let page = keeper.audit(AuditQuery::default()).await.expect("a page");
    assert_eq!(page.items.len(), 1);
    assert_eq!(page.items[0].action, "force-state");
    let answer = desk.post(RESET, "{}").await;
    answer.ok();
    assert!(!answer.headers.contains_key(HEADER));
}

#[tokio::test(start_paused = true)]
async fn who_is_refused_does_not_wait_for_a_store_that_hangs() {
    let (desk, storage, keeper) = desk();
    storage.set(Trouble::Hangs);
    let begun = tokio::time::Instant::now();
    let answer = desk.post(OPEN, "{}").await;
    answer.problem(422);
    assert!(!answer.headers.contains_key(HEADER));
    assert_eq!(begun.elapsed().as_secs(), 0);
    storage.set(Trouble::None);
    drop(keeper);
}

#[tokio::test]
async fn a_client_that_hangs_up_leaves_no_action_without_an_entry() {
    let (desk, storage, keeper) = desk();
    keeper.flushed().await.expect("what the start told");
    storage.set(Trouble::Hangs);
    {
        let mut acting = pin!(desk.router.clone().oneshot(act()));
        let mut context = Context::from_waker(Waker::noop());
        assert_eq!(
            acting.as_mut().poll(&mut context).map(|_| ()),
            Poll::Pending
        );
    }
    assert_eq!(desk.rag.state(), State::Open);
    storage.set(Trouble::None);
    keeper.flushed().await.expect("it works again");
    let page = keeper.audit(AuditQuery::default()).await.expect("a page");
    assert_eq!(page.items.len(), 1);
    assert_eq!(page.items[0].why.as_deref(), Some("drill"));
}
