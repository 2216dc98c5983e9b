//! A body that flows for `settle_after` has shown that the service works; what comes later is not
//! judged.

use crate::stand::{Broken, SECOND, call, call_by, circuit, counts, half_open, poll_once};
use crate::stand::{streamed, totals};
use fusebox::{Outcome, State};
use fusebox_tower::BreakerLayer;
use http::Request;
use http_body_util::BodyExt;
use std::future::ready;
use std::time::Duration;
use tower::{Layer, ServiceExt, service_fn};

#[tokio::test]
async fn a_long_body_is_a_success_at_the_first_look_after_five_seconds() {
    let (clock, circuit) = circuit(|builder| builder);
    let (mut sender, response) = streamed();
    let mut body = call(&circuit, Ok(response)).await.unwrap().into_body();
    clock.advance(5 * SECOND - Duration::from_nanos(1));
    assert!(poll_once(&mut body.frame()).is_pending());
    assert_eq!(counts(&circuit), (0, 0, 0));
    clock.advance(Duration::from_nanos(1));
    assert!(poll_once(&mut body.frame()).is_pending());
    assert_eq!(body.outcome(), Some(Outcome::Success));
    assert_eq!(counts(&circuit), (1, 0, 0));
    // The body goes on as if nothing had happened.
    sender.send_data("more".into()).await.unwrap();
    assert_eq!(
        body.frame().await.unwrap().unwrap().into_data().unwrap(),
        "more"
    );
    drop(sender);
    assert!(body.frame().await.is_none());
    assert_eq!(counts(&circuit), (1, 0, 0));
}

#[tokio::test]
async fn an_error_after_five_seconds_is_not_judged() {
    let (clock, circuit) = circuit(|builder| builder);
    let (sender, response) = streamed();
    let mut body = call(&circuit, Ok(response)).await.unwrap().into_body();
    clock.advance(6 * SECOND);
    sender.abort(Broken);
    assert_eq!(body.frame().await.unwrap().unwrap_err(), Broken);
    assert_eq!(counts(&circuit), (1, 0, 0));
}

#[tokio::test]
async fn an_error_before_five_seconds_is_a_failure() {
    let (clock, circuit) = circuit(|builder| builder);
    let (sender, response) = streamed();
    let mut body = call(&circuit, Ok(response)).await.unwrap().into_body();
    clock.advance(4 * SECOND);
    sender.abort(Broken);
    assert_eq!(body.frame().await.unwrap().unwrap_err(), Broken);
    assert_eq!(counts(&circuit), (0, 1, 0));
}

#[tokio::test]
async fn a_long_body_that_the_client_drops_is_a_success() {
    let (clock, circuit) = circuit(|builder| builder);
    let (_sender, response) = streamed();
    let body = call(&circuit, Ok(response)).await.unwrap().into_body();
    clock.advance(5 * SECOND);
    drop(body);
    assert_eq!(counts(&circuit), (1, 0, 0));
    assert_eq!(totals(&circuit).abandoned, 0);
}

#[tokio::test]
async fn the_time_counts_from_the_head_not_from_the_call() {
    let (clock, circuit) = circuit(|builder| builder);
    let (_sender, response) = streamed();
    let mut response = Some(response);
    let service = service_fn(|_: Request<()>| {
        clock.advance(60 * SECOND);
        ready(Ok::<_, Broken>(response.take().unwrap()))
    });
    let service = BreakerLayer::new(circuit.clone()).layer(service);
    let mut body = service.oneshot(Request::new(())).await.unwrap().into_body();
    assert!(poll_once(&mut body.frame()).is_pending());
    assert_eq!(counts(&circuit), (0, 0, 0));
}

#[tokio::test]
async fn the_time_can_be_set_and_zero_settles_at_the_head() {
    let (clock, circuit) = circuit(|builder| builder);
    let layer = BreakerLayer::new(circuit.clone());
    let (_first, response) = streamed();
    let longer = layer.clone().settle_after(30 * SECOND);
    let mut body = call_by(longer, Ok(response)).await.unwrap().into_body();
    clock.advance(29 * SECOND);
    assert!(poll_once(&mut body.frame()).is_pending());
    assert_eq!(counts(&circuit), (0, 0, 0));
    clock.advance(SECOND);
    assert!(poll_once(&mut body.frame()).is_pending());
    assert_eq!(counts(&circuit), (1, 0, 0));
    let (_second, response) = streamed();
    let at_once = layer.settle_after(Duration::ZERO);
    let answer = call_by(at_once, Ok(response)).await.unwrap();
    assert_eq!(answer.body().outcome(), Some(Outcome::Success));
    assert_eq!(counts(&circuit), (2, 0, 0));
}

#[tokio::test]
async fn a_trial_with_a_long_body_closes_the_circuit_before_its_end() {
    let (clock, circuit) = half_open(|builder| builder);
    let (_sender, response) = streamed();
    let mut body = call(&circuit, Ok(response)).await.unwrap().into_body();
    assert!(poll_once(&mut body.frame()).is_pending());
    assert_eq!(circuit.state(), State::HalfOpen);
    clock.advance(5 * SECOND);
    assert!(poll_once(&mut body.frame()).is_pending());
    assert_eq!(circuit.state(), State::Closed);
}
