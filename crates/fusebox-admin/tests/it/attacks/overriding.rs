//! Headers and queries that would change what a request is, if anybody listened to them.

use axum::body::Body;
use axum::http::header;
use fusebox_admin::Role;

use super::Staff;
use super::staff::{body, with};
use crate::asking::request;

const RAG: &str = "/api/v1/circuit-breakers/rag";
const METHOD_HEADERS: [&str; 4] = [
    "x-http-method-override",
    "x-http-method",
    "x-method-override",
    "x-original-method",
];

#[tokio::test]
async fn a_method_in_a_header_is_not_listened_to() {
    let staff = Staff::new();
    let before = staff.state();
    let viewer = Some(staff.token(Role::Viewer));
    for name in METHOD_HEADERS {
        // Reading that would become acting.
        for path in [format!("{RAG}?_method=POST"), "/api/v1/main".to_owned()] {
            let sent = with(viewer, "GET", &path).header(name, "POST");
            let sent = body(sent, r#"{"state": "open"}"#);
            assert_eq!(staff.status(sent).await, 200, "{name} {path}");
        }
        // Acting that would pass for reading.
        for method in ["POST", "DELETE"] {
            let path = format!("{RAG}/hold?_method=GET");
            let sent = with(viewer, method, &path).header(name, "GET");
            let sent = body(sent, r#"{"kind": "disabled", "reason": "x"}"#);
            assert_eq!(staff.status(sent).await, 403, "{name} {method}");
        }
    }
    assert_eq!(staff.state(), before);
}

#[tokio::test]
async fn a_path_in_a_header_is_not_listened_to() {
    let staff = Staff::new();
    for name in [
        "x-original-url",
        "x-rewrite-url",
        "x-forwarded-prefix",
        "x-forwarded-uri",
    ] {
        let sent = with(None, "GET", "/metrics").header(name, "/livez");
        assert_eq!(staff.status(body(sent, Body::empty())).await, 401, "{name}");
        let sent = with(None, "GET", "/livez").header(name, "/metrics");
        assert_eq!(
            staff.desk.send(body(sent, Body::empty())).await.text,
            "ok\n"
        );
    }
}

#[tokio::test]
async fn a_token_is_read_from_one_header_and_nowhere_else() {
    let staff = Staff::new();
    let admin = staff.token(Role::Admin);
    for query in [
        "token",
        "access_token",
        "authorization",
        "bearer",
        "api_key",
    ] {
        let path = format!("{RAG}?{query}={admin}");
        let sent = body(with(None, "GET", &path), Body::empty());
        assert_eq!(staff.status(sent).await, 401, "{query}");
        // Nor does it lift a token that is right and may less.
        let path = format!("{RAG}/reset?{query}={admin}");
        let sent = body(
            with(Some(staff.token(Role::Viewer)), "POST", &path),
            Body::empty(),
        );
        assert_eq!(staff.status(sent).await, 403, "{query}");
    }
    for (name, value) in [
        (
            "cookie",
            format!("token={admin}; Authorization=Bearer {admin}"),
        ),
        ("x-api-key", admin.to_owned()),
        ("x-auth-token", admin.to_owned()),
        ("x-authorization", format!("Bearer {admin}")),
        ("proxy-authorization", format!("Bearer {admin}")),
    ] {
        let sent = request("GET", RAG).header(name, value);
        assert_eq!(staff.status(body(sent, Body::empty())).await, 401, "{name}");
    }
    let sent = body(
        with(None, "POST", "/api/v1/main"),
        format!(r#"{{"token": "{admin}"}}"#),
    );
    assert_eq!(staff.status(sent).await, 401);
}

#[tokio::test]
async fn no_header_makes_a_role() {
    let staff = Staff::new();
    let before = staff.state();
    for (name, value) in [
        ("x-role", "admin"),
        ("x-fusebox-role", "admin"),
        ("x-user", "local"),
        ("x-remote-user", "local"),
        ("x-forwarded-user", "admin"),
        ("x-forwarded-for", "127.0.0.1"),
        ("forwarded", "for=127.0.0.1"),
    ] {
        let viewer = Some(staff.token(Role::Viewer));
        let sent = with(viewer, "POST", &format!("{RAG}/reset")).header(name, value);
        assert_eq!(staff.status(body(sent, Body::empty())).await, 403, "{name}");
        let sent = with(None, "GET", RAG).header(name, value);
        assert_eq!(staff.status(body(sent, Body::empty())).await, 401, "{name}");
    }
    // Two tokens are none, in either order.
    let (viewer, admin) = (staff.token(Role::Viewer), staff.token(Role::Admin));
    for (first, second) in [(viewer, admin), (admin, viewer)] {
        let sent = with(Some(first), "POST", &format!("{RAG}/reset"))
            .header(header::AUTHORIZATION, format!("Bearer {second}"));
        assert_eq!(staff.status(body(sent, Body::empty())).await, 401);
    }
    assert_eq!(staff.state(), before);
}

#[tokio::test]
async fn ten_thousand_headers_are_no_trouble() {
    let staff = Staff::new();
    let mut sent = with(Some(staff.token(Role::Viewer)), "GET", RAG);
    for number in 0..10_000 {
        sent = sent.header(format!("x-{number}"), "y".repeat(100));
    }
    for _ in 0..1000 {
        sent = sent
            .header("x-request-id", "same")
            .header(header::ACCEPT, "*/*");
    }
    let answer = staff.desk.send(body(sent, Body::empty())).await;
    answer.ok();
    assert_ne!(
        answer.headers["x-request-id"], "same",
        "several ids are none"
    );
}
