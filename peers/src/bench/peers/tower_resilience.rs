//! tower-resilience-circuitbreaker: a tower layer and nothing else, so it is called as a service.
//! Its window of time keeps every call and looks at all of them each time (it gets slower without
//! end in a loop like this one), so its windows are counted in calls.

use super::{CALLS, HOUR, case};
use crate::case::{Calls, Case, Row, every_tenth_fails, finish, repeat};
use std::future::{Ready, ready};
use std::hint::black_box;
use std::task::{Context, Poll};
use tower::{Layer, Service};
use tower_resilience_circuitbreaker::{
    CircuitBreakerConfigBuilder, CircuitBreakerError, CircuitBreakerLayer, DefaultClassifier,
};

const PEER: &str = "tower-resilience-circuitbreaker 0.14.0";
const RATE: &str = "window of 100 calls, as a service";
const RUN: &str = "consecutive, as a service";

pub(crate) fn cases() -> Vec<Case> {
    vec![
        case(PEER, Row::SuccessRate, RATE, || {
            calls(window(), true, is_ok)
        }),
        case(PEER, Row::SuccessRun, RUN, || calls(run(5), true, is_ok)),
        case(PEER, Row::MixedRate, RATE, || {
            let right = |answer: &Answer| is_ok(answer) || is_inner(answer);
            called(
                guarded(window(), true),
                move |times, service: &mut Guarded| {
                    let ask = |fails: bool| u32::from(!fails);
                    every_tenth_fails(times, |fails| right(&answer(service, ask(fails))))
                },
            )
        }),
        // The window never fills, so that it never opens.
        case(PEER, Row::FailureRate, RATE, || {
            calls(window().sliding_window_size(usize::MAX), false, is_inner)
        }),
        case(PEER, Row::FailureRun, RUN, || {
            calls(run(usize::MAX), false, is_inner)
        }),
        case(PEER, Row::Rejection, RUN, || {
            let layer = run(1).wait_duration_in_open(HOUR).build();
            let service = layer
                .expect("settings that are allowed")
                .layer(Fixed(false));
            let calls = all(service.clone(), |_| true);
            calls(1);
            all(service, |answer| {
                matches!(answer, Err(CircuitBreakerError::OpenCircuit))
            })
        }),
        case(PEER, Row::Async, RUN, || calls(run(5), true, is_ok)),
        case(PEER, Row::Tower, RUN, || calls(run(5), true, is_ok)),
        case(
            "-",
            Row::Tower,
            "a ready service alone (a number as its answer)",
            || Box::new(|times| repeat(times, || finish(Fixed(true).call(black_box(1))).is_ok())),
        ),
    ]
}

type Builder = CircuitBreakerConfigBuilder<DefaultClassifier>;
type Answer = Result<u32, CircuitBreakerError<u32>>;

fn window() -> Builder {
    CircuitBreakerLayer::builder()
        .failure_rate_threshold(0.5)
        .sliding_window_size(CALLS)
}

fn run(failures: usize) -> Builder {
    CircuitBreakerLayer::builder().consecutive_failures(failures)
}

/// Answers at once, as a success or as a failure; to 0 as a failure.
#[derive(Clone)]
struct Fixed(bool);

impl Service<u32> for Fixed {
    type Response = u32;
    type Error = u32;
    type Future = Ready<Result<u32, u32>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), u32>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: u32) -> Self::Future {
        let succeeds = self.0 && request > 0;
        ready(if succeeds { Ok(request) } else { Err(request) })
    }
}

type Guarded = tower_resilience_circuitbreaker::CircuitBreaker<Fixed, DefaultClassifier>;

fn calls(builder: Builder, succeeds: bool, right: fn(&Answer) -> bool) -> Calls {
    all(guarded(builder, succeeds), right)
}

fn guarded(builder: Builder, succeeds: bool) -> Guarded {
    let layer = builder.build().expect("settings that are allowed");
    layer.layer(Fixed(succeeds))
}

fn all(service: Guarded, right: fn(&Answer) -> bool) -> Calls {
    called(service, move |times, service| {
        repeat(times, || right(&answer(service, 1)))
    })
}

/// Each thread has a clone of the service, as tower's services are shared. A runtime is at hand,
/// since it makes a timer of tokio's when its lock is taken.
fn called<F>(service: Guarded, calls: F) -> Calls
where
    F: Fn(u64, &mut Guarded) -> u64 + Send + Sync + 'static,
{
    let builder = &mut tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_time().build().expect("a runtime");
    Box::new(move |times| {
        let _inside = runtime.enter();
        let mut service = service.clone();
        calls(times, &mut service)
    })
}

/// Where another thread holds its lock, an open one is ready after 1 ms. A new clone may ask again
/// at once, which is faster.
fn answer(service: &mut Guarded, request: u32) -> Answer {
    let waker = std::task::Waker::noop();
    while service
        .poll_ready(&mut Context::from_waker(waker))
        .is_pending()
    {
        *service = service.clone();
    }
    finish(service.call(black_box(request)))
}

fn is_ok(answer: &Answer) -> bool {
    answer.is_ok()
}

fn is_inner(answer: &Answer) -> bool {
    matches!(answer, Err(CircuitBreakerError::Inner(_)))
}
