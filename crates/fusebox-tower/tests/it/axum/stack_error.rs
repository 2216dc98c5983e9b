//! A whole stack around handlers, whose errors are answers.

use super::{get, header, json};
use crate::stand::{Handle, SECOND, circuit, counts};
use axum::Router;
use axum::body::Body;
use axum::error_handling::HandleErrorLayer;
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse;
use axum::routing::get as on_get;
use fusebox::{Author, State};
use fusebox_tower::stack::{Retry, Stack, StackError};
use serde_json::{Value, json};
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tower::ServiceExt;

/// A router with a page that fails, one that hangs and one that works, behind a stack.
async fn ask(circuit: &Handle, places: usize, path: &str) -> Response<Body> {
    let stack = Stack::new(circuit.clone())
        .timeout(SECOND)
        .concurrency_limit(places);
    let answer = |error: StackError<Infallible>| async move { error };
    let hanging = || std::future::pending::<&'static str>();
    let router = Router::new()
        .route("/hanging", on_get(hanging))
        .route("/works", on_get(|| async { "done" }))
        .layer((HandleErrorLayer::new(answer), stack));
    router.oneshot(get(path)).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn what_a_stack_fails_with_is_answered_in_the_gateways_shapes() {
    let (_, circuit) = circuit(|builder| builder);
    let late = ask(&circuit, 1, "/hanging").await;
    assert_eq!(late.status(), 504);
    assert_eq!(header(&late, "fusebox-reason"), Some("timeout"));
    let expected = json!({
        "type": "urn:fusebox:timeout",
        "title": "The upstream did not answer in time",
        "status": 504,
        "detail": "no answer came in time",
        "reason": "timeout",
        "retry_after": null,
    });
    assert_eq!(json(late).await, expected);
    assert_eq!(counts(&circuit), (0, 1, 0));

    let refused = ask(&circuit, 0, "/works").await;
    assert_eq!(refused.status(), 503);
    let media_type = Some("application/problem+json");
    assert_eq!(header(&refused, "content-type"), media_type);
    assert_eq!(header(&refused, "fusebox-reason"), Some("limited"));
    assert_eq!(header(&refused, "retry-after"), None);
    let body = json(refused).await;
    assert_eq!(body["type"], "urn:fusebox:limited");
    assert_eq!(body["status"], 503);
    assert_eq!(body["retry_after"], Value::Null);

    circuit
        .transition(State::Open, &Author::new("test"))
        .unwrap();
    let rejected = ask(&circuit, 1, "/works").await;
    assert_eq!(rejected.status(), 503);
    assert_eq!(header(&rejected, "fusebox-reason"), Some("open"));
    assert_eq!(header(&rejected, "retry-after"), Some("10"));
    assert_eq!(json(rejected).await["type"], "urn:fusebox:rejected");
}

#[tokio::test]
async fn an_inner_error_answers_for_itself() {
    let inner = StackError::Inner((StatusCode::IM_A_TEAPOT, "short and stout"));
    assert_eq!(inner.into_response().status(), 418);
}

#[tokio::test]
async fn a_page_of_a_router_is_asked_again() {
    let (_, circuit) = circuit(|builder| builder);
    let asked = Arc::new(AtomicU32::new(0));
    let seen = Arc::clone(&asked);
    let page = move || async move {
        match seen.fetch_add(1, Ordering::SeqCst) {
            0 => Err(StatusCode::BAD_GATEWAY),
            _ => Ok("done"),
        }
    };
    let wait = Duration::from_millis(1);
    let retry = Retry::default().backoff(wait, wait).bodiless();
    let answer = |error: StackError<Infallible>| async move { error };
    let layers = (
        HandleErrorLayer::new(answer),
        Stack::new(circuit).retry(retry),
    );
    let router: Router = Router::new().route("/", on_get(page)).layer(layers);
    assert_eq!(router.oneshot(get("/")).await.unwrap().status(), 200);
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}
