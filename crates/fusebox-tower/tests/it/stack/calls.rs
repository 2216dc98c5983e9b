//! Calls through the whole stack: passed on, cancelled at every point, panicking.

use super::{Does, FAILING, GOOD, Upstream, get, stack, status};
use crate::paused::pass;
use crate::stand::{Broken, SECOND, counts, poll_once, totals};
use fusebox::State;
use fusebox_tower::limit::LimitLayer;
use fusebox_tower::stack::{FixedResponse, Retry, StackError};
use http::{Request, Response};
use http_body_util::BodyExt;
use std::error::Error;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use tower::{Layer, Service};

#[tokio::test(start_paused = true)]
async fn a_stack_of_nothing_but_the_breaker_passes_answers_and_errors_on() {
    let (circuit, stack) = stack();
    let upstream = Upstream::new([GOOD, FAILING, Does::Break]);
    let answer = get(&stack, &upstream).await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.into_body().collect().await.unwrap();
    assert_eq!(status(get(&stack, &upstream).await), Ok(500));
    assert_eq!(
        status(get(&stack, &upstream).await),
        Err(StackError::Inner(Broken))
    );
    assert_eq!(counts(&circuit), (1, 2, 0));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_breaks_is_a_failure_and_not_tried_again() {
    let (circuit, stack) = stack();
    let stack = stack.retry(Retry::default());
    let upstream = Upstream::new([Does::Stream]);
    let body = get(&stack, &upstream).await.unwrap().into_body();
    upstream.abort_streams();
    assert!(body.collect().await.is_err());
    assert_eq!((upstream.count(), counts(&circuit)), (1, (0, 1, 0)));
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_call_gives_everything_back_wherever_it_stood() {
    // In flight, between two attempts, and with a body in hand.
    for does in [Does::Hang, FAILING, Does::Stream] {
        let (circuit, stack) = stack();
        let limit = LimitLayer::new(1);
        let stack = stack
            .limit(limit.clone())
            .timeout(60 * SECOND)
            .retry(Retry::default().backoff(SECOND, SECOND))
            .fallback(FixedResponse::new(Response::new(bytes::Bytes::new())));
        circuit
            .transition(State::HalfOpen, &fusebox::Author::new("test"))
            .unwrap();
        let failing = matches!(does, Does::Answer(_));
        let mut service = stack.layer(Upstream::new([does]));
        let mut call = service.call(Request::new(()));
        let polled = poll_once(&mut call);
        drop(polled);
        drop(call);
        assert_eq!(limit.in_flight(), 0);
        assert_eq!(circuit.snapshot().in_flight, 0);
        if !failing {
            assert_eq!(circuit.state(), State::HalfOpen);
            assert_eq!(counts(&circuit), (0, 0, 1));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_was_never_polled_took_nothing() {
    let (circuit, stack) = stack();
    let upstream = Upstream::new([GOOD]);
    drop(stack.layer(upstream.clone()).call(Request::new(())));
    assert_eq!((upstream.count(), totals(&circuit).abandoned), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_a_failure_and_gives_the_place_back() {
    let (circuit, stack) = stack();
    let limit = LimitLayer::new(1);
    let stack = stack.limit(limit.clone()).retry(Retry::default());
    for n in 1..=3 {
        let mut call = stack
            .layer(Upstream::new([Does::Panic]))
            .call(Request::new(()));
        let caught = catch_unwind(AssertUnwindSafe(|| poll_once(&mut call).is_ready()));
        assert!(caught.is_err());
        drop(call);
        assert_eq!(counts(&circuit), (0, n, 0));
        assert_eq!(limit.in_flight(), 0);
    }
    assert_eq!(circuit.state(), State::Open);
}

#[tokio::test(start_paused = true)]
async fn a_trial_through_the_stack_closes_the_circuit() {
    let (circuit, stack) = stack();
    let stack = stack.retry(Retry::default()).timeout(SECOND);
    let upstream = Upstream::new([FAILING, FAILING, FAILING, GOOD]);
    assert_eq!(status(get(&stack, &upstream).await), Ok(500));
    assert_eq!(circuit.state(), State::Open);
    pass(10 * SECOND).await;
    let answer = get(&stack, &upstream).await.unwrap();
    answer.into_body().collect().await.unwrap();
    assert_eq!(circuit.state(), State::Closed);
}

#[tokio::test(start_paused = true)]
async fn every_kind_of_error_says_what_it_is_and_boxes() {
    let (circuit, stack) = stack();
    let refused = get(&stack.clone().concurrency_limit(0), &Upstream::new([GOOD])).await;
    let timed_out = get(&stack.clone().timeout(SECOND), &Upstream::new([Does::Hang])).await;
    let broken = get(&stack, &Upstream::new([Does::Break])).await;
    circuit
        .transition(State::Open, &fusebox::Author::new("test"))
        .unwrap();
    let rejected = get(&stack, &Upstream::new([GOOD])).await;
    let told = [rejected, refused, timed_out, broken].map(|told| told.unwrap_err());
    let texts = std::array::from_fn::<_, 4, _>(|i| told[i].to_string());
    assert!(texts[0].starts_with("the circuit is open"), "{texts:?}");
    assert!(texts[1].ends_with("no more are allowed"), "{texts:?}");
    assert_eq!(texts[2..], ["no answer came in time", "broken"]);
    let boxed: [Box<dyn Error + Send + Sync>; 4] = told.map(StackError::into_box);
    assert!(boxed[0].is::<fusebox::Rejection>());
    assert!(boxed[1].is::<fusebox_tower::limit::Limited>());
    assert!(boxed[2].is::<fusebox_tower::stack::TimedOut>());
    assert!(boxed[3].is::<Broken>());
}

#[tokio::test(start_paused = true)]
async fn a_good_answer_whose_body_nobody_reads_is_a_success_where_so_wished() {
    let (circuit, stack) = stack();
    let upstream = Upstream::new([Does::Stream]);
    drop(get(&stack, &upstream).await.unwrap());
    assert_eq!(counts(&circuit), (0, 0, 1));
    let stack = stack.unread_body_is_success();
    drop(get(&stack, &upstream).await.unwrap());
    assert_eq!(counts(&circuit), (1, 0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_head_request_is_a_success_at_the_head() {
    let (circuit, stack) = stack();
    let request = Request::head("/").body(()).unwrap();
    let told = stack.layer(Upstream::new([Does::Stream])).call(request);
    drop(told.await.unwrap());
    assert_eq!(counts(&circuit), (1, 0, 0));
}
