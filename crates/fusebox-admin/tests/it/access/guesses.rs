//! Wrong tokens are counted.

use std::time::Duration;

use axum::http::header;
use fusebox_admin::{Grant, Role, Token, Tokens};

use crate::asking::{Answer, Desk, from, request};

const LIST: &str = "/api/v1/circuit-breakers";

async fn ask(desk: &Desk, peer: &str, token: Option<&str>) -> Answer {
    let mut sent = request("GET", LIST);
    if let Some(token) = token {
        sent = sent.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    desk.send(from(peer, sent)).await
}

fn guess(number: u32) -> String {
    format!("fbx_{number:043}")
}

#[tokio::test]
async fn ten_wrong_tokens_a_minute_are_answered_and_then_429_whatever_is_tried() {
    let (token, text) = Token::issue(Grant::new("ci", Role::Viewer)).expect("a token");
    let desk = Desk::with(|admin| admin.tokens(Tokens::fixed([token])));
    let peer = "10.0.0.1:1";
    for number in 0..10 {
        ask(&desk, peer, Some(&guess(number))).await.problem(401);
    }
    desk.clock.advance(Duration::from_secs(20));
    for token in [guess(10), "x".to_owned(), text.as_str()[..46].to_owned()] {
        let answer = ask(&desk, "10.0.0.1:2", Some(&token)).await;
        answer.problem(429);
        assert_eq!(answer.header(header::RETRY_AFTER), "40");
        assert_eq!(answer.json()["retry_after"], 40.0);
    }
    // An operator behind the same router is let in, and who shows none is told what is missing.
    ask(&desk, peer, Some(text.as_str())).await.ok();
    ask(&desk, peer, None).await.problem(401);
    ask(&desk, "10.0.0.2:1", Some(&guess(11)))
        .await
        .problem(401);
    desk.clock.advance(Duration::from_secs(40));
    ask(&desk, peer, Some(&guess(12))).await.problem(401);
}

#[tokio::test]
async fn a_right_token_gives_nobody_new_tries() {
    let (token, text) = Token::issue(Grant::new("ci", Role::Viewer)).expect("a token");
    let desk = Desk::with(|admin| admin.tokens(Tokens::fixed([token])));
    for number in 0..10 {
        ask(&desk, "10.0.0.1:1", Some(&guess(number)))
            .await
            .problem(401);
        ask(&desk, "10.0.0.1:1", Some(text.as_str())).await.ok();
    }
    ask(&desk, "10.0.0.1:1", Some(&guess(10)))
        .await
        .problem(429);
}

#[tokio::test]
async fn to_show_no_token_is_no_guess() {
    let desk = Desk::with(|admin| admin.tokens(Tokens::fixed([])));
    for _ in 0..50 {
        ask(&desk, "10.0.0.1:1", None).await.problem(401);
    }
    ask(&desk, "10.0.0.1:1", Some(&guess(0))).await.problem(401);
}

#[tokio::test]
async fn a_network_of_ipv6_is_one_guesser() {
    let desk = Desk::with(|admin| admin.tokens(Tokens::fixed([])));
    for host in 0..10 {
        let peer = format!("[2001:db8:0:1::{host}]:1");
        ask(&desk, &peer, Some(&guess(host))).await.problem(401);
    }
    let same = ask(&desk, "[2001:db8:0:1:a:b:c:d]:9", Some(&guess(0))).await;
    same.problem(429);
    let other = ask(&desk, "[2001:db8:0:2::1]:9", Some(&guess(0))).await;
    other.problem(401);
}
