//! Pages of strangers in a browser on this machine.

use axum::body::Body;
use axum::http::{Request, header};
use fusebox_admin::Role;

use super::Staff;
use crate::asking::Desk;

const LIST: &str = "/api/v1/circuit-breakers";

fn asked(uri: &str, hosts: &[&str], origins: &[&str]) -> Request<Body> {
    let mut sent = Request::builder().uri(uri);
    for host in hosts {
        sent = sent.header(header::HOST, *host);
    }
    for origin in origins {
        sent = sent.header(header::ORIGIN, *origin);
    }
    sent.body(Body::empty()).expect("a request")
}

#[tokio::test]
async fn a_name_of_a_stranger_in_host_is_refused_where_no_token_is_needed() {
    let desk = Desk::new();
    for hosts in [
        &["evil.example"][..],
        &["evil.example:9797"],
        &["localhost.evil.example"],
        &["127.0.0.1.evil.example"],
        &["127.0.0.1.nip.io"],
        &["localhost."],
        &["evil.example#localhost"],
        &["localhost@evil.example"],
        &["evil.example@localhost"],
        &["localhost:80@evil.example"],
        &["localhost, evil.example"],
        &["0.0.0.0"],
        &["0x7f.0.0.1"],
        &["2130706433"],
        &["127.1"],
        &["[::]"],
        &["[::ffff:10.0.0.1]"],
        &["[fe80::1%25lo]"],
        &["192.168.1.1"],
        &[""],
        &[],
        &["localhost", "evil.example"],
        &["localhost", "localhost"],
    ] {
        desk.send(asked(LIST, hosts, &[])).await.problem(403);
    }
    let elsewhere = asked("http://evil.example/api/v1/main", &["localhost"], &[]);
    desk.send(elsewhere).await.problem(403);
    for name in ["x-forwarded-host", "x-host", "x-original-host"] {
        let mut sent = asked(LIST, &["evil.example"], &[]);
        let value = header::HeaderValue::from_static("localhost");
        sent.headers_mut().insert(name, value);
        desk.send(sent).await.problem(403);
    }
}

/// A kubelet names the pod by an address that the process does not know.
#[tokio::test]
async fn a_probe_may_come_by_any_name_and_nothing_else_gets_in_by_its_path() {
    let desk = Desk::new();
    desk.readiness.set_ready();
    for probe in ["/livez", "/readyz", "/readyz?verbose"] {
        for host in [&["10.42.0.7:9797"][..], &["evil.example"], &[]] {
            let answer = desk.send(asked(probe, host, &[])).await;
            assert_eq!(answer.status, 200, "{probe} {host:?}");
            let text = answer.text;
            assert!(!text.contains("rag"), "{probe} names a circuit: {text}");
        }
    }
    for path in [
        "/",
        "/health",
        "/metrics",
        "/openapi.json",
        "/livez/",
        "/livez/..",
        "/livez/../metrics",
        "//livez",
        "/LIVEZ",
        "/livez%2f..%2fmetrics",
        "/%6civez",
        "/api/v1/livez",
        "/metrics?/livez",
        "/metrics#/livez",
        "/assets/livez",
        LIST,
    ] {
        for host in ["10.42.0.7:9797", "evil.example"] {
            let answer = desk.send(asked(path, &[host], &[])).await;
            assert_eq!(answer.status, 403, "{path} by {host}");
        }
    }
    let mut acts = asked("/livez", &["evil.example"], &[]);
    *acts.method_mut() = axum::http::Method::POST;
    assert_eq!(desk.send(acts).await.status, 405);
}

#[tokio::test]
async fn a_page_of_a_stranger_is_refused_where_no_token_is_needed() {
    let desk = Desk::new();
    for origins in [
        &["http://evil.example"][..],
        &["https://localhost.evil.example"],
        &["http://localhost@evil.example"],
        &["null"],
        &[""],
        &["file://"],
        &["chrome-extension://abcdef"],
        &["http://"],
        &["http:///localhost"],
        &["http://localhost/"],
        &["HTTP://localhost"],
        &["http://localhost", "http://evil.example"],
        &["http://localhost http://evil.example"],
    ] {
        let answer = desk.send(asked(LIST, &["localhost"], origins)).await;
        assert_eq!(answer.status, 403, "{origins:?}");
    }
}

#[tokio::test]
async fn with_tokens_the_host_is_free_and_the_page_has_to_be_its_own() {
    let staff = Staff::new();
    for (hosts, origins, expected) in [
        (&["fuse.example"][..], &[][..], 200),
        (&["fuse.example:9797"], &["http://fuse.example:9797"], 200),
        (&["10.0.0.7"], &["https://10.0.0.7"], 200),
        (&[], &[], 200),
        (&["fuse.example"], &["http://evil.example"], 403),
        (&["fuse.example"], &["http://localhost"], 403),
        (&["fuse.example"], &["null"], 403),
        (
            &["fuse.example"],
            &["https://fuse.example", "http://evil.example"],
            403,
        ),
        (
            &["fuse.example", "evil.example"],
            &["http://evil.example"],
            403,
        ),
        (&[], &["http://evil.example"], 403),
    ] {
        let mut sent = asked(LIST, hosts, origins);
        let bearer = format!("Bearer {}", staff.token(Role::Viewer));
        let bearer = bearer.parse().expect("a header");
        sent.headers_mut().insert(header::AUTHORIZATION, bearer);
        let answer = staff.desk.send(sent).await;
        assert_eq!(answer.status, expected, "{hosts:?} {origins:?}");
    }
}

#[tokio::test]
async fn no_page_is_ever_told_that_it_may() {
    let desk = Desk::new();
    for origin in ["http://localhost:3000", "http://evil.example"] {
        for method in ["GET", "OPTIONS"] {
            let mut sent = asked(LIST, &["localhost"], &[origin]);
            *sent.method_mut() = method.parse().expect("a method");
            let answer = desk.send(sent).await;
            let told = answer
                .headers
                .keys()
                .any(|name| name.as_str().starts_with("access-control"));
            assert!(!told, "{method} {origin}");
        }
    }
}
