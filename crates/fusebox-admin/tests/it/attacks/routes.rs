//! Every route by every role with every kind of bad input.

use axum::body::Body;
use axum::http::StatusCode;
use fusebox_admin::Role::{self, Admin, Operator, Viewer};

use super::Staff;
use super::staff::{body, with};
use crate::asking::Desk;

/// What a token for some circuits may do with a route.
#[derive(Clone, Copy, Debug, PartialEq)]
enum For {
    /// Its own circuits.
    Named,
    /// Nothing: the route concerns all circuits.
    Nobody,
    /// What it tells of the token's circuits.
    Anyone,
    /// What the query or the body names, once it is read.
    Found,
}
use For::{Anyone, Found, Named, Nobody};

const C: &str = "/api/v1/circuit-breakers";

/// Method, path below `C` or whole, the least role, what limited tokens may. A route that the
/// document has and this table has not fails the test.
const TABLE: &[(&str, &str, Option<Role>, For)] = &[
    ("GET", "/", None, Anyone),
    ("GET", "/assets/{file}", None, Anyone),
    ("GET", "/livez", None, Anyone),
    ("GET", "/readyz", None, Anyone),
    ("GET", "/health", Some(Viewer), Anyone),
    ("GET", "/metrics", Some(Viewer), Nobody),
    ("GET", "/openapi.json", Some(Viewer), Anyone),
    ("GET", "/api/v1/me", Some(Viewer), Anyone),
    ("GET", "/api/v1/activity", Some(Viewer), Anyone),
    ("GET", "C/{name}/activity", Some(Viewer), Named),
    ("GET", "/api/v1/main", Some(Viewer), Anyone),
    ("POST", "/api/v1/main", Some(Operator), Nobody),
    ("GET", "/api/v1/audit", Some(Admin), Nobody),
    ("GET", "/api/v1/audit/verify", Some(Admin), Nobody),
    ("GET", "/api/v1/queues", Some(Viewer), Anyone),
    ("GET", "/api/v1/queues/{queue}", Some(Viewer), Named),
    (
        "GET",
        "/api/v1/queues/{queue}/messages",
        Some(Viewer),
        Named,
    ),
    ("GET", "/api/v1/queues/{queue}/pauses", Some(Viewer), Named),
    (
        "POST",
        "/api/v1/queues/{queue}/pause",
        Some(Operator),
        Named,
    ),
    (
        "POST",
        "/api/v1/queues/{queue}/resume",
        Some(Operator),
        Named,
    ),
    ("GET", "/api/v1/messages/{id}", Some(Viewer), Anyone),
    ("GET", "/api/v1/dead-letters", Some(Viewer), Found),
    ("GET", "/api/v1/dead-letters/{id}", Some(Viewer), Anyone),
    ("POST", "/api/v1/dead-letters/retry", Some(Operator), Found),
    (
        "POST",
        "/api/v1/dead-letters/discard",
        Some(Operator),
        Found,
    ),
    (
        "POST",
        "/api/v1/dead-letters/{id}/retry",
        Some(Operator),
        Anyone,
    ),
    (
        "POST",
        "/api/v1/dead-letters/{id}/discard",
        Some(Operator),
        Anyone,
    ),
    ("GET", "C", Some(Viewer), Anyone),
    ("GET", "C/health", Some(Viewer), Anyone),
    ("GET", "C/stream", Some(Viewer), Anyone),
    ("GET", "C/{name}", Some(Viewer), Named),
    ("GET", "C/{name}/events", Some(Viewer), Named),
    ("GET", "/api/v1/events", Some(Viewer), Anyone),
    ("GET", "/api/v1/events/{id}", Some(Viewer), Anyone),
    ("GET", "/api/v1/events/{id}/replay", Some(Viewer), Anyone),
    ("POST", "C/{name}/dry-run", Some(Viewer), Named),
    ("GET", "C/{name}/override", Some(Viewer), Named),
    ("PUT", "C/{name}/override", Some(Admin), Named),
    ("DELETE", "C/{name}/override", Some(Admin), Named),
    ("POST", "C/{name}/force-state", Some(Operator), Named),
    ("POST", "C/{name}/hold", Some(Operator), Named),
    ("DELETE", "C/{name}/hold", Some(Operator), Named),
    ("POST", "C/{name}/reset", Some(Operator), Named),
    ("GET", "C/{name}/branches", Some(Viewer), Named),
    ("GET", "C/{name}/branches/{key}", Some(Viewer), Named),
    (
        "POST",
        "C/{name}/branches/{key}/force-state",
        Some(Operator),
        Named,
    ),
    (
        "POST",
        "C/{name}/branches/{key}/hold",
        Some(Operator),
        Named,
    ),
    (
        "DELETE",
        "C/{name}/branches/{key}/hold",
        Some(Operator),
        Named,
    ),
    (
        "POST",
        "C/{name}/branches/{key}/reset",
        Some(Operator),
        Named,
    ),
];

