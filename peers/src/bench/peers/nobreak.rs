//! nobreak: failures in a row are its only policy.

use super::{HOUR, case};
use crate::case::{Case, Row, finish, repeat};
use nobreak::{CircuitBreaker, CircuitError};
use std::hint::black_box;

const PEER: &str = "nobreak 0.1.0";
const HOW: &str = "consecutive";

pub(crate) fn cases() -> Vec<Case> {
    vec![
        case(PEER, Row::SuccessRun, HOW, || {
            let breaker = run(5);
            Box::new(move |times| {
                repeat(times, || {
                    breaker.call(|| Ok::<u32, ()>(black_box(1))).is_ok()
                })
            })
        }),
        case(PEER, Row::FailureRun, HOW, || {
            let breaker = run(usize::MAX);
            Box::new(move |times| {
                let call = || breaker.call(|| Err::<u32, u32>(black_box(1)));
                repeat(times, || matches!(call(), Err(CircuitError::Failed { .. })))
            })
        }),
        case(PEER, Row::Rejection, HOW, || {
            let breaker = run(1);
            let _ = breaker.call(|| Err::<u32, ()>(()));
            Box::new(move |times| repeat(times, || breaker.call(|| Ok::<u32, ()>(1)).is_err()))
        }),
        case(PEER, Row::Async, HOW, || {
            let breaker = run(5);
            Box::new(move |times| {
                let ready = || std::future::ready(Ok::<u32, ()>(black_box(1)));
                repeat(times, || finish(breaker.call_async(ready)).is_ok())
            })
        }),
    ]
}

fn run(failures: usize) -> CircuitBreaker {
    nobreak::builder()
        .with_failure_threshold(failures)
        .with_open_duration(HOUR)
        .build()
}
