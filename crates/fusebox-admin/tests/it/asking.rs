//! Two circuits behind the router, and a way to ask it.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{self, HeaderMap, Request, StatusCode, header};
use fusebox::{CircuitBreaker, Definition, FailureClass, ManualClock, Registry, Settings};
use fusebox_admin::{Admin, Readiness};
use serde_json::Value;
use tokio::sync::OnceCell;
use tower::ServiceExt;

use super::conforming;

/// `rag` of priority 1 and `vms` of priority 3; both open after 2 failures, for 10 s.
pub(super) struct Desk {
    pub(super) registry: Registry,
    pub(super) clock: ManualClock,
    pub(super) rag: &'static CircuitBreaker,
    pub(super) vms: &'static CircuitBreaker,
    pub(super) readiness: Readiness,
    pub(super) router: Router,
}

impl Desk {
    pub(super) fn new() -> Self {
        Self::with(|admin| admin)
    }

    /// With something set up in another way.
    pub(super) fn with(set_up: impl FnOnce(Admin) -> Admin) -> Self {
        Self::over(|_, admin| set_up(admin))
    }

    /// The same where the registry is needed for it.
    pub(super) fn over(set_up: impl FnOnce(&Registry, Admin) -> Admin) -> Self {
        let clock = ManualClock::new();
        // Far enough from the origin that instants of the past can be told.
        clock.advance(Duration::from_secs(3600));
        let registry = Registry::builder()
            .clock(clock.clone())
            .service("host")
            .build();
        let add = |name: &str, priority| {
            let definition = Definition::new(name)
                .settings(settings())
                .priority(priority);
            registry.add(definition).expect("a circuit")
        };
        let (rag, vms) = (add("rag", 1), add("vms", 3));
        (0..3).for_each(|_| rag.fell_back("static"));
        let readiness = Readiness::starting();
        let admin = Admin::new(&registry).readiness(readiness.clone());
        let router = set_up(&registry, admin).router();
        Self {
            registry,
            clock,
            rag,
            vms,
            readiness,
            router,
        }
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.send(request("GET", path).body(Body::empty()).expect("a request"))
            .await
    }

    pub(super) async fn delete(&self, path: &str) -> Answer {
        self.send(
            request("DELETE", path)
                .body(Body::empty())
                .expect("a request"),
        )
        .await
    }

    pub(super) async fn post(&self, path: &str, json: &str) -> Answer {
        let request = request("POST", path).header(header::CONTENT_TYPE, "application/json");
        self.send(
            request
                .body(Body::from(json.to_owned()))
                .expect("a request"),
        )
        .await
    }

    /// Sends it as from this machine, unless it says where it comes from.
    pub(super) async fn send(&self, request: Request<Body>) -> Answer {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let answer = answered(self.router.clone(), request).await;
        conforming::check(document().await, &method, &path, &answer);
        answer
    }
}

/// What the interface says of itself; the same for all.
async fn document() -> &'static Value {
    static DOCUMENT: OnceCell<Value> = OnceCell::const_new();
    let read = async || {
        let request = request("GET", "/openapi.json").body(Body::empty());
        let router = fusebox_admin::router(&Registry::new());
        answered(router, request.expect("a request")).await.ok()
    };
    DOCUMENT.get_or_init(read).await
}

async fn answered(router: Router, request: Request<Body>) -> Answer {
    let response = router.oneshot(local(request)).await;
    let (head, body) = response.expect("the router answers").into_parts();
    let bytes = to_bytes(body, 1 << 20).await.expect("a short body");
    let text = String::from_utf8(bytes.to_vec()).expect("text");
    Answer {
        status: head.status,
        headers: head.headers,
        text,
    }
}

/// The request as from this machine, unless it says where it comes from.
pub(super) fn local(mut request: Request<Body>) -> Request<Body> {
    let local = ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 50_000)));
    let extensions = request.extensions_mut();
    if extensions.get::<ConnectInfo<SocketAddr>>().is_none() {
        extensions.insert(local);
    }
    request
}

/// A request as a client on this machine sends it.
pub(super) fn request(method: &str, path: &str) -> http::request::Builder {
    Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, "127.0.0.1:9797")
}

/// The request without a body, as from this peer.
pub(super) fn from(peer: &str, request: http::request::Builder) -> Request<Body> {
    let peer: SocketAddr = peer.parse().expect("an address");
    let request = request.extension(ConnectInfo(peer)).body(Body::empty());
    request.expect("a request")
}

fn settings() -> Settings {
    let settings = Settings::builder()
        .consecutive_failures(2)
        .failure_rate(fusebox::Rate::percent(60.0).expect("a rate"))
        .window(fusebox::WindowSize::Calls(10))
        .minimum_calls(4)
        .open_for(Duration::from_secs(10))
        .jitter(fusebox::Rate::percent(0.0).expect("a rate"));
    settings.build().expect("settings that are right")
}

pub(super) fn fail(breaker: &CircuitBreaker) {
    breaker
        .acquire()
        .expect("a call is admitted")
        .failure(FailureClass::Status);
}

pub(super) fn succeed(breaker: &CircuitBreaker) {
    breaker.acquire().expect("a call is admitted").success();
}

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
}

impl Answer {
    /// The body, where the answer is 200 and JSON.
    pub(super) fn ok(&self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text);
        self.json()
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).expect("JSON")
    }

    pub(super) fn header(&self, name: header::HeaderName) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().expect("text"))
    }

    /// Checks the shape of a problem and gives its detail.
    pub(super) fn problem(&self, status: u16) -> String {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        assert_eq!(
            self.header(header::CONTENT_TYPE),
            "application/problem+json"
        );
        let problem = self.json();
        let keys: Vec<_> = problem.as_object().expect("an object").keys().collect();
        assert_eq!(
            keys[..5],
            ["type", "title", "status", "detail", "request_id"]
        );
        assert_eq!(
            problem["request_id"],
            self.headers["x-request-id"].to_str().expect("text")
        );
        assert_eq!(problem["status"], status);
        assert!(
            problem["type"]
                .as_str()
                .is_some_and(|kind| kind.starts_with("urn:fusebox:"))
        );
        assert!(
            problem["title"]
                .as_str()
                .is_some_and(|title| !title.is_empty())
        );
        problem["detail"].as_str().expect("a text").to_owned()
    }
}

/// Milliseconds of the day, of an RFC 3339 instant as we write it.
pub(super) fn instant(value: &Value) -> i64 {
    let text = value
        .as_str()
        .unwrap_or_else(|| panic!("no instant: {value}"));
    let shape: String = text
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    assert_eq!(shape, "0000-00-00T00:00:00.000Z", "{text}");
    let number = |from: usize, to: usize| text[from..to].parse::<i64>().expect("digits");
    let (hour, minute, second) = (number(11, 13), number(14, 16), number(17, 19));
    assert!(hour < 24 && minute < 60 && second < 60, "{text}");
    ((hour * 60 + minute) * 60 + second) * 1000 + number(20, 23)
}

/// Milliseconds from one instant to another less than half a day apart.
pub(super) fn between(from: &Value, to: &Value) -> i64 {
    const DAY: i64 = 24 * 3600 * 1000;
    (instant(to) - instant(from) + DAY / 2).rem_euclid(DAY) - DAY / 2
}
