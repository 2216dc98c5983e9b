//! recloser: a ring of the last calls is its only policy.

use super::{CALLS, HOUR, case};
use crate::case::{Case, Row, answer, every_tenth_fails, finish, repeat};
use recloser::{AsyncRecloser, Error, Recloser};
use std::hint::black_box;

const PEER: &str = "recloser 1.4.0";
const HOW: &str = "ring of 100 calls";

pub(crate) fn cases() -> Vec<Case> {
    vec![
        case(PEER, Row::SuccessRate, HOW, || {
            let breaker = ring(0.5);
            Box::new(move |times| {
                repeat(times, || {
                    breaker.call(|| Ok::<u32, ()>(black_box(1))).is_ok()
                })
            })
        }),
        case(PEER, Row::MixedRate, HOW, || {
            let breaker = ring(0.5);
            Box::new(move |times| {
                let call = |fails| breaker.call(|| answer(fails));
                every_tenth_fails(times, |fails| !matches!(call(fails), Err(Error::Rejected)))
            })
        }),
        case(PEER, Row::FailureRate, HOW, || {
            // More failures than calls: it judges every time, and never opens.
            let breaker = ring(2.0);
            Box::new(move |times| {
                let call = || breaker.call(|| Err::<u32, u32>(black_box(1)));
                repeat(times, || matches!(call(), Err(Error::Inner(_))))
            })
        }),
        case(PEER, Row::Rejection, HOW, || {
            let breaker = ring(0.5);
            for _ in 0..=CALLS {
                let _ = breaker.call(|| Err::<u32, ()>(()));
            }
            Box::new(move |times| repeat(times, || breaker.call(|| Ok::<u32, ()>(1)).is_err()))
        }),
        case(PEER, Row::Async, HOW, || {
            let breaker = AsyncRecloser::from(ring(0.5));
            let call = move || breaker.call(std::future::ready(Ok::<u32, ()>(black_box(1))));
            Box::new(move |times| repeat(times, || finish(call()).is_ok()))
        }),
    ]
}

fn ring(error_rate: f32) -> Recloser {
    Recloser::custom()
        .error_rate(error_rate)
        .closed_len(CALLS)
        .open_wait(HOUR)
        .build()
}
