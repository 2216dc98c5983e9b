//! With the feature `tokio` a call is slow when it passes the limit, not when it ends (R3).

use crate::paused::pass;
use crate::stand::{AGES, Broken, Handle, SECOND, circuit, counts, half_open, streamed};
use fusebox::{Builder, Cause, ManualClock, Rate, State};
use fusebox_tower::{BreakerLayer, ResponseFuture};
use http::{Request, Response};
use http_body_util::{BodyExt, Empty};
use std::future::{Pending, pending};
use std::time::Duration;
use tokio::task::JoinHandle;
use tower::{Layer, Service, service_fn};

const MILLISECOND: Duration = Duration::from_millis(1);

/// Slow after a second; opens at half of at least 4 calls, never by failures.
fn watchful(builder: Builder) -> Builder {
    let half = Rate::percent(50.0).unwrap();
    let all = Rate::percent(100.0).unwrap();
    let builder = builder.slow_call_rate(half).slow_call_duration(SECOND);
    let builder = builder.minimum_calls(4).consecutive_failures(1000);
    builder.failure_rate(all)
}

type Nothing = Empty<&'static [u8]>;
type Never = Pending<Result<Response<Nothing>, Broken>>;

/// A call to a service that swallows it.
fn swallowed(circuit: &Handle) -> ResponseFuture<Never, Handle, fusebox_tower::ByStatus> {
    let service = service_fn(|_: Request<()>| pending::<Result<Response<Nothing>, Broken>>());
    BreakerLayer::new(circuit.clone())
        .layer(service)
        .call(Request::new(()))
}

fn begin(circuit: &Handle, calls: u32) -> Vec<JoinHandle<()>> {
    let call = |_| {
        let call = swallowed(circuit);
        tokio::spawn(async { drop(call.await) })
    };
    (0..calls).map(call).collect()
}

/// Moves both times, the breaker's first, and lets every task that is due run.
async fn advance(clock: &ManualClock, by: Duration) {
    clock.advance(by);
    pass(by + MILLISECOND / 2).await;
}

#[tokio::test(start_paused = true)]
async fn a_black_hole_opens_the_circuit_at_the_slow_limit_not_at_the_time_out() {
    let (clock, circuit) = circuit(watchful);
    let calls = begin(&circuit, 4);
    advance(&clock, SECOND - MILLISECOND).await;
    assert_eq!(circuit.state(), State::Closed);
    advance(&clock, 2 * MILLISECOND).await;
    assert_eq!(circuit.state(), State::Open);
    assert_eq!(circuit.snapshot().why.unwrap().cause, Cause::SlowCallRate);
    assert!(
        calls.iter().all(|call| !call.is_finished()),
        "still waiting"
    );
}

#[tokio::test(start_paused = true)]
async fn fewer_calls_than_the_minimum_open_nothing() {
    let (clock, circuit) = circuit(watchful);
    let calls = begin(&circuit, 3);
    advance(&clock, 2 * SECOND).await;
    assert_eq!(circuit.state(), State::Closed);
    calls.iter().for_each(JoinHandle::abort);
}

