//! A good head is a success only when its body turns out well.

use crate::stand::{AGES, Broken, SECOND, call, call_by, circuit, counts, streamed, totals};
use bytes::Bytes;
use fusebox::{FailureClass, Outcome, State};
use fusebox_tower::{BreakerLayer, Classify};
use http::{HeaderMap, Response};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Full};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

#[tokio::test]
async fn a_success_is_recorded_at_the_end_of_the_body() {
    let (_, circuit) = circuit(|builder| builder);
    let (mut sender, response) = streamed();
    let mut body = call(&circuit, Ok(response)).await.unwrap().into_body();
    for piece in ["one", "two"] {
        sender.send_data(piece.into()).await.unwrap();
        assert_eq!(
            body.frame().await.unwrap().unwrap().into_data().unwrap(),
            piece
        );
        assert_eq!((body.outcome(), counts(&circuit)), (None, (0, 0, 0)));
    }
    drop(sender);
    assert!(body.frame().await.is_none());
    assert_eq!(body.outcome(), Some(Outcome::Success));
    assert_eq!(counts(&circuit), (1, 0, 0));
}

#[tokio::test]
async fn a_reader_that_stops_at_the_last_frame_has_read_it_all() {
    let (_, circuit) = circuit(|builder| builder);
    let response = Response::new(Full::<Bytes>::from("all of it"));
    let mut body = call(&circuit, Ok(response)).await.unwrap().into_body();
    assert_eq!(counts(&circuit), (0, 0, 0));
    body.frame().await.unwrap().unwrap();
    assert!(body.is_end_stream());
    assert_eq!(counts(&circuit), (1, 0, 0));
    drop(body);
    assert_eq!(totals(&circuit).abandoned, 0);
}

#[tokio::test]
async fn an_error_in_the_body_is_a_failure_although_the_head_was_good() {
    let (_, circuit) = circuit(|builder| builder);
    for _ in 0..3 {
        let (mut sender, response) = streamed();
        let mut body = call(&circuit, Ok(response)).await.unwrap().into_body();
        sender.send_data("half of".into()).await.unwrap();
        body.frame().await.unwrap().unwrap();
        sender.abort(Broken);
        assert_eq!(body.frame().await.unwrap().unwrap_err(), Broken);
        assert_eq!(body.outcome(), Some(Outcome::Failure(FailureClass::Reset)));
    }
    assert_eq!(counts(&circuit), (0, 3, 0));
    assert_eq!(circuit.state(), State::Open);
    assert_eq!(
        circuit.snapshot().why.unwrap().evidence.class,
        Some(FailureClass::Reset)
    );
}

#[tokio::test]
async fn an_error_after_the_last_data_is_a_failure() {
    let (_, circuit) = circuit(|builder| builder);
    let (mut sender, response) = streamed();
    sender.send_data("all data".into()).await.unwrap();
    sender.abort(Broken);
    let body = call(&circuit, Ok(response)).await.unwrap().into_body();
    assert!(body.collect().await.is_err());
    assert_eq!(counts(&circuit), (0, 1, 0));
}

#[tokio::test]
async fn a_body_with_trailers_is_a_success_after_them() {
    let (_, circuit) = circuit(|builder| builder);
    let (mut sender, response) = streamed();
    let mut body = call(&circuit, Ok(response)).await.unwrap().into_body();
    sender.send_data("data".into()).await.unwrap();
    body.frame().await.unwrap().unwrap();
    sender.send_trailers(HeaderMap::new()).await.unwrap();
    drop(sender);
    assert!(body.frame().await.unwrap().unwrap().is_trailers());
    assert!(body.frame().await.is_none());
    assert_eq!(counts(&circuit), (1, 0, 0));
}

/// One frame, and an end that is told apart from it, as over HTTP/2.
#[derive(Clone, Default)]
struct Told {
    sent: bool,
    ended: Arc<AtomicBool>,
    length: Option<u64>,
}

impl Body for Told {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        if std::mem::replace(&mut self.sent, true) {
            return Poll::Pending;
        }
        self.length = self.length.map(|_| 0);
        Poll::Ready(Some(Ok(Frame::data("data".into()))))
    }

    fn is_end_stream(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }

    fn size_hint(&self) -> SizeHint {
        self.length.map(SizeHint::with_exact).unwrap_or_default()
    }
}

#[tokio::test]
async fn an_end_told_after_the_last_frame_is_seen_when_the_reader_leaves() {
    let (_, circuit) = circuit(|builder| builder);
    let told = Told::default();
    let mut body = call(&circuit, Ok(Response::new(told.clone())))
        .await
        .unwrap()
        .into_body();
    body.frame().await.unwrap().unwrap();
    assert_eq!(counts(&circuit), (0, 0, 0));
    told.ended.store(true, Ordering::Relaxed);
    drop(body);
    assert_eq!(counts(&circuit), (1, 0, 0));
    assert_eq!(totals(&circuit).abandoned, 0);
}

