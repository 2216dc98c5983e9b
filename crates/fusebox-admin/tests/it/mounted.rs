//! In a service of somebody else: under a prefix, over a socket.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use fusebox::{Definition, Registry};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;

const BOUND: Duration = Duration::from_secs(20);

struct Service {
    registry: Registry,
    address: SocketAddr,
    served: JoinHandle<()>,
}

impl Drop for Service {
    fn drop(&mut self) {
        self.served.abort();
    }
}

/// A service with a route of its own and the admin interface under `/fusebox`.
async fn service() -> Service {
    mounted(|app, admin| app.nest_service("/fusebox", admin)).await
}

async fn mounted(mount: fn(Router, Router) -> Router) -> Service {
    let registry = Registry::new();
    registry.add(Definition::new("rag")).expect("a circuit");
    let app = Router::new().route("/", get(async || "the service's own"));
    let app = mount(app, fusebox_admin::router(&registry));
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let served = tokio::spawn(async move {
        axum::serve(listener, app).await.expect("it serves");
    });
    Service {
        registry,
        address,
        served,
    }
}

impl Service {
    /// Sends a request and reads until the answer has this text in it.
    async fn ask(&self, method: &str, path: &str, body: &str, until: &str) -> String {
        let mut socket = TcpStream::connect(self.address)
            .await
            .expect("a connection");
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        );
        socket.write_all(request.as_bytes()).await.expect("sent");
        let mut answer = String::new();
        let mut bytes = [0; 4096];
        while !answer.contains(until) {
            let read = timeout(BOUND, socket.read(&mut bytes));
            let read = read
                .await
                .unwrap_or_else(|_| panic!("no {until} in {answer}"));
            let read = read.expect("no error");
            assert!(read > 0, "no {until} in {answer}");
            answer.push_str(std::str::from_utf8(&bytes[..read]).expect("text"));
        }
        answer
    }
}

#[tokio::test]
async fn every_route_is_under_the_prefix_and_the_service_s_own_stay() {
    every_route(service().await).await;
    every_route(mounted(|app, admin| app.nest("/fusebox", admin)).await).await;
}

#[tokio::test]
async fn the_page_is_at_the_prefix_with_a_slash_and_without() {
    let service = service().await;
    for (path, told) in [
        ("/fusebox", "\"fusebox/assets/console-"),
        ("/fusebox/", "\"assets/console-"),
    ] {
        let answer = service.ask("GET", path, "", told).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
    }
}

async fn every_route(service: Service) {
    let own = service.ask("GET", "/", "", "the service's own").await;
    assert!(own.starts_with("HTTP/1.1 200"), "{own}");
    for (path, told) in [
        ("/fusebox", "\"fusebox/assets/console-"),
        ("/fusebox/livez", "ok\n"),
        ("/fusebox/readyz", "ready\n"),
        ("/fusebox/health", "\"status\":\"pass\""),
        ("/fusebox/metrics", "circuit_breaker_state"),
        ("/fusebox/openapi.json", "\"servers\":[{\"url\":\".\"}]"),
        ("/fusebox/api/v1/main", "\"state\":\"closed\""),
        ("/fusebox/api/v1/circuit-breakers", "\"next\":null"),
        ("/fusebox/api/v1/circuit-breakers/rag", "\"name\":\"rag\""),
        (
            "/fusebox/api/v1/circuit-breakers/health",
            "\"total_services\":1",
        ),
        ("/fusebox/api/v1/circuit-breakers/stream", "event: snapshot"),
    ] {
        let answer = service.ask("GET", path, "", told).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
    }
}

#[tokio::test]
async fn actions_and_errors_work_there_as_everywhere() {
    let service = service().await;
    let path = "/fusebox/api/v1/circuit-breakers/rag/force-state";
    let opened = service
        .ask("POST", path, r#"{"state": "open"}"#, "\"state\":\"open\"")
        .await;
    assert!(opened.starts_with("HTTP/1.1 200"), "{opened}");
    assert!(
        service
            .registry
            .get("rag")
            .expect("a circuit")
            .acquire()
            .is_err()
    );
    for (method, path, status) in [
        ("GET", "/fusebox/api/v1/circuit-breakers/none", "404"),
        ("GET", "/fusebox/nowhere", "404"),
        ("PATCH", "/fusebox/livez", "405"),
        ("POST", "/fusebox/api/v1/circuit-breakers/rag/hold", "422"),
    ] {
        let answer = service.ask(method, path, "{}", "\"request_id\"").await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{path}: {answer}"
        );
        assert!(
            answer.contains("content-type: application/problem+json\r\n"),
            "{answer}"
        );
    }
}
