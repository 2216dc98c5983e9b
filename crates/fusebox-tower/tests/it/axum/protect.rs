//! A breaker around the handlers of a router.

use super::{get, header, json};
use crate::stand::{Broken, circuit, counts, half_open, streamed, totals};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use axum::routing::get as on_get;
use bytes::Bytes;
use fusebox::{BranchSettings, FailureClass, Outcome, State};
use fusebox_tower::axum::{Rejected, protect};
use fusebox_tower::{ByKey, Classify};
use http::response::Parts;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use tower::ServiceExt;

#[tokio::test]
async fn failing_handlers_open_the_circuit_and_then_are_not_called() {
    let (_, circuit) = circuit(|builder| builder);
    let called = Arc::new(AtomicU32::new(0));
    let seen = Arc::clone(&called);
    let handler = move || async move {
        seen.fetch_add(1, Ordering::SeqCst);
        StatusCode::INTERNAL_SERVER_ERROR
    };
    let router: Router = Router::new()
        .route("/", on_get(handler))
        .layer(protect(circuit.clone()));
    for _ in 0..3 {
        let answer = router.clone().oneshot(get("/")).await.unwrap();
        assert_eq!(answer.status(), 500);
    }
    let answer = router.oneshot(get("/")).await.unwrap();
    assert_eq!(answer.status(), 503);
    assert_eq!(header(&answer, "retry-after"), Some("10"));
    assert_eq!(header(&answer, "fusebox-circuit"), Some("upstream"));
    let body = json(answer).await;
    assert_eq!(body["circuit"], "upstream");
    assert_eq!(body["state"], "open");
    assert_eq!(called.load(Ordering::SeqCst), 3);
    assert_eq!(totals(&circuit).rejected_total(), 1);
}

#[tokio::test]
async fn answers_pass_untouched_and_are_successes_at_the_end_of_their_bodies() {
    let (_, circuit) = circuit(|builder| builder);
    let handler = || async { ([("x-kind", "greeting")], "hello") };
    let router: Router = Router::new().route("/", on_get(handler).layer(protect(circuit.clone())));
    let answer = router.oneshot(get("/")).await.unwrap();
    assert_eq!(header(&answer, "x-kind"), Some("greeting"));
    assert_eq!(counts(&circuit), (0, 0, 0));
    let body = to_bytes(answer.into_body(), 100).await.unwrap();
    assert_eq!(body, "hello");
    assert_eq!(counts(&circuit), (1, 0, 0));
}

#[tokio::test]
async fn a_body_that_breaks_off_is_a_failure() {
    let (_, circuit) = circuit(|builder| builder);
    let handler = || async {
        let (mut sender, response) = streamed();
        sender.send_data(Bytes::from("half")).await.unwrap();
        sender.abort(Broken);
        response.map(Body::new)
    };
    let router: Router = Router::new()
        .route("/", on_get(handler))
        .layer(protect(circuit.clone()));
    let answer = router.oneshot(get("/")).await.unwrap();
    assert!(to_bytes(answer.into_body(), 100).await.is_err());
    assert_eq!(counts(&circuit), (0, 1, 0));
}

