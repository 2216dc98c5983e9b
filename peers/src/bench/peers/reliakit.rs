//! reliakit-circuit: a plain value without synchronisation and without a clock. It is shared behind
//! the fastest mutex there is, and its time is read where it asks for it, from the clock that costs
//! least (the same as ours); its successes need none.

use super::{CALLS, HOUR, case};
use crate::case::{Case, Row, every_tenth_fails, repeat};
use parking_lot::Mutex;
use reliakit_circuit::{CircuitBreaker, RollingBreaker};
use rustix::time::{ClockId, clock_gettime};
use std::hint::black_box;

const PEER: &str = "reliakit-circuit 1.1.0";
const RATE: &str = "N of the last 100 calls, in a mutex";
const RUN: &str = "consecutive, in a mutex";

pub(crate) fn cases() -> Vec<Case> {
    vec![
        case(PEER, Row::SuccessRate, RATE, || {
            let breaker = Mutex::new(rolling(CALLS as u32 / 2));
            Box::new(move |times| {
                repeat(times, || {
                    let admitted = breaker.lock().allow(now());
                    breaker.lock().on_success();
                    admitted
                })
            })
        }),
        case(PEER, Row::SuccessRun, RUN, || {
            let breaker = Mutex::new(CircuitBreaker::new(5, cooldown()));
            Box::new(move |times| {
                repeat(times, || {
                    let admitted = breaker.lock().allow(now());
                    breaker.lock().on_success();
                    admitted
                })
            })
        }),
        case(PEER, Row::MixedRate, RATE, || {
            let breaker = Mutex::new(rolling(CALLS as u32 / 2));
            Box::new(move |times| {
                every_tenth_fails(times, |fails| {
                    let admitted = breaker.lock().allow(now());
                    if black_box(fails) {
                        breaker.lock().on_failure(now());
                    } else {
                        breaker.lock().on_success();
                    }
                    admitted
                })
            })
        }),
        case(PEER, Row::FailureRate, RATE, || {
            let breaker = Mutex::new(rolling(u32::MAX));
            Box::new(move |times| {
                repeat(times, || {
                    let admitted = breaker.lock().allow(now());
                    breaker.lock().on_failure(now());
                    admitted
                })
            })
        }),
        case(PEER, Row::FailureRun, RUN, || {
            let breaker = Mutex::new(CircuitBreaker::new(u32::MAX, cooldown()));
            Box::new(move |times| {
                repeat(times, || {
                    let admitted = breaker.lock().allow(now());
                    breaker.lock().on_failure(now());
                    admitted
                })
            })
        }),
        case(PEER, Row::Rejection, RUN, || {
            let breaker = Mutex::new(CircuitBreaker::new(5, cooldown()));
            breaker.lock().trip(now());
            Box::new(move |times| repeat(times, || !breaker.lock().allow(now())))
        }),
    ]
}

fn rolling(failures: u32) -> RollingBreaker<CALLS> {
    RollingBreaker::new(failures, cooldown())
}

fn cooldown() -> u64 {
    HOUR.as_millis() as u64
}

/// Milliseconds, as its documentation advises.
fn now() -> u64 {
    let now = clock_gettime(ClockId::MonotonicCoarse);
    now.tv_sec as u64 * 1_000 + now.tv_nsec as u64 / 1_000_000
}
