//! A half-open circuit gets its trial place back, however the trial ends. No deadline helps: it is
//! a day away, and the clock stands still.

use crate::panics::Panicking;
use crate::stand::{Broken, Handle, call, counts, half_open, poll_once, response, streamed};
use fusebox::{CircuitBreaker, State};
use fusebox_tower::{BreakerError, BreakerLayer};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty};
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use tower::{Layer, Service, service_fn};

/// No trial is in flight, and the circuit is as it was: the next call is admitted.
async fn place_is_free(circuit: &Handle) {
    assert_eq!(circuit.snapshot().in_flight, 0);
    assert_eq!(circuit.state(), State::HalfOpen);
    let good = response(StatusCode::NO_CONTENT, Empty::<&[u8]>::new());
    call(circuit, Ok(good)).await.unwrap();
    assert_eq!(circuit.state(), State::Closed);
}

/// The trial was judged as failed.
fn opened_again(circuit: &CircuitBreaker) {
    assert_eq!(circuit.snapshot().in_flight, 0);
    assert_eq!(circuit.state(), State::Open);
}

#[tokio::test]
async fn a_trial_place_is_taken_until_the_end_of_the_body() {
    let (_, circuit) = half_open(|builder| builder);
    let (sender, response) = streamed();
    let body = call(&circuit, Ok(response)).await.unwrap().into_body();
    assert_eq!(circuit.snapshot().in_flight, 1);
    let (_second, response) = streamed();
    let second = call(&circuit, Ok(response)).await;
    assert!(matches!(second, Err(BreakerError::Rejected(_))));
    drop(sender);
    body.collect().await.unwrap();
    assert_eq!(circuit.state(), State::Closed);
}

#[tokio::test]
async fn a_trial_dropped_before_the_head_gives_its_place_back() {
    for polled in [false, true] {
        let (_, circuit) = half_open(|builder| builder);
        let service =
            service_fn(|_: Request<()>| pending::<Result<Response<Empty<&[u8]>>, Broken>>());
        let mut service = BreakerLayer::new(circuit.clone()).layer(service);
        let mut trial = service.call(Request::new(()));
        if polled {
            assert!(poll_once(&mut trial).is_pending());
        }
        assert_eq!(circuit.snapshot().in_flight, 1);
        drop(trial);
        place_is_free(&circuit).await;
    }
}

#[tokio::test]
async fn a_trial_whose_response_is_dropped_unread_gives_its_place_back() {
    let (_, circuit) = half_open(|builder| builder);
    let (_sender, response) = streamed();
    drop(call(&circuit, Ok(response)).await.unwrap());
    place_is_free(&circuit).await;
}

#[tokio::test]
async fn a_trial_whose_body_is_dropped_half_read_gives_its_place_back() {
    let (_, circuit) = half_open(|builder| builder);
    let (mut sender, response) = streamed();
    let mut body = call(&circuit, Ok(response)).await.unwrap().into_body();
    sender.send_data("some".into()).await.unwrap();
    body.frame().await.unwrap().unwrap();
    assert!(poll_once(&mut body.frame()).is_pending());
    drop(body);
    place_is_free(&circuit).await;
}

#[tokio::test]
async fn a_trial_with_an_ignored_answer_gives_its_place_back() {
    let (_, circuit) = half_open(|builder| builder);
    let busy = response(StatusCode::TOO_MANY_REQUESTS, Empty::<&[u8]>::new());
    call(&circuit, Ok(busy)).await.unwrap();
    place_is_free(&circuit).await;
}

#[tokio::test]
async fn a_trial_that_fails_in_its_body_opens_the_circuit_again() {
    let (_, circuit) = half_open(|builder| builder);
    let (sender, response) = streamed();
    let body = call(&circuit, Ok(response)).await.unwrap().into_body();
    sender.abort(Broken);
    assert!(body.collect().await.is_err());
    opened_again(&circuit);
}

#[tokio::test]
async fn a_trial_that_fails_at_its_head_opens_the_circuit_again() {
    let (_, circuit) = half_open(|builder| builder);
    let (_sender, mut failing) = streamed();
    *failing.status_mut() = StatusCode::GATEWAY_TIMEOUT;
    let _held = call(&circuit, Ok(failing)).await.unwrap();
    opened_again(&circuit);
}

#[tokio::test]
async fn a_trial_that_gets_an_error_opens_the_circuit_again() {
    let (_, circuit) = half_open(|builder| builder);
    call::<Empty<&[u8]>>(&circuit, Err(Broken))
        .await
        .unwrap_err();
    opened_again(&circuit);
}

#[tokio::test]
async fn a_trial_that_panics_opens_the_circuit_again() {
    let (_, circuit) = half_open(|builder| builder);
    let mut body = call(&circuit, Ok(Response::new(Panicking)))
        .await
        .unwrap()
        .into_body();
    assert!(catch_unwind(AssertUnwindSafe(|| poll_once(&mut body.frame()))).is_err());
    opened_again(&circuit);
    assert_eq!(counts(&circuit), (0, 1, 0));
}

#[tokio::test]
async fn many_trials_dropped_at_different_points_leave_every_place_free() {
    let (_, circuit) = half_open(|builder| builder.half_open_calls(8).half_open_successes(64));
    for round in 0..200_u32 {
        let (mut sender, response) = streamed();
        let mut body = call(&circuit, Ok(response)).await.unwrap().into_body();
        for _ in 0..round % 4 {
            sender.send_data("x".into()).await.unwrap();
            body.frame().await.unwrap().unwrap();
        }
    }
    assert_eq!(circuit.state(), State::HalfOpen);
    assert_eq!(circuit.snapshot().in_flight, 0);
    assert_eq!(counts(&circuit), (0, 0, 200));
}