#[tokio::test]
async fn a_client_that_goes_away_gives_its_trial_place_back_and_is_ignored() {
    let (_, circuit) = half_open(|builder| builder);
    let router: Router = Router::new()
        .route("/", on_get(pending::<&'static str>))
        .layer(protect(circuit.clone()));
    let mut call = Box::pin(router.oneshot(get("/")));
    assert!(crate::stand::poll_once(&mut call).is_pending());
    assert_eq!(circuit.snapshot().in_flight, 1);
    drop(call);
    assert_eq!(circuit.snapshot().in_flight, 0);
    assert_eq!(counts(&circuit), (0, 0, 1));
}

#[tokio::test]
async fn an_answer_that_the_server_drops_unread_is_a_client_that_went_away() {
    let (_, circuit) = circuit(|builder| builder);
    let router: Router = Router::new()
        .route("/", on_get(|| async { "done" }))
        .layer(protect(circuit.clone()));
    let answer = router.oneshot(get("/")).await.unwrap();
    assert_eq!(answer.status(), 200);
    drop(answer);
    assert_eq!(counts(&circuit), (0, 0, 1));
}

#[tokio::test]
async fn a_handler_that_tells_of_its_own_circuit_does_not_open_this_one() {
    let (_, rag) = circuit(|builder| builder);
    rag.transition(State::Open, &fusebox::Author::new("test"))
        .unwrap();
    let (_, outer) = circuit(|builder| builder.consecutive_failures(1));
    let handler = move || async move {
        let rejection = rag.acquire().unwrap_err();
        Err::<(), _>(Rejected::of(&rag, rejection))
    };
    let router: Router = Router::new()
        .route("/", on_get(handler))
        .layer(protect(outer.clone()));
    for _ in 0..3 {
        let answer = router.clone().oneshot(get("/")).await.unwrap();
        assert_eq!(answer.status(), 503);
    }
    assert_eq!(counts(&outer), (0, 0, 3));
    assert_eq!(outer.state(), State::Closed);
}

#[derive(Clone)]
struct NotFoundIsFailure;

impl<E, F> Classify<E, F> for NotFoundIsFailure {
    fn head(&self, head: &Parts) -> Outcome {
        match head.status {
            StatusCode::NOT_FOUND => Outcome::Failure(FailureClass::Status),
            _ => Outcome::Success,
        }
    }
}

#[tokio::test]
async fn another_classifier_judges_in_its_own_way_and_at_the_head_if_told_so() {
    let (_, circuit) = circuit(|builder| builder);
    let layer = protect(circuit.clone())
        .classify(NotFoundIsFailure)
        .settle_after(std::time::Duration::ZERO);
    let router: Router = Router::new()
        .route("/", on_get(|| async { StatusCode::BAD_GATEWAY }))
        .fallback(|| async { (StatusCode::NOT_FOUND, "nothing here") })
        .layer(layer);
    router.clone().oneshot(get("/")).await.unwrap();
    assert_eq!(counts(&circuit), (1, 0, 0));
    router.oneshot(get("/nothing")).await.unwrap();
    assert_eq!(counts(&circuit), (1, 1, 0));
}

#[tokio::test]
async fn a_keyed_circuit_rejects_one_tenant_and_says_so_while_it_is_closed_itself() {
    let (_, circuit) = circuit(|builder| builder.branches(BranchSettings::default()));
    let by_path = ByKey::new(circuit.clone(), |request: &Request<Body>| {
        Some(request.uri().path().into())
    });
    let router: Router = Router::new()
        .route("/well", on_get(|| async { StatusCode::OK }))
        .route("/sick", on_get(|| async { StatusCode::BAD_GATEWAY }))
        .layer(protect(by_path));
    for _ in 0..3 {
        router.clone().oneshot(get("/well")).await.unwrap();
        router.clone().oneshot(get("/sick")).await.unwrap();
    }
    let sick = router.clone().oneshot(get("/sick")).await.unwrap();
    assert_eq!(sick.status(), 503);
    assert_eq!(header(&sick, "fusebox-circuit"), Some("upstream"));
    assert_eq!(json(sick).await["state"], "open");
    assert_eq!(circuit.state(), State::Closed);
    let well = router.oneshot(get("/well")).await.unwrap();
    assert_eq!(well.status(), 200);
}

#[tokio::test]
async fn a_handle_for_the_life_of_the_process_protects_too() {
    let (_, circuit) = circuit(|builder| builder.consecutive_failures(1));
    let circuit: &'static fusebox::CircuitBreaker = Box::leak(Box::new(circuit));
    let router: Router = Router::new()
        .route("/", on_get(|| async { StatusCode::SERVICE_UNAVAILABLE }))
        .layer(protect(circuit));
    router.clone().oneshot(get("/")).await.unwrap();
    let answer = router.oneshot(get("/")).await.unwrap();
    assert_eq!(header(&answer, "fusebox-reason"), Some("open"));
}

#[tokio::test]
async fn what_a_service_of_its_own_fails_with_stays_its_error() {
    use tower::{Layer, service_fn};
    let (_, circuit) = circuit(|builder| builder);
    let service = service_fn(|_: Request<Body>| async { Err::<http::Response<Body>, _>(Broken) });
    let service = protect(circuit.clone()).layer(service);
    let answer = service.oneshot(get("/")).await;
    assert_eq!(answer.map(|_| ()), Err(Broken));
    assert_eq!(counts(&circuit), (0, 1, 0));
}

#[tokio::test]
async fn a_head_request_that_a_get_handler_answers_is_a_success() {
    let (_, circuit) = half_open(|builder| builder);
    let router: Router = Router::new()
        .route("/", on_get(|| async { "done" }))
        .layer(protect(circuit.clone()));
    let request = Request::head("/").body(Body::empty()).unwrap();
    let answer = router.oneshot(request).await.unwrap();
    assert_eq!(answer.status(), 200);
    drop(answer);
    assert_eq!(counts(&circuit), (1, 0, 0));
    assert_eq!(circuit.state(), State::Closed);
}
