//! A token in every place of a request, and then a search through everything that is told.

use axum::body::Body;
use axum::http::header;
use fusebox_admin::Role;
use serde_json::json;

use super::Staff;
use super::staff::with;
use crate::audit::Lines;

const CIRCUITS: &str = "/api/v1/circuit-breakers";

#[tokio::test]
async fn a_token_comes_out_nowhere_wherever_it_went_in() {
    let lines = Lines::listen();
    let staff = Staff::new();
    let secret = staff.token(Role::Admin);
    let right = Some(secret);
    let mut told = String::new();
    let mut sent = Vec::new();
    for token in [right, Some(&secret[..46]), None] {
        for path in [
            format!("{CIRCUITS}/rag?token={secret}"),
            format!("{CIRCUITS}?limit={secret}"),
            format!("{CIRCUITS}?cursor={secret}"),
            format!("{CIRCUITS}?{secret}=1"),
            format!("{CIRCUITS}/{secret}"),
            format!("{CIRCUITS}/rag/branches/{secret}"),
            format!("/{secret}"),
        ] {
            sent.push(with(token, "GET", &path).body(Body::empty()));
        }
        for name in [
            "x-request-id",
            "cookie",
            "referer",
            "user-agent",
            "origin",
            "host",
            "if-match",
            "accept",
            "idempotency-key",
            "last-event-id",
        ] {
            let mut builder = with(token, "POST", &format!("{CIRCUITS}/rag/reset"));
            builder.headers_mut().expect("right so far").remove(name);
            sent.push(builder.header(name, secret).body(Body::empty()));
        }
        for (action, body) in [
            (
                "hold",
                json!({ "kind": "disabled", "reason": format!("x {secret} y") }).to_string(),
            ),
            ("hold", json!({ "kind": secret, "reason": "x" }).to_string()),
            (
                "hold",
                json!({ "kind": "disabled", "reason": "x", "for": secret }).to_string(),
            ),
            (
                "force-state",
                json!({ "state": "open", secret: 1 }).to_string(),
            ),
            ("force-state", format!("\"{secret}\"")),
            ("reset", secret.to_owned()),
            ("reset", json!({ "reason": secret }).to_string()),
        ] {
            let path = format!("{CIRCUITS}/rag/{action}");
            sent.push(with(token, "POST", &path).body(Body::from(body)));
        }
        for path in [format!("{CIRCUITS}/{secret}/reset"), format!("/{secret}")] {
            sent.push(with(token, "POST", &path).body(Body::empty()));
        }
    }
    for request in sent {
        let answer = staff.desk.send(request.expect("a request")).await;
        told += &format!("{:?}\n{}\n", answer.headers, answer.text);
    }
    for path in [
        "/health",
        "/metrics",
        CIRCUITS,
        "/api/v1/main",
        "/openapi.json",
    ] {
        let request = with(right, "GET", path).body(Body::empty());
        let answer = staff.desk.send(request.expect("a request")).await;
        told += &answer.text;
    }
    told += &lines.text();
    assert!(told.contains("fbx_[redacted]"), "something was taken out");
    // Not even a part that would help to find the rest.
    let random = &secret["fbx_".len()..];
    for part in [&random[..20], &random[22..]] {
        assert!(
            !told.contains(part),
            "it stands in {:?}",
            around(&told, part)
        );
    }
}

fn around<'a>(told: &'a str, part: &str) -> &'a str {
    let at = told.find(part).unwrap_or_default();
    let from = told[..at].rfind('\n').unwrap_or_default();
    let to = told[at..].find('\n').map_or(told.len(), |end| at + end);
    &told[from..to]
}

#[tokio::test]
async fn a_body_with_a_token_in_it_is_refused_before_it_is_kept() {
    let staff = Staff::new();
    let secret = staff.token(Role::Viewer);
    let hold = json!({ "kind": "disabled", "reason": format!("see {secret}") }).to_string();
    let sent = with(
        Some(staff.token(Role::Admin)),
        "POST",
        &format!("{CIRCUITS}/rag/hold"),
    );
    let sent = sent.header(header::CONTENT_TYPE, "application/json");
    let answer = staff
        .desk
        .send(sent.body(Body::from(hold)).expect("a request"))
        .await;
    assert!(answer.problem(422).contains("token"));
    assert_eq!(staff.desk.rag.snapshot().hold, None);
}
