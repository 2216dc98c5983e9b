//! What the harness itself costs: nothing around the call.

use super::case;
use crate::case::{Case, Row, finish, repeat};
use std::hint::black_box;

pub(crate) fn cases() -> Vec<Case> {
    vec![
        case(
            "-",
            Row::SuccessRate,
            "no breaker: the floor of the harness",
            || Box::new(|times| repeat(times, || black_box(Ok::<u32, ()>(1)).is_ok())),
        ),
        case(
            "-",
            Row::Async,
            "no breaker: the floor of the harness",
            || {
                let one = || finish(std::future::ready(Ok::<u32, ()>(black_box(1)))).is_ok();
                Box::new(move |times| repeat(times, one))
            },
        ),
    ]
}
