//! Every route against requests that are wrong.

use axum::body::Body;
use axum::http::header;
use fusebox::State;

use super::asking::{Desk, request};

/// Path, methods that it takes.
const ROUTES: [(&str, &str); 12] = [
    ("/openapi.json", "GET,HEAD"),
    ("/api/v1/main", "GET,HEAD,POST"),
    ("/api/v1/circuit-breakers/health", "GET,HEAD"),
    ("/livez", "GET,HEAD"),
    ("/readyz", "GET,HEAD"),
    ("/health", "GET,HEAD"),
    ("/metrics", "GET,HEAD"),
    ("/api/v1/circuit-breakers", "GET,HEAD"),
    ("/api/v1/circuit-breakers/rag", "GET,HEAD"),
    ("/api/v1/circuit-breakers/rag/force-state", "POST"),
    ("/api/v1/circuit-breakers/rag/hold", "DELETE,POST"),
    ("/api/v1/circuit-breakers/rag/reset", "POST"),
];
const METHODS: [&str; 8] = [
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE",
];
const ACTIONS: [&str; 3] = ["force-state", "hold", "reset"];

#[tokio::test]
async fn a_method_that_a_route_does_not_take_is_405_with_allow() {
    let desk = Desk::new();
    for (path, allowed) in ROUTES {
        for method in METHODS {
            if allowed.split(',').any(|allowed| allowed == method) {
                continue;
            }
            let sent = request(method, path)
                .body(Body::empty())
                .expect("a request");
            let answer = desk.send(sent).await;
            assert_eq!(answer.status, 405, "{method} {path}");
            let mut allow: Vec<_> = answer.header(header::ALLOW).split(',').collect();
            allow.sort_unstable();
            assert_eq!(allow.join(","), allowed, "{method} {path}");
            // An answer to HEAD has no body to look at.
            if method != "HEAD" {
                answer.problem(405);
            }
        }
    }
}

#[tokio::test]
async fn what_is_not_there_is_404() {
    let desk = Desk::new();
    for path in [
        "/nowhere",
        "/api/v1",
        "/api/v1/circuit-breakers/rag/else",
        "/livez/",
        "//",
    ] {
        desk.get(path).await.problem(404);
        desk.post(path, "{}").await.problem(404);
    }
    for name in ["RAG", "rag2", "rag%20", "%ff", "%2e%2e", &"x".repeat(3000)] {
        let path = format!("/api/v1/circuit-breakers/{name}");
        assert!(
            desk.get(&path).await.problem(404).contains("no circuit"),
            "{name}"
        );
        for action in ACTIONS {
            desk.post(&format!("{path}/{action}"), "{}")
                .await
                .problem(404);
        }
        desk.delete(&format!("{path}/hold")).await.problem(404);
    }
}