/// A route as the document has it, with its row.
struct Route {
    method: String,
    path: String,
    least: Option<Role>,
    limited: For,
}

impl Route {
    fn acts_on_pauses(&self) -> bool {
        ["/queues/{queue}/pause", "/queues/{queue}/resume"].map(|end| self.path.ends_with(end))
            != [false; 2]
    }

    /// The path with this in place of the circuit's name.
    fn at(&self, circuit: &str) -> String {
        let path = self.path.replace("{name}", circuit);
        let path = path.replace("{key}", "pos-7").replace("{id}", "1");
        let path = path.replace("{queue}", circuit);
        path.replace("{file}", "x.js")
    }

    fn is_open_to(&self, role: Option<Role>) -> bool {
        self.least.is_none() || self.least <= role
    }
}

/// All routes that there are.
async fn routes() -> Vec<Route> {
    let document = Desk::new().get("/openapi.json").await.ok();
    let mut routes = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for method in ["GET", "PUT", "POST", "DELETE", "PATCH"] {
            if item.get(method.to_lowercase()).is_none() {
                continue;
            }
            let row = TABLE
                .iter()
                .find(|row| row.0 == method && row.1.replace('C', C) == *path);
            let row = row.unwrap_or_else(|| panic!("say in TABLE who may {method} {path}"));
            routes.push(Route {
                method: method.to_owned(),
                path: path.clone(),
                least: row.2,
                limited: row.3,
            });
        }
    }
    assert!(routes.len() >= 20, "the document has the routes");
    routes
}

/// Nobody, and everybody with a token: who it is, the token, the role, whether it is limited.
fn callers(staff: &Staff) -> Vec<(Option<&str>, Option<Role>, bool)> {
    let mut callers = vec![(None, None, false)];
    for role in Role::ALL {
        callers.push((Some(staff.token(role)), Some(role), false));
        callers.push((Some(staff.limited(role)), Some(role), true));
    }
    callers
}

const BODIES: [&[u8]; 12] = [
    b"",
    b"{",
    b"[]",
    b"null",
    b"0",
    b"\"\"",
    b"\"ajar\"",
    b"\0",
    b"\xff\xfe",
    br#"{"state": {"state": "open"}, "kind": [], "settings": 7}"#,
    br#"{"reason": "x", "role": "admin", "__proto__": {}}"#,
    br#"{"state": "open", "kind": "forced_open", "reason": "x", "extra": 1}"#,
];

const QUERIES: [&str; 9] = [
    "limit=0",
    "limit=-1",
    "limit=99999999999999999999",
    "cursor=%00",
    "cursor=%ff",
    "max=1e9",
    "a=%zz",
    "role=admin&token=x",
    "%",
];