#[tokio::test(start_paused = true)]
async fn a_trial_fails_at_the_limit() {
    let (clock, circuit) = half_open(watchful);
    let _trial = begin(&circuit, 1);
    advance(&clock, SECOND - MILLISECOND).await;
    assert_eq!(circuit.state(), State::HalfOpen);
    advance(&clock, 2 * MILLISECOND).await;
    assert_eq!(circuit.state(), State::Open);
    assert_eq!(circuit.snapshot().why.unwrap().cause, Cause::TrialFailed);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_was_overdue_is_recorded_once_when_it_ends() {
    let (clock, circuit) = circuit(watchful);
    let late = || async {
        pass(2 * SECOND).await;
        Ok::<_, Broken>(Response::new(Nothing::new()))
    };
    let service = service_fn(move |_: Request<()>| late());
    let mut service = BreakerLayer::new(circuit.clone()).layer(service);
    let call = tokio::spawn(service.call(Request::new(())));
    advance(&clock, SECOND + MILLISECOND).await;
    assert_eq!(counts(&circuit), (0, 0, 0), "overdue, and not yet recorded");
    advance(&clock, SECOND).await;
    call.await.unwrap().unwrap();
    assert_eq!(counts(&circuit), (1, 0, 0));
    let window = circuit.snapshot().window;
    assert_eq!((window.calls, window.slow), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_body_may_flow_longer_than_the_limit() {
    let (clock, circuit) = half_open(|builder| watchful(builder).half_open_timeout(AGES));
    let (sender, response) = streamed();
    let layer = BreakerLayer::new(circuit.clone()).settle_after(AGES);
    let body = crate::stand::call_by(layer, Ok(response)).await.unwrap();
    let reader = tokio::spawn(body.into_body().collect());
    advance(&clock, 3 * SECOND).await;
    assert_eq!(circuit.state(), State::HalfOpen);
    drop(sender);
    reader.await.unwrap().unwrap();
    assert_eq!(circuit.state(), State::Closed);
    assert_eq!(circuit.snapshot().window.slow, 0);
}

#[tokio::test(start_paused = true)]
async fn the_breaker_s_own_clock_says_when_the_limit_is_passed() {
    let (clock, circuit) = half_open(watchful);
    let _trial = begin(&circuit, 1);
    // Only tokio's time moves: the timer rings, and is set again.
    pass(SECOND + MILLISECOND).await;
    assert_eq!(circuit.state(), State::HalfOpen);
    clock.advance(SECOND);
    pass(SECOND + MILLISECOND).await;
    assert_eq!(circuit.state(), State::Open);
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_grew_meanwhile_is_waited_for() {
    let (clock, circuit) = half_open(watchful);
    let _trial = begin(&circuit, 1);
    tokio::task::yield_now().await;
    let half = Rate::percent(50.0).unwrap();
    let patient = fusebox::Settings::builder()
        .slow_call_rate(half)
        .slow_call_duration(3 * SECOND);
    let by = fusebox::Author::new("test");
    circuit
        .change_settings(patient.build().unwrap(), &by)
        .unwrap();
    advance(&clock, 2 * SECOND).await;
    assert_eq!(circuit.state(), State::HalfOpen);
    advance(&clock, SECOND + MILLISECOND).await;
    assert_eq!(circuit.state(), State::Open);
}

#[tokio::test(start_paused = true)]
async fn without_a_slow_call_rate_nothing_happens() {
    let (clock, circuit) = half_open(|builder| builder);
    let trial = begin(&circuit, 1);
    advance(&clock, 1000 * SECOND).await;
    assert_eq!(circuit.state(), State::HalfOpen);
    trial.iter().for_each(JoinHandle::abort);
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_shrank_meanwhile_is_seen_at_the_next_poll() {
    let (clock, circuit) = half_open(|builder| watchful(builder).slow_call_duration(60 * SECOND));
    let service = service_fn(|_: Request<()>| async {
        // Polled once after the change, and no more.
        pass(600 * MILLISECOND).await;
        pending::<Result<Response<Nothing>, Broken>>().await
    });
    let mut service = BreakerLayer::new(circuit.clone()).layer(service);
    let trial = tokio::spawn(service.call(Request::new(())));
    advance(&clock, SECOND / 2).await;
    let half = Rate::percent(50.0).unwrap();
    let impatient = fusebox::Settings::builder()
        .slow_call_rate(half)
        .slow_call_duration(SECOND);
    let by = fusebox::Author::new("test");
    circuit
        .change_settings(impatient.build().unwrap(), &by)
        .unwrap();
    advance(&clock, SECOND / 4).await;
    assert_eq!(circuit.state(), State::HalfOpen);
    advance(&clock, SECOND / 2).await;
    assert_eq!(circuit.state(), State::Open);
    trial.abort();
}
