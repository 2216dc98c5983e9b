//! Futures and bodies may be dropped at any point (R11).

use crate::stand::{
    AGES, Broken, Handle, SECOND, call, call_by, circuit, counts, half_open, poll_once, response,
    streamed, totals,
};
use fusebox::{FailureClass, State};
use fusebox_tower::BreakerLayer;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty, Full};
use std::future::pending;
use std::pin::Pin;
use std::time::Duration;
use tower::{Layer, Service, service_fn};

type Unanswered = Pin<Box<dyn Future<Output = ()>>>;

/// A call to a service that never answers.
fn unanswered(circuit: &Handle) -> Unanswered {
    let service = service_fn(|_: Request<()>| pending::<Result<Response<Empty<&[u8]>>, Broken>>());
    let call = BreakerLayer::new(circuit.clone())
        .layer(service)
        .call(Request::new(()));
    Box::pin(async move { drop(call.await) })
}

#[tokio::test]
async fn a_future_dropped_before_its_first_poll_is_ignored() {
    let (_, circuit) = circuit(|builder| builder);
    drop(unanswered(&circuit));
    assert_eq!(counts(&circuit), (0, 0, 1));
    assert_eq!(totals(&circuit).abandoned, 1);
}

#[tokio::test]
async fn a_future_dropped_while_it_waits_for_the_head_is_ignored() {
    let (clock, circuit) = circuit(|builder| builder);
    let mut call = unanswered(&circuit);
    assert!(poll_once(&mut call).is_pending());
    clock.advance(AGES);
    drop(call);
    assert_eq!(counts(&circuit), (0, 0, 1));
    assert_eq!(totals(&circuit).abandoned, 1);
}

#[tokio::test]
async fn a_future_dropped_after_abandoned_after_is_a_failure() {
    let (clock, circuit) = circuit(|builder| builder.timeout(2 * SECOND));
    for _ in 0..3 {
        let mut call = unanswered(&circuit);
        assert!(poll_once(&mut call).is_pending());
        clock.advance(2 * SECOND);
        drop(call);
    }
    assert_eq!(counts(&circuit), (0, 3, 0));
    assert_eq!(circuit.state(), State::Open);
    assert_eq!(
        circuit.snapshot().why.unwrap().evidence.class,
        Some(FailureClass::Timeout)
    );
}

#[tokio::test]
async fn a_future_dropped_just_before_abandoned_after_is_ignored() {
    let (clock, circuit) = circuit(|builder| builder.timeout(2 * SECOND));
    let mut call = unanswered(&circuit);
    assert!(poll_once(&mut call).is_pending());
    clock.advance(2 * SECOND - Duration::from_nanos(1));
    drop(call);
    assert_eq!(counts(&circuit), (0, 0, 1));
}

#[tokio::test]
async fn a_body_dropped_after_abandoned_after_is_a_failure_if_it_was_not_settled_before() {
    let (clock, circuit) = circuit(|builder| builder.timeout(2 * SECOND));
    let (_sender, response) = streamed();
    let body = call(&circuit, Ok(response)).await.unwrap().into_body();
    clock.advance(2 * SECOND);
    drop(body);
    assert_eq!(counts(&circuit), (0, 1, 0));
    let (_sender, response) = streamed();
    let layer = BreakerLayer::new(circuit.clone()).settle_after(SECOND);
    let body = call_by(layer, Ok(response)).await.unwrap().into_body();
    clock.advance(2 * SECOND);
    drop(body);
    assert_eq!(counts(&circuit), (1, 1, 0));
}

#[tokio::test]
async fn a_good_answer_whose_body_is_dropped_unread_is_ignored_unless_told_otherwise() {
    let (clock, circuit) = half_open(|builder| builder.timeout(SECOND));
    let (_sender, response) = streamed();
    drop(call(&circuit, Ok(response)).await.unwrap());
    assert_eq!(counts(&circuit), (0, 0, 1));
    assert_eq!(circuit.state(), State::HalfOpen);
    let layer = BreakerLayer::new(circuit.clone()).unread_body_is_success();
    let (_sender, response) = streamed();
    let answer = call_by(layer, Ok(response)).await.unwrap();
    // However long the caller looked at the status: the service did its part.
    clock.advance(2 * SECOND);
    drop(answer);
    assert_eq!(counts(&circuit), (1, 0, 1));
    assert_eq!(circuit.state(), State::Closed);
}

#[tokio::test]
async fn a_healthy_service_whose_bodies_nobody_reads_stays_closed() {
    let (_, circuit) = circuit(|builder| builder);
    let layer = BreakerLayer::new(circuit.clone()).unread_body_is_success();
    for nth in 1..=100 {
        let failing = nth % 20 == 0;
        let status = if failing { 500 } else { 200 };
        let body = Full::<bytes::Bytes>::from("unread");
        let answer = response(StatusCode::from_u16(status).unwrap(), body);
        drop(call_by(layer.clone(), Ok(answer)).await.unwrap());
    }
    assert_eq!(counts(&circuit), (95, 5, 0));
    assert_eq!(circuit.state(), State::Closed);
}

#[tokio::test]
async fn a_body_that_somebody_began_to_read_is_not_unread() {
    let (_, circuit) = circuit(|builder| builder);
    let layer = BreakerLayer::new(circuit.clone()).unread_body_is_success();
    let (_sender, response) = streamed();
    let mut body = call_by(layer.clone(), Ok(response)).await.unwrap();
    assert!(poll_once(&mut body.body_mut().frame()).is_pending());
    drop(body);
    assert_eq!(counts(&circuit), (0, 0, 1), "the caller gave up waiting");
    let (mut sender, response) = streamed();
    sender.send_data("half".into()).await.unwrap();
    let mut body = call_by(layer, Ok(response)).await.unwrap();
    body.body_mut().frame().await.unwrap().unwrap();
    drop(body);
    assert_eq!(counts(&circuit), (0, 0, 2));
}

#[tokio::test]
async fn drops_during_shutdown_are_ignored() {
    let (clock, circuit) = circuit(|builder| builder.timeout(SECOND));
    let mut call = unanswered(&circuit);
    assert!(poll_once(&mut call).is_pending());
    clock.advance(SECOND);
    circuit.begin_shutdown();
    drop(call);
    assert_eq!(counts(&circuit), (0, 0, 1));
}

#[tokio::test]
async fn a_finished_future_that_is_polled_again_stays_quiet() {
    let (_, circuit) = circuit(|builder| builder);
    let service = service_fn(|_: Request<()>| {
        std::future::poll_fn(|_| {
            std::task::Poll::Ready(Ok::<_, Broken>(Response::new(Empty::<&[u8]>::new())))
        })
    });
    let mut call = BreakerLayer::new(circuit.clone())
        .layer(service)
        .call(Request::new(()));
    assert!(poll_once(&mut call).is_ready());
    assert!(poll_once(&mut call).is_pending());
    assert_eq!(counts(&circuit), (1, 0, 0));
}

#[tokio::test]
async fn a_body_dropped_after_its_end_is_not_counted_twice() {
    let (_, circuit) = circuit(|builder| builder);
    let (sender, response) = streamed();
    let mut body = call(&circuit, Ok(response)).await.unwrap().into_body();
    drop(sender);
    assert!(body.frame().await.is_none());
    drop(body);
    assert_eq!(counts(&circuit), (1, 0, 0));
    assert_eq!(totals(&circuit).abandoned, 0);
}
