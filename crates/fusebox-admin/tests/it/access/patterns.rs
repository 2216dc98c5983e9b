//! Tokens for some circuits.

use axum::body::Body;
use axum::http::{Request, header};
use fusebox_admin::{Grant, Role, Token, Tokens};

use crate::asking::{Desk, request};

const LIST: &str = "/api/v1/circuit-breakers";

/// A desk, and the token of an administrator of circuits whose names begin with `ra`.
fn some() -> (Desk, String) {
    let grant = Grant::new("team", Role::Admin).circuits(["ra*"]);
    let (token, text) = Token::issue(grant).expect("a token");
    let desk = Desk::with(|admin| admin.tokens(Tokens::fixed([token])));
    (desk, format!("Bearer {}", text.as_str()))
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
