//! breaker-machines: a count or a rate over a window of time. Its `call` takes `&mut self`, so that
//! threads share it behind the fastest mutex there is; the async one has its own.

use super::{HOUR, case};
use crate::case::{Calls, Case, Row, answer, every_tenth_fails, finish, repeat};
use breaker_machines::{CircuitBreaker, CircuitError};
use parking_lot::Mutex;
use std::hint::black_box;

const PEER: &str = "breaker-machines 0.16.1";
const RATE: &str = "rate over 10 s (at most 1000 calls), in a mutex";
const COUNT: &str = "count over 10 s (at most 1000 calls)";

pub(crate) fn cases() -> Vec<Case> {
    vec![
        case(PEER, Row::SuccessRate, RATE, || {
            let breaker = Mutex::new(rate());
            Box::new(move |times| {
                let call = || breaker.lock().call(|| Ok::<u32, ()>(black_box(1)));
                repeat(times, || call().is_ok())
            })
        }),
        case(PEER, Row::MixedRate, RATE, || {
            let breaker = Mutex::new(rate());
            Box::new(move |times| {
                let call = |fails| breaker.lock().call(move || answer(fails));
                let is_answer =
                    |fails| matches!(call(fails), Ok(_) | Err(CircuitError::Execution(_)));
                every_tenth_fails(times, is_answer)
            })
        }),
        case(PEER, Row::FailureRate, RATE, || fails(rate())),
        case(PEER, Row::Rejection, RATE, || {
            let builder = CircuitBreaker::builder("open").failure_threshold(1);
            let breaker = Mutex::new(builder.half_open_timeout_secs(HOUR.as_secs_f64()).build());
            let _ = breaker.lock().call(|| Err::<u32, ()>(()));
            Box::new(move |times| {
                repeat(times, || breaker.lock().call(|| Ok::<u32, ()>(1)).is_err())
            })
        }),
        case(PEER, Row::Async, COUNT, || {
            let builder = CircuitBreaker::builder("async").failure_threshold(5);
            let breaker = builder.failure_window_secs(10.0).build_async();
            Box::new(move |times| {
                let ready = || std::future::ready(Ok::<u32, ()>(black_box(1)));
                repeat(times, || finish(breaker.call(ready)).is_ok())
            })
        }),
    ]
}

/// So many calls are never in its window that a rate of failures would open it.
fn rate() -> CircuitBreaker {
    let builder = CircuitBreaker::builder("rate").disable_failure_threshold();
    let builder = builder.failure_rate(0.5).minimum_calls(usize::MAX);
    builder.failure_window_secs(10.0).build()
}

fn fails(breaker: CircuitBreaker) -> Calls {
    let breaker = Mutex::new(breaker);
    Box::new(move |times| {
        let call = || breaker.lock().call(|| Err::<u32, u32>(black_box(1)));
        repeat(times, || matches!(call(), Err(CircuitError::Execution(_))))
    })
}
