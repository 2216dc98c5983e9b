//! A token in every place of a request, and then a search through everything that is told.

use axum::body::Body;
use axum::http::{Request, header};
use fusebox_admin::Role;
use serde_json::json;

use super::Staff;
use super::staff::with;
use crate::audit::Lines;

const CIRCUITS: &str = "/api/v1/circuit-breakers";

/// The secret in every place that a request has, from somebody with this token.
fn everywhere(token: Option<&str>, secret: &str) -> Vec<Request<Body>> {
    let paths = [
        format!("{CIRCUITS}/rag?token={secret}"),
        format!("{CIRCUITS}?limit={secret}"),
        format!("{CIRCUITS}?cursor={secret}"),
        format!("{CIRCUITS}?{secret}=1"),
        format!("{CIRCUITS}/{secret}"),
        format!("{CIRCUITS}/rag/branches/{secret}"),
        format!("/api/v1/audit?who={secret}&cursor={secret}"),
        format!("/api/v1/events/{secret}"),
        format!("/{secret}"),
    ];
    let read = paths.map(|path| with(token, "GET", &path).body(Body::empty()));
    let headers = [
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
    ];
    let headed = headers.map(|name| {
        let mut sent = with(token, "POST", &format!("{CIRCUITS}/rag/reset"));
        sent.headers_mut().expect("right so far").remove(name);
        sent.header(name, secret).body(Body::empty())
    });
    let reason = format!("x {secret} y");
    let bodies = [
        ("hold", json!({ "kind": "disabled", "reason": reason })),
        ("hold", json!({ "kind": secret, "reason": "x" })),
        (
            "hold",
            json!({ "kind": "disabled", "reason": "x", "for": secret }),
        ),
        ("force-state", json!({ "state": "open", secret: 1 })),
        ("force-state", json!(secret)),
        ("reset", json!({ "reason": secret })),
    ];
    let told = bodies.map(|(action, body)| {
        let sent = with(token, "POST", &format!("{CIRCUITS}/rag/{action}"));
        sent.body(Body::from(body.to_string()))
    });
    let bare = with(token, "POST", &format!("{CIRCUITS}/{secret}/reset"));
    let bare = bare.body(Body::from(secret.to_owned()));
    let all = read.into_iter().chain(headed).chain(told).chain([bare]);
    all.map(|sent| sent.expect("a request")).collect()
}

#[tokio::test]
async fn a_token_comes_out_nowhere_wherever_it_went_in() {
    let lines = Lines::listen();
    let staff = Staff::new();
    let secret = staff.token(Role::Admin);
    let right = Some(secret);
    let mut told = String::new();
    for token in [right, Some(&secret[..46]), None] {
        for sent in everywhere(token, secret) {
            let answer = staff.desk.send(sent).await;
            told += &format!("{:?}\n{}\n", answer.headers, answer.text);
        }
    }
    for path in [
        "/health",
        "/metrics",
        CIRCUITS,
        "/api/v1/main",
        "/api/v1/events?limit=1000",
        "/api/v1/audit?limit=1000",
    ] {
        let sent = with(right, "GET", path).body(Body::empty());
        let answer = staff.desk.send(sent.expect("a request")).await;
        assert_eq!(answer.status, 200, "{path}");
        told += &answer.text;
    }
    told += &lines.text();
    assert!(
        told.matches("fbx_[redacted]").count() > 10,
        "something was taken out"
    );
    // Not even a part that would help to find the rest.
    let random = &secret["fbx_".len()..];
    for part in [&random[..20], &random[22..]] {
        let place = around(&told, part);
        assert!(!told.contains(part), "it stands in {place:?}");
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
