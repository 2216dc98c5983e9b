//! Paths that mean one thing to a check and another to a route.

use axum::body::Body;
use fusebox_admin::Role;

use super::Staff;
use super::staff::{body, with};

#[tokio::test]
async fn nothing_but_the_probes_is_open_to_who_has_no_token() {
    let staff = Staff::new();
    for path in [
        "/livez/",
        "//livez",
        "/livez//",
        "/./livez",
        "/livez/../metrics",
        "/livez/..%2fmetrics",
        "/livez%2f..%2fmetrics",
        "/livez%2Fmetrics",
        "/livez;/metrics",
        "/livez%00",
        "/livez%20",
        "/livez%3F",
        "/%6civez",
        "/%256civez",
        "/LIVEZ",
        "/livez.json",
        "/metrics",
        "/metrics?/livez",
        "/metrics#/livez",
        "/metrics/..%2flivez",
        "/metrics/../livez",
        "/api/v1/circuit-breakers/livez",
        "/api/v1/circuit-breakers/..%2f..%2f..%2flivez",
    ] {
        let sent = body(with(None, "GET", path), Body::empty());
        assert_eq!(staff.status(sent).await, 401, "{path}");
    }
    let sent = body(with(None, "GET", "/livez?/metrics"), Body::empty());
    assert_eq!(staff.desk.send(sent).await.text, "ok\n");
}

#[tokio::test]
async fn a_token_for_some_circuits_reaches_no_other_by_any_spelling() {
    let staff = Staff::new();
    let before = staff.state();
    let token = Some(staff.limited(Role::Admin));
    for name in [
        "vms",
        "%76ms",
        "%76%6d%73",
        "VMS",
        "vms%00",
        "vms%20",
        "vms;rag",
        "..%2fvms",
        "rag%2f..%2fvms",
        "rag%2F..%2Fvms",
        "rag%252f..%252fvms",
        "rag%5c..%5cvms",
        "rag%00vms",
        "rag%0avms",
        "rag/../vms",
        "./vms",
        "rag//vms",
    ] {
        let path = format!("/api/v1/circuit-breakers/{name}/reset");
        let sent = body(with(token, "POST", &path), Body::empty());
        let status = staff.status(sent).await.as_u16();
        assert!([403, 404].contains(&status), "{name}: {status}");
    }
    assert_eq!(staff.state(), before);
}

#[tokio::test]
async fn a_slash_inside_a_name_makes_no_route() {
    let staff = Staff::new();
    let before = staff.state();
    let token = Some(staff.token(Role::Admin));
    for path in [
        "/api/v1/circuit-breakers/rag%2freset",
        "/api/v1/circuit-breakers/rag%2Fhold",
        "/api/v1%2fcircuit-breakers/rag/reset",
        "/api%2fv1%2fmain",
        "/api/v1/circuit-breakers/rag/reset%00",
        "/api/v1/circuit-breakers/rag/reset/",
        "/api/v1/circuit-breakers/rag/reset%2f..",
        "/api/v1/circuit-breakers/rag/./reset",
        "/api/v1/circuit-breakers/vms/../rag/reset",
        "/api/v2/../v1/circuit-breakers/rag/reset",
    ] {
        let sent = body(with(token, "POST", path), Body::empty());
        let status = staff.status(sent).await.as_u16();
        assert!([404, 405].contains(&status), "{path}: {status}");
    }
    assert_eq!(staff.state(), before);
}
