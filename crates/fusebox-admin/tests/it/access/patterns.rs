//! Tokens for some circuits.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, header};
use fusebox::{Author, State};
use fusebox_admin::{Grant, Role, Token, TokenText, Tokens};
use fusebox_store::{EventQuery, Keeper, Memory};
use http_body_util::BodyExt;
use tower::ServiceExt;

use crate::asking::{Desk, local, request};

const LIST: &str = "/api/v1/circuit-breakers";

/// A desk, and the token of an administrator of circuits whose names begin with `ra`.
fn some() -> (Desk, String) {
    let grant = Grant::new("team", Role::Admin).circuits(["ra*"]);
    let (token, text) = Token::issue(grant).expect("a token");
    let desk = Desk::with(|admin| admin.tokens(Tokens::fixed([token])));
    (desk, bearer(&text))
}

fn bearer(text: &TokenText) -> String {
    format!("Bearer {}", text.as_str())
}

fn ask(bearer: &str, method: &str, path: &str) -> Request<Body> {
    let sent = request(method, path).header(header::AUTHORIZATION, bearer);
    sent.body(Body::empty()).expect("a request")
}

#[tokio::test]
async fn other_circuits_are_left_out_of_lists() {
    let (desk, bearer) = some();
    for (path, list) in [(LIST, "circuits"), ("/health", "circuits")] {
        let list = desk.send(ask(&bearer, "GET", path)).await.ok()[list].clone();
        let names: Vec<_> = list
            .as_array()
            .expect("a list")
            .iter()
            .map(|c| &c["name"])
            .collect();
        assert_eq!(names, ["rag"], "{path}");
    }
    let services = desk
        .send(ask(&bearer, "GET", &format!("{LIST}/health")))
        .await;
    assert!(
        services.status == 200 && !services.text.contains("vms"),
        "{}",
        services.text
    );
}

#[tokio::test]
async fn other_circuits_are_refused_whether_they_are_there_or_not() {
    let (desk, bearer) = some();
    for name in ["vms", "none", "RAG", "%ff", "..", "r%61g2x%2f"] {
        for (method, rest) in [
            ("GET", ""),
            ("GET", "/branches"),
            ("GET", "/branches/x"),
            ("POST", "/force-state"),
            ("POST", "/hold"),
            ("DELETE", "/hold"),
            ("POST", "/reset"),
            ("POST", "/branches/x/reset"),
        ] {
            let answer = desk
                .send(ask(&bearer, method, &format!("{LIST}/{name}{rest}")))
                .await;
            if name.starts_with('r') {
                // Its decoded name is the team's, and there is no such circuit.
                answer.problem(404);
                continue;
            }
            let detail = answer.problem(403);
            assert!(detail.contains("ra*"), "{method} {name}{rest}: {detail}");
        }
    }
    desk.send(ask(&bearer, "GET", &format!("{LIST}/r%61g")))
        .await
        .ok();
    desk.send(ask(&bearer, "POST", &format!("{LIST}/rag/reset")))
        .await
        .ok();
}

#[tokio::test]
async fn what_concerns_all_circuits_takes_a_token_for_all() {
    let (desk, bearer) = some();
    desk.send(ask(&bearer, "GET", "/metrics"))
        .await
        .problem(403);
    let turn = ask(&bearer, "POST", "/api/v1/main");
    desk.send(turn).await.problem(403);
    // Whether the main breaker rejects the team's calls is the team's business.
    desk.send(ask(&bearer, "GET", "/api/v1/main")).await.ok();
}

#[tokio::test]
async fn other_circuits_are_left_out_of_the_stream() {
    let (desk, bearer) = some();
    let sent = local(ask(&bearer, "GET", &format!("{LIST}/stream")));
    let answer = desk.router.clone().oneshot(sent).await;
    let mut body = answer.expect("an answer").into_body();
    let mut read = String::new();
    let is_open = |read: &str| read.contains(r#""state":"open""#);
    while !is_open(&read) {
        let frame = tokio::time::timeout(Duration::from_secs(20), body.frame()).await;
        let frame = frame
            .expect("in time")
            .expect("it goes on")
            .expect("no error");
        read += std::str::from_utf8(&frame.into_data().expect("data")).expect("text");
        for circuit in [desk.vms, desk.rag] {
            let moved = circuit.transition(State::Open, &Author::new("test"));
            moved.expect("nothing holds it");
        }
    }
    assert!(read.contains("rag") && !read.contains("vms"), "{read}");
}

#[tokio::test]
async fn events_of_other_circuits_are_left_out_and_as_unknown_as_any() {
    let grant = |name: &str| Grant::new(name, Role::Viewer);
    let (few, few_text) = Token::issue(grant("few").circuits(["ra*"])).expect("a token");
    let (all, all_text) = Token::issue(grant("all")).expect("a token");
    let mut keeper = None;
    let desk = Desk::over(|registry, admin| {
        let started = Keeper::start(registry, Memory::new()).expect("a keeper");
        keeper = Some(started.clone());
        admin.tokens(Tokens::fixed([few, all])).keeper(started)
    });
    let keeper = keeper.expect("it was set up");
    for circuit in [desk.rag, desk.vms] {
        let moved = circuit.transition(State::Open, &Author::new("test"));
        moved.expect("nothing holds it");
        keeper.attach_replay(
            circuit.name(),
            circuit.snapshot().generation,
            "{}".to_owned(),
        );
    }
    keeper.flushed().await.expect("memory always works");
    let page = keeper.events(EventQuery::default()).await.expect("a page");
    let (few, all) = (bearer(&few_text), bearer(&all_text));
    let list = desk.send(ask(&few, "GET", "/api/v1/events")).await.ok();
    for event in list["events"].as_array().expect("a list") {
        assert_ne!(event["circuit"], "vms");
    }
    let moves = page.items.iter().filter(|event| event.kind == "transition");
    let mut seen = 0;
    for event in moves {
        for rest in ["", "/replay"] {
            let path = format!("/api/v1/events/{}{rest}", event.id);
            assert_eq!(
                desk.send(ask(&all, "GET", &path)).await.status,
                200,
                "{path}"
            );
            let expected = if event.circuit == "rag" { 200 } else { 404 };
            let answer = desk.send(ask(&few, "GET", &path)).await;
            assert_eq!(answer.status, expected, "{path}");
            seen += 1;
        }
    }
    assert_eq!(seen, 4);
    let filtered = ask(&few, "GET", "/api/v1/events?circuit=vms");
    let filtered = desk.send(filtered).await.ok();
    assert_eq!(filtered["events"], serde_json::json!([]));
}
