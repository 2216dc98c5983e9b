//! A page of a host's own, open to this machine only.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, StatusCode, header};
use axum::response::Response;
use axum::routing::post;
use fusebox_admin::Problem;
use fusebox_admin::host::{json_body, page, this_machine_only};
use serde_json::Value;
use tower::ServiceExt;

const SCRIPT: &str = "document.title = 'here';";

fn app() -> Router {
    let files = [("own.js", SCRIPT), ("own.css", "body { margin: 0 }")];
    let routes = page("<script src=\"own.js\"></script>", &files);
    let count = async |request: Request<Body>| {
        let numbers: Vec<u8> = json_body(request).await?;
        Ok::<_, Problem>(numbers.len().to_string())
    };
    let routes = routes.route("/count", post(count));
    this_machine_only(routes.route("/act", post(async || "done")))
}

async fn ask(method: Method, path: &str, headers: &[(header::HeaderName, &str)]) -> Response {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    let request = request.body(Body::empty()).expect("a request");
    app().oneshot(request).await.expect("routers answer")
}

async fn text(response: Response) -> String {
    let body = to_bytes(response.into_body(), 65_536).await;
    String::from_utf8(body.expect("a body").to_vec()).expect("text")
}

const HERE: (header::HeaderName, &str) = (header::HOST, "127.0.0.1:9797");

#[tokio::test]
async fn the_page_and_its_files_are_served_as_the_consoles_are() {
    for (path, media_type) in [
        ("/", "text/html; charset=utf-8"),
        ("/own.js", "text/javascript; charset=utf-8"),
        ("/own.css", "text/css; charset=utf-8"),
    ] {
        let answer = ask(Method::GET, path, &[HERE]).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        assert_eq!(answer.headers()[header::CONTENT_TYPE], media_type);
        let policy = &answer.headers()[header::CONTENT_SECURITY_POLICY];
        let policy = policy.to_str().expect("text");
        assert!(policy.starts_with("default-src 'none'; script-src 'self'"));
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.headers()[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        let tag = answer.headers()[header::ETAG].to_str().expect("text");
        let again = [HERE, (header::IF_NONE_MATCH, tag)];
        let again = ask(Method::GET, path, &again).await;
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{path}");
        assert_eq!(text(again).await, "");
    }
    let script = ask(Method::GET, "/own.js", &[HERE]).await;
    assert_eq!(text(script).await, SCRIPT);
}

#[tokio::test]
async fn other_hosts_and_pages_of_other_hosts_are_refused_whatever_they_ask() {
    let origin = |origin| vec![HERE, (header::ORIGIN, origin)];
    for headers in [
        vec![],
        vec![(header::HOST, "arena.example")],
        vec![(header::HOST, "127.0.0.1.example:80")],
        origin("http://arena.example"),
        origin("null"),
        // This machine, but a page that something else serves on it.
        origin("http://127.0.0.1:9798"),
        origin("http://localhost:9797"),
    ] {
        for (method, path) in [(Method::POST, "/act"), (Method::GET, "/")] {
            let answer = ask(method, path, &headers).await;
            assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{headers:?}");
            let problem: Value = serde_json::from_str(&text(answer).await).expect("JSON");
            assert_eq!(problem["type"], "urn:fusebox:forbidden");
        }
    }
    for headers in [vec![HERE], origin("http://127.0.0.1:9797")] {
        let answer = ask(Method::POST, "/act", &headers).await;
        assert_eq!(answer.status(), StatusCode::OK, "{headers:?}");
        let kept = &answer.headers()[header::CACHE_CONTROL];
        assert_eq!(kept, "no-store");
    }
}

#[tokio::test]
async fn what_no_route_takes_is_a_problem_too() {
    for (method, path, status, kind) in [
        (Method::GET, "/none", 404, "urn:fusebox:unknown-path"),
        (Method::GET, "/act", 405, "urn:fusebox:method-not-allowed"),
    ] {
        let answer = ask(method, path, &[HERE]).await;
        assert_eq!(answer.status(), status, "{path}");
        let media_type = &answer.headers()[header::CONTENT_TYPE];
        assert_eq!(media_type, "application/problem+json");
        let problem: Value = serde_json::from_str(&text(answer).await).expect("JSON");
        assert_eq!(problem["type"], kind);
    }
}

#[tokio::test]
async fn a_body_is_json_and_says_so() {
    for (media_type, body, status) in [
        (Some("application/json"), "[1, 2]", 200),
        (Some("Application/JSON; charset=utf-8"), "[1, 2]", 200),
        (Some("application/json"), "[1, 999]", 422),
        (Some("application/json"), "", 422),
        (Some("text/plain"), "[1, 2]", 415),
        (Some("application/x-www-form-urlencoded"), "[1, 2]", 415),
        (Some("application/jsonp"), "[1, 2]", 415),
        (None, "[1, 2]", 415),
    ] {
        let mut request = Request::post("/count").header(HERE.0, HERE.1);
        if let Some(media_type) = media_type {
            request = request.header(header::CONTENT_TYPE, media_type);
        }
        let request = request.body(Body::from(body)).expect("a request");
        let answer = app().oneshot(request).await.expect("routers answer");
        assert_eq!(answer.status(), status, "{media_type:?} {body}");
        let told = text(answer).await;
        assert_eq!(told == "2", status == 200, "{told}");
    }
}
