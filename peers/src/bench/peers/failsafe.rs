//! failsafe: `allow` and `on_*` are its cheapest way, and `call` does nothing else.

use super::{HOUR, case};
use crate::case::{Calls, Case, Row, answer, every_tenth_fails, finish, repeat};
use failsafe::futures::CircuitBreaker as Asynchronous;
use failsafe::{CircuitBreaker, Config, FailurePolicy, backoff, failure_policy};
use std::hint::black_box;
use std::time::Duration;

const PEER: &str = "failsafe 1.3.0";

pub(crate) fn cases() -> Vec<Case> {
    vec![
        case(PEER, Row::SuccessRate, "moving average over 10 s", || {
            succeeds(rate())
        }),
        case(PEER, Row::SuccessRun, "consecutive", || succeeds(run(5))),
        case(PEER, Row::MixedRate, "moving average over 10 s", || {
            let breaker = Config::new().failure_policy(rate()).build();
            Box::new(move |times| {
                let call = |fails| CircuitBreaker::call(&breaker, || answer(fails));
                let is_rejected = |answer| matches!(answer, Err(failsafe::Error::Rejected));
                every_tenth_fails(times, |fails| !is_rejected(call(fails)))
            })
        }),
        case(PEER, Row::FailureRate, "moving average over 10 s", || {
            fails(rate())
        }),
        case(PEER, Row::FailureRun, "consecutive", || {
            fails(run(u32::MAX))
        }),
        case(PEER, Row::Rejection, "consecutive", || {
            let breaker = Config::new().failure_policy(run(1)).build();
            let _ = CircuitBreaker::call(&breaker, || Err::<u32, ()>(()));
            Box::new(move |times| {
                repeat(times, || {
                    CircuitBreaker::call(&breaker, || Ok::<u32, ()>(1)).is_err()
                })
            })
        }),
        case(PEER, Row::Async, "consecutive", || {
            let breaker = Config::new().failure_policy(run(5)).build();
            let ready = || std::future::ready(Ok::<u32, ()>(black_box(1)));
            Box::new(move |times| {
                repeat(times, || {
                    finish(Asynchronous::call(&breaker, ready())).is_ok()
                })
            })
        }),
    ]
}

type Run = failure_policy::ConsecutiveFailures<backoff::Constant>;
type Rate = failure_policy::SuccessRateOverTimeWindow<backoff::Constant>;

fn run(failures: u32) -> Run {
    failure_policy::consecutive_failures(failures, backoff::constant(HOUR))
}

/// So many calls are never in its window that a rate of failures would open it.
fn rate() -> Rate {
    let window = Duration::from_secs(10);
    failure_policy::success_rate_over_time_window(0.5, u32::MAX, window, backoff::constant(HOUR))
}

fn succeeds<P: FailurePolicy + Send + Sync + 'static>(policy: P) -> Calls {
    let breaker = Config::new().failure_policy(policy).build();
    Box::new(move |times| {
        repeat(times, || {
            CircuitBreaker::call(&breaker, || Ok::<u32, ()>(black_box(1))).is_ok()
        })
    })
}

fn fails<P: FailurePolicy + Send + Sync + 'static>(policy: P) -> Calls {
    let breaker = Config::new().failure_policy(policy).build();
    Box::new(move |times| {
        let call = || CircuitBreaker::call(&breaker, || Err::<u32, u32>(black_box(1)));
        repeat(times, || matches!(call(), Err(failsafe::Error::Inner(_))))
    })
}
