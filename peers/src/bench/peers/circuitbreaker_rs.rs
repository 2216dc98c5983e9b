//! circuitbreaker-rs: its default policy has a rate over its whole life and a run of failures; the
//! other of the two is put out of reach.

use super::{HOUR, case};
use crate::case::{Calls, Case, Row, answer, every_tenth_fails, finish, repeat};
use circuitbreaker_rs::{BreakerError, CircuitBreaker, DefaultPolicy};
use std::hint::black_box;

const PEER: &str = "circuitbreaker-rs 0.1.1";
const RATE: &str = "rate over its whole life";
const RUN: &str = "consecutive";

type Breaker = CircuitBreaker<DefaultPolicy, std::fmt::Error>;

pub(crate) fn cases() -> Vec<Case> {
    vec![
        case(PEER, Row::SuccessRate, RATE, || {
            succeeds(breaker(0.5, 20, u64::MAX))
        }),
        case(PEER, Row::SuccessRun, RUN, || {
            succeeds(breaker(0.5, u64::MAX, 5))
        }),
        case(PEER, Row::MixedRate, RATE, || {
            let breaker = breaker(0.5, 20, u64::MAX);
            Box::new(move |times| {
                let call = |fails| breaker.call(|| answer(fails).map_err(|_| std::fmt::Error));
                every_tenth_fails(times, |fails| {
                    !matches!(call(fails), Err(BreakerError::Open))
                })
            })
        }),
        case(PEER, Row::FailureRate, RATE, || {
            fails(breaker(2.0, 20, u64::MAX))
        }),
        case(PEER, Row::FailureRun, RUN, || {
            fails(breaker(0.5, u64::MAX, u64::MAX))
        }),
        case(PEER, Row::Rejection, RUN, || {
            let breaker = breaker(0.5, u64::MAX, 1);
            let _ = breaker.call(|| Err::<u32, _>(std::fmt::Error));
            Box::new(move |times| repeat(times, || breaker.call(|| Ok(1)).is_err()))
        }),
        case(PEER, Row::Async, RUN, || {
            let breaker = breaker(0.5, u64::MAX, 5);
            Box::new(move |times| {
                let ready = || std::future::ready(Ok(black_box(1)));
                repeat(times, || finish(breaker.call_async(ready)).is_ok())
            })
        }),
    ]
}

fn breaker(rate: f64, calls: u64, failures: u64) -> Breaker {
    let builder = Breaker::builder()
        .failure_threshold(rate)
        .min_throughput(calls);
    builder
        .consecutive_failures(failures)
        .cooldown(HOUR)
        .build()
}

fn succeeds(breaker: Breaker) -> Calls {
    Box::new(move |times| repeat(times, || breaker.call(|| Ok(black_box(1))).is_ok()))
}

fn fails(breaker: Breaker) -> Calls {
    Box::new(move |times| {
        let call = || breaker.call(|| Err::<u32, _>(black_box(std::fmt::Error)));
        repeat(times, || matches!(call(), Err(BreakerError::Operation(_))))
    })
}