#[tokio::test]
async fn who_may_not_is_told_so_whatever_is_sent_and_changes_nothing() {
    let staff = Staff::new();
    let before = staff.state();
    for route in routes().await {
        for (token, role, is_limited) in callers(&staff) {
            let circuit = if is_limited { "vms" } else { "rag" };
            let of_some = matches!(route.limited, Named | Nobody);
            let limits = is_limited && of_some && route.least.is_some();
            if route.is_open_to(role) && !limits {
                continue;
            }
            let expected = if token.is_none() { 401 } else { 403 };
            let path = route.at(circuit);
            for bytes in BODIES {
                let sent = body(with(token, &route.method, &path), bytes);
                let status = staff.status(sent).await;
                assert_eq!(
                    status, expected,
                    "{role:?} {} {path} {bytes:?}",
                    route.method
                );
            }
            for query in QUERIES {
                let path = format!("{path}?{query}");
                let sent = body(with(token, &route.method, &path), Body::empty());
                let status = staff.status(sent).await;
                assert_eq!(status, expected, "{role:?} {} {path}", route.method);
            }
        }
    }
    assert_eq!(staff.state(), before);
}

#[tokio::test]
async fn who_may_is_never_told_otherwise_and_bad_input_is_the_sender_s_fault() {
    let staff = Staff::new();
    for route in routes().await {
        for (token, role, is_limited) in callers(&staff) {
            let limits = is_limited && route.limited == Nobody;
            if !route.is_open_to(role) || limits {
                continue;
            }
            let path = route.at("rag");
            for bytes in BODIES {
                let sent = body(with(token, &route.method, &path), bytes);
                served(&staff, &route, sent).await;
            }
            for query in QUERIES {
                let path = format!("{path}?{query}");
                let sent = body(with(token, &route.method, &path), Body::empty());
                served(&staff, &route, sent).await;
            }
        }
    }
}

async fn served(staff: &Staff, route: &Route, sent: axum::http::Request<Body>) {
    let what = format!("{} {}", sent.method(), sent.uri());
    let status = staff.status(sent).await;
    let is_refused = [401, 403, 429].contains(&status.as_u16());
    let not_ready = route.path == "/readyz" && status == StatusCode::SERVICE_UNAVAILABLE;
    assert!(
        !is_refused && (!status.is_server_error() || not_ready),
        "{what}: {status}"
    );
}

#[tokio::test]
async fn wrong_bodies_change_nothing_whoever_sends_them() {
    let staff = Staff::new();
    let admin = Some(staff.token(Admin));
    let before = staff.state();
    for route in routes().await {
        if route.method == "GET" {
            continue;
        }
        // An empty body is right where only a reason could be given.
        for bytes in BODIES.into_iter().filter(|bytes| !bytes.is_empty()) {
            let sent = body(with(admin, &route.method, &route.at("rag")), bytes);
            let status = staff.status(sent).await;
            let what = format!("{} {} {bytes:?}: {status}", route.method, route.path);
            assert!(status.is_client_error(), "{what}");
        }
    }
    assert_eq!(staff.state(), before);
}

#[tokio::test]
async fn names_that_no_circuit_has_are_404_for_who_sees_all() {
    let staff = Staff::new();
    let long = "x".repeat(5000);
    for route in routes().await.iter().filter(|route| route.limited == Named) {
        for name in [
            "none", "RAG", "%ff", "%00", "%0d%0aX", "r%2Fag", "*", "ra*", &long,
        ] {
            let token = Some(staff.token(Admin));
            let sent = body(with(token, &route.method, &route.at(name)), "{}");
            // Every queue, here: it is there, and lacks a reason or was never paused.
            let is_all = name == "*" && route.acts_on_pauses();
            let unknown = if is_all { [409, 422] } else { [404, 404] };
            let status = staff.status(sent).await.as_u16();
            assert!(unknown.contains(&status), "{} {name}: {status}", route.path);
            let token = Some(staff.limited(Admin));
            let sent = body(with(token, &route.method, &route.at(name)), "{}");
            let status = staff.status(sent).await;
            // A name that would be one of the token's is looked up; others are not.
            let is_own = name.starts_with("ra") || name == "*" && "*".starts_with("ra");
            assert_eq!(
                status,
                if is_own { 404 } else { 403 },
                "{} {name}",
                route.path
            );
        }
    }
}