#[tokio::test]
async fn a_body_is_over_when_it_says_so_or_when_its_length_is_used_up() {
    let (_, circuit) = circuit(|builder| builder);
    let told = Told::default();
    told.ended.store(true, Ordering::Relaxed);
    let answer = call(&circuit, Ok(Response::new(told))).await.unwrap();
    assert_eq!(answer.body().outcome(), Some(Outcome::Success));
    let sized = Told {
        length: Some(4),
        ..Told::default()
    };
    let mut body = call(&circuit, Ok(Response::new(sized)))
        .await
        .unwrap()
        .into_body();
    assert_eq!(body.outcome(), None);
    body.frame().await.unwrap().unwrap();
    assert_eq!(body.outcome(), Some(Outcome::Success));
    assert_eq!(counts(&circuit), (2, 0, 0));
}

#[tokio::test]
async fn a_body_dropped_early_is_ignored_because_the_client_left() {
    let (_, circuit) = circuit(|builder| builder);
    let (mut sender, response) = streamed();
    let mut body = call(&circuit, Ok(response)).await.unwrap().into_body();
    sender.send_data("some".into()).await.unwrap();
    body.frame().await.unwrap().unwrap();
    drop(body);
    assert_eq!(counts(&circuit), (0, 0, 1));
    assert_eq!(totals(&circuit).abandoned, 1);
}

#[tokio::test]
async fn a_body_never_read_is_ignored_too() {
    let (_, circuit) = circuit(|builder| builder);
    let response = Response::new(Full::<Bytes>::from("unread"));
    drop(call(&circuit, Ok(response)).await.unwrap());
    assert_eq!(counts(&circuit), (0, 0, 1));
    assert_eq!(totals(&circuit).abandoned, 1);
}

#[tokio::test]
async fn a_body_error_after_the_circuit_opened_is_late() {
    let (_, circuit) = circuit(|builder| builder);
    let (sender, response) = streamed();
    let body = call(&circuit, Ok(response)).await.unwrap().into_body();
    circuit
        .transition(State::Open, &fusebox::Author::new("test"))
        .unwrap();
    sender.abort(Broken);
    assert!(body.collect().await.is_err());
    assert_eq!(counts(&circuit), (0, 0, 0));
    assert_eq!(totals(&circuit).late, 1);
}

#[derive(Clone)]
struct BodiesMayBreak;

impl<E, F> Classify<E, F> for BodiesMayBreak {
    fn body_error(&self, _: &F) -> Outcome {
        Outcome::Ignored
    }
}

#[tokio::test]
async fn the_classifier_judges_errors_of_the_body() {
    let (_, circuit) = circuit(|builder| builder);
    let (sender, response) = streamed();
    let layer = BreakerLayer::new(circuit.clone()).classify(BodiesMayBreak);
    let body = call_by(layer, Ok(response)).await.unwrap().into_body();
    sender.abort(Broken);
    assert!(body.collect().await.is_err());
    assert_eq!(counts(&circuit), (0, 0, 1));
    assert_eq!(totals(&circuit).abandoned, 0);
}

#[tokio::test]
async fn a_call_is_as_slow_as_its_head_however_long_its_body_takes() {
    let (clock, circuit) = circuit(|builder| {
        let all = fusebox::Rate::percent(100.0).unwrap();
        builder.slow_call_rate(all).slow_call_duration(SECOND)
    });
    let (sender, response) = streamed();
    let layer = BreakerLayer::new(circuit.clone()).settle_after(AGES);
    let body = call_by(layer, Ok(response)).await.unwrap().into_body();
    clock.advance(20 * SECOND);
    drop(sender);
    body.collect().await.unwrap();
    assert_eq!(counts(&circuit), (1, 0, 0));
    assert_eq!(totals(&circuit).slow, 0);
}

#[tokio::test]
async fn length_and_end_of_a_body_are_those_of_the_service() {
    let (_, circuit) = circuit(|builder| builder);
    let response = Response::new(Full::<Bytes>::from("twelve bytes"));
    let mut body = call(&circuit, Ok(response)).await.unwrap().into_body();
    assert_eq!(body.size_hint().exact(), Some(12));
    assert!(!body.is_end_stream());
    body.frame().await.unwrap().unwrap();
    assert_eq!(body.size_hint().exact(), Some(0));
    assert!(body.is_end_stream());
}
