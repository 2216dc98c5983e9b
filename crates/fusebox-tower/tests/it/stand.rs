//! What the tests stand on: circuits with a clock moved by hand, and services that answer as told.

use bytes::Bytes;
use fusebox::{Builder, CircuitBreaker, ManualClock, Rate, State, Totals};
use fusebox_tower::{BreakerError, BreakerLayer, ByStatus, SettlingBody};
use http::{Request, Response, StatusCode};
use http_body_util::channel::{Channel, Sender};
use std::fmt;
use std::future::ready;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tower::{Layer, ServiceExt, service_fn};

pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// Far beyond every other time of the tests: what ends earlier did not end by a deadline.
pub(crate) const AGES: Duration = Duration::from_secs(24 * 60 * 60);

/// What a service or a body fails with.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Broken;

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("broken")
    }
}

impl std::error::Error for Broken {}

pub(crate) type Handle = Arc<CircuitBreaker>;
pub(crate) type Settling<T> = SettlingBody<T, Handle, ByStatus>;
pub(crate) type Answered<T> = Result<Response<Settling<T>>, BreakerError<Broken>>;

/// A closed circuit that opens at the third failure in a row.
pub(crate) fn circuit(set: impl FnOnce(Builder) -> Builder) -> (ManualClock, Handle) {
    let clock = ManualClock::new();
    let builder = CircuitBreaker::builder("upstream")
        .clock(clock.clone())
        .consecutive_failures(3)
        .jitter(Rate::percent(0.0).unwrap())
        .open_for(10 * SECOND)
        .half_open_calls(1)
        .half_open_successes(1)
        .half_open_timeout(AGES);
    (clock, Arc::new(set(builder).build().unwrap()))
}

/// A half-open circuit with one trial place, which no deadline frees.
pub(crate) fn half_open(set: impl FnOnce(Builder) -> Builder) -> (ManualClock, Handle) {
    let (clock, circuit) = circuit(set);
    circuit
        .transition(State::HalfOpen, &fusebox::Author::new("test"))
        .unwrap();
    assert_eq!(circuit.state(), State::HalfOpen);
    (clock, circuit)
}

pub(crate) fn totals(circuit: &CircuitBreaker) -> Totals {
    circuit.snapshot().totals
}

/// `(success, failure, ignored)` since the start.
pub(crate) fn counts(circuit: &CircuitBreaker) -> (u64, u64, u64) {
    let totals = totals(circuit);
    (totals.success, totals.failure, totals.ignored)
}

/// One call through the default layer to a service that gives this answer.
pub(crate) async fn call<T: http_body::Body>(
    circuit: &Handle,
    answer: Result<Response<T>, Broken>,
) -> Answered<T> {
    call_by(BreakerLayer::new(circuit.clone()), answer).await
}

/// One call through this layer.
pub(crate) async fn call_by<T, C>(
    layer: BreakerLayer<Handle, C>,
    answer: Result<Response<T>, Broken>,
) -> Result<Response<SettlingBody<T, Handle, C>>, BreakerError<Broken>>
where
    T: http_body::Body,
    C: fusebox_tower::Classify<Broken, T::Error> + Clone,
{
    let mut answer = Some(answer);
    let service = service_fn(move |_: Request<()>| ready(answer.take().unwrap()));
    layer.layer(service).oneshot(Request::new(())).await
}

/// A response with a status and a body.
pub(crate) fn response<T>(status: StatusCode, body: T) -> Response<T> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response
}

/// A good response whose body is fed by hand.
pub(crate) fn streamed() -> (Sender<Bytes, Broken>, Response<Channel<Bytes, Broken>>) {
    let (sender, body) = Channel::new(4);
    (sender, Response::new(body))
}

/// Polls once, without anybody to wake.
pub(crate) fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    std::pin::Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}