/// Action, body, a word of the detail.
const BODIES: [(&str, &str, &str); 29] = [
    ("force-state", "", "EOF"),
    ("force-state", "{", "EOF"),
    ("force-state", "{}", "state"),
    ("force-state", "[]", "body"),
    ("force-state", "null", "body"),
    ("force-state", "open", "body"),
    ("force-state", r#"{"state": "ajar"}"#, "ajar"),
    ("force-state", r#"{"state": "OPEN"}"#, "half-open"),
    ("force-state", r#"{"state": ""}"#, "state"),
    ("force-state", r#"{"state": 1}"#, "integer"),
    ("force-state", r#""ajar""#, "ajar"),
    (
        "force-state",
        r#"{"state": "open", "for": "1s"}"#,
        "unknown field `for`",
    ),
    (
        "force-state",
        r#"{"state": "open", "state": "open"}"#,
        "duplicate",
    ),
    ("force-state", r#"{"state": "open"} x"#, "trailing"),
    (
        "force-state",
        r#"{"state": "open", "reason": "a\nb"}"#,
        "one line",
    ),
    ("hold", "{}", "kind"),
    ("hold", r#"{"kind": "forced_open"}"#, "reason"),
    ("hold", r#"{"kind": "forced_open", "reason": ""}"#, "reason"),
    (
        "hold",
        r#"{"kind": "forced_open", "reason": " \t"}"#,
        "reason",
    ),
    ("hold", r#"{"kind": "forced_open", "reason": null}"#, "null"),
    ("hold", r#"{"kind": "open", "reason": "x"}"#, "forced_open"),
    (
        "hold",
        r#"{"kind": "disabled", "reason": "x", "for": "0s"}"#,
        "longer than 0",
    ),
    (
        "hold",
        r#"{"kind": "disabled", "reason": "x", "for": "-1s"}"#,
        "for",
    ),
    (
        "hold",
        r#"{"kind": "disabled", "reason": "x", "for": "soon"}"#,
        "soon",
    ),
    (
        "hold",
        r#"{"kind": "disabled", "reason": "x", "for": ""}"#,
        "for",
    ),
    (
        "hold",
        r#"{"kind": "disabled", "reason": "x", "for": 60}"#,
        "integer",
    ),
    (
        "hold",
        r#"{"kind": "disabled", "reason": "x", "until": "9"}"#,
        "unknown field `until`",
    ),
    ("reset", r#"{"state": "closed"}"#, "unknown field `state`"),
    ("reset", "\u{0}", "body"),
];

#[tokio::test]
async fn a_wrong_body_is_422_and_changes_nothing() {
    let desk = Desk::new();
    let before = desk.rag.snapshot().generation;
    for (action, body, word) in BODIES {
        let path = format!("/api/v1/circuit-breakers/rag/{action}");
        let detail = desk.post(&path, body).await.problem(422);
        assert!(detail.contains(word), "{action} {body:?}: {detail}");
    }
    let long = serde_json::json!({"state": "open", "reason": "x".repeat(1001)}).to_string();
    desk.post("/api/v1/circuit-breakers/rag/force-state", &long)
        .await
        .problem(422);
    let snapshot = desk.rag.snapshot();
    assert_eq!(
        (snapshot.state, snapshot.hold, snapshot.generation),
        (State::Closed, None, before)
    );
}

#[tokio::test]
async fn a_body_is_read_as_json_whatever_it_is_declared_as() {
    let desk = Desk::new();
    for media_type in [
        None,
        Some("application/json; charset=utf-8"),
        Some("application/x-www-form-urlencoded"),
        Some("text/plain"),
    ] {
        let sent = request("POST", "/api/v1/circuit-breakers/rag/force-state");
        let sent = match media_type {
            Some(media_type) => sent.header(header::CONTENT_TYPE, media_type),
            None => sent,
        };
        let body = Body::from(r#"{"state": "closed"}"#);
        desk.send(sent.body(body).expect("a request")).await.ok();
    }
}

#[tokio::test]
async fn a_body_over_64_kib_is_413() {
    let desk = Desk::new();
    let spaces = " ".repeat(64 * 1024 + 1);
    for action in ACTIONS {
        let path = format!("/api/v1/circuit-breakers/rag/{action}");
        assert!(
            desk.post(&path, &spaces)
                .await
                .problem(413)
                .contains("65536"),
            "{action}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_never_comes_is_408() {
    let desk = Desk::new();
    let sent = request("POST", "/api/v1/circuit-breakers/rag/force-state");
    let sent = sent.header(header::CONTENT_TYPE, "application/json");
    desk.send(sent.body(Body::new(Stalled)).expect("a request"))
        .await
        .problem(408);
}

/// A client that has sent the head and then nothing.
struct Stalled;

impl http_body::Body for Stalled {
    type Data = axum::body::Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Self::Data>, Self::Error>>> {
        // Nobody is woken: only the router's own patience ends this.
        std::task::Poll::Pending
    }
}

#[tokio::test]
async fn hosts_and_origins_of_elsewhere_are_403_on_every_route_but_the_probes() {
    let desk = Desk::new();
    let from = |method: &str, path: &str, host: Option<&str>, origin: Option<&str>| {
        let mut sent = axum::http::Request::builder().method(method).uri(path);
        if let Some(host) = host {
            sent = sent.header(header::HOST, host);
        }
        if let Some(origin) = origin {
            sent = sent.header(header::ORIGIN, origin);
        }
        sent.body(Body::empty()).expect("a request")
    };
    let rebound = "fusebox.example:9797";
    for (path, allowed) in ROUTES.into_iter().chain([("/nowhere", "GET")]) {
        if ["/livez", "/readyz"].contains(&path) {
            continue;
        }
        let method = allowed.split(',').next().expect("a method");
        for (host, origin) in [
            (Some(rebound), None),
            (None, None),
            (Some("10.0.0.7:9797"), None),
            (Some("localhost:9797"), Some("http://evil.example")),
            (Some("localhost:9797"), Some("null")),
        ] {
            let answer = desk.send(from(method, path, host, origin)).await;
            answer.problem(403);
            assert!(
                !answer.text.contains("evil"),
                "nothing is sent back that came in"
            );
        }
        for (host, origin) in [
            (Some("localhost:9797"), None),
            (Some("[::1]:9797"), Some("http://localhost:3000")),
            (Some("127.0.0.1"), Some("https://127.0.0.1")),
        ] {
            assert_ne!(
                desk.send(from(method, path, host, origin)).await.status,
                403,
                "{path}"
            );
        }
    }
    let absolute = from("GET", "http://evil.example/health", Some("localhost"), None);
    desk.send(absolute).await.problem(403);
}

#[tokio::test]
async fn every_answer_forbids_guessing_and_keeping() {
    let desk = Desk::new();
    let paths = ROUTES.map(|(path, _)| path);
    for path in paths
        .into_iter()
        .chain(["/nowhere", "/api/v1/circuit-breakers/none"])
    {
        let answer = desk.get(path).await;
        assert_eq!(
            answer.header(header::X_CONTENT_TYPE_OPTIONS),
            "nosniff",
            "{path}"
        );
        assert_eq!(answer.header(header::CACHE_CONTROL), "no-store", "{path}");
        let policy = answer.header(header::CONTENT_SECURITY_POLICY);
        assert!(policy.contains("default-src 'none'"), "{path}");
    }
}
