//! Time-outs happen in one place, inside the breaker.

use super::{Does, FAILING, MILLISECOND, Streaming, Upstream, circuit, get, stack, status};
use crate::paused::pass;
use crate::stand::{Broken, SECOND, counts, totals};
use fusebox::{FailureClass, State};
use fusebox_tower::stack::{Retry, Stack, StackError};
use http::{Request, Response};
use std::future::{Ready, poll_fn};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::Instant;
use tower::{Layer, Service};

#[tokio::test(start_paused = true)]
async fn a_time_out_is_a_failure_of_class_timeout_at_that_instant() {
    let (circuit, stack) = stack();
    let stack = stack.timeout(2 * SECOND);
    let upstream = Upstream::new([Does::Hang]);
    for _ in 0..3 {
        let begun = Instant::now();
        assert_eq!(
            status(get(&stack, &upstream).await),
            Err(StackError::TimedOut)
        );
        assert_eq!(begun.elapsed().as_secs_f64().round(), 2.0);
    }
    assert_eq!(circuit.state(), State::Open);
    let evidence = circuit.snapshot().why.unwrap().evidence;
    assert_eq!(evidence.class, Some(FailureClass::Timeout));
    assert_eq!(counts(&circuit), (0, 3, 0));
    assert_eq!(totals(&circuit).abandoned, 0, "settled, not dropped");
}

#[tokio::test(start_paused = true)]
async fn without_a_time_out_of_its_own_an_attempt_has_the_total_one() {
    let (circuit, stack) = stack();
    let stack = stack.total_timeout(SECOND);
    let upstream = Upstream::new([Does::Hang]);
    assert_eq!(
        status(get(&stack, &upstream).await),
        Err(StackError::TimedOut)
    );
    assert_eq!(counts(&circuit), (0, 1, 0));
}

#[tokio::test(start_paused = true)]
async fn the_total_time_bounds_attempts_and_waits_together() {
    let circuit = circuit(|builder| builder.consecutive_failures(100));
    let stack = Stack::new(circuit.clone())
        .timeout(SECOND)
        .total_timeout(2500 * MILLISECOND)
        .retry(Retry::default().attempts(10));
    let upstream = Upstream::new([Does::Hang]);
    let begun = Instant::now();
    assert_eq!(
        status(get(&stack, &upstream).await),
        Err(StackError::TimedOut)
    );
    let took = begun.elapsed();
    assert!(took <= 2501 * MILLISECOND && took >= 2 * SECOND, "{took:?}");
    assert_eq!(upstream.count(), 3);
    // The third had less than a second left: nothing is known about the service.
    assert_eq!(counts(&circuit), (0, 2, 1));
}

#[tokio::test(start_paused = true)]
async fn a_retry_that_had_little_of_the_total_time_says_nothing_of_the_service() {
    let circuit = circuit(|builder| builder);
    let retry = Retry::default().backoff(SECOND, 2 * SECOND);
    for each in [None, Some(Duration::MAX)] {
        let stack = Stack::new(circuit.clone()).total_timeout(3 * SECOND);
        let stack = match each {
            Some(each) => stack.timeout(each),
            None => stack,
        };
        let upstream = Upstream::new([FAILING, Does::Hang]);
        let told = get(&stack.retry(retry.clone()), &upstream).await;
        assert_eq!(status(told), Err(StackError::TimedOut));
        assert_eq!(upstream.count(), 2);
    }
    assert_eq!(counts(&circuit), (0, 2, 2));
}

#[tokio::test(start_paused = true)]
async fn no_wait_begins_that_would_end_after_the_total_time() {
    let circuit = circuit(|builder| builder.consecutive_failures(100));
    let retry = Retry::default().backoff(SECOND, SECOND);
    let stack = Stack::new(circuit).total_timeout(SECOND / 2).retry(retry);
    let upstream = Upstream::new([FAILING]);
    let begun = Instant::now();
    assert_eq!(status(get(&stack, &upstream).await), Ok(500));
    assert_eq!(begun.elapsed(), Duration::ZERO);
    assert_eq!(upstream.count(), 1);
}

/// A service whose connections are all in use, for ever.
#[derive(Clone)]
struct NeverReady;

impl Service<Request<()>> for NeverReady {
    type Response = Response<Streaming>;
    type Error = Broken;
    type Future = Ready<Result<Response<Streaming>, Broken>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        Poll::Pending
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        panic!("not ready");
    }
}

#[tokio::test(start_paused = true)]
async fn waiting_for_a_service_that_is_never_ready_is_timed_too() {
    let (circuit, stack) = stack();
    let mut service = stack.timeout(SECOND).layer(NeverReady);
    assert!(poll_fn(|cx| service.poll_ready(cx)).await.is_ok());
    let told = service.call(Request::new(())).await;
    assert!(matches!(told, Err(StackError::TimedOut)));
    assert_eq!(counts(&circuit), (0, 1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_body_may_take_longer_than_every_time_out() {
    let (circuit, stack) = stack();
    let stack = stack.timeout(SECOND).total_timeout(SECOND);
    let upstream = Upstream::new([Does::Stream]);
    let body = get(&stack, &upstream).await.unwrap().into_body();
    pass(3 * SECOND).await;
    upstream.end_streams();
    http_body_util::BodyExt::collect(body).await.unwrap();
    assert_eq!(counts(&circuit), (1, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn an_answer_in_time_is_passed_on() {
    let (_, stack) = stack();
    let stack = stack.timeout(SECOND);
    let upstream = Upstream::new([Does::AnswerAfter(SECOND - MILLISECOND)]);
    assert_eq!(status(get(&stack, &upstream).await), Ok(200));
}
