//! Makes so many calls of one kind, for callgrind to count: `instructions CASE TIMES`.
//!
//! Two runs with different numbers of calls differ by nothing but calls, so that their difference
//! is what calls cost, exactly. `scripts/callgrind` does that.

#![allow(clippy::unwrap_used, clippy::panic)] // what cannot be set up has nothing to say

use fusebox::{Author, CircuitBreaker, FailureClass, State};
use std::hint::black_box;
use std::sync::Barrier;
use std::time::Duration;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (Some(case), Some(times)) = (arguments.next(), arguments.next()) else {
        panic!("usage: instructions CASE TIMES");
    };
    let times: u32 = times.parse().unwrap();
    match case.as_str() {
        "success-defaults" => succeed(&defaults(), times),
        "success-ninth-thread" => succeed_ninth(&defaults(), times),
        "success-consecutive" => succeed(&run(5, false), times),
        "call-defaults" => call(&defaults(), times),
        "call-consecutive" => call(&run(5, false), times),
        "failure-defaults" => fail(&rated(), times),
        "failure-consecutive" => fail(&run(1_048_576, true), times),
        "rejection" => reject(&open(), times),
        other => panic!("there is no case {other}"),
    }
}

fn defaults() -> CircuitBreaker {
    CircuitBreaker::builder("defaults").build().unwrap()
}

fn run(failures: u32, counted: bool) -> CircuitBreaker {
    let builder = CircuitBreaker::builder("run").consecutive_failures(failures);
    builder.count_calls(counted).build().unwrap()
}

/// Judged at every failure, with never enough calls to open.
fn rated() -> CircuitBreaker {
    let builder =
        CircuitBreaker::builder("rate").failure_rate(fusebox::Rate::parse("50%").unwrap());
    builder.minimum_calls(u32::MAX).build().unwrap()
}

fn open() -> CircuitBreaker {
    let builder = CircuitBreaker::builder("open").open_for(Duration::from_secs(3_600));
    let open = builder.build().unwrap();
    open.transition(State::Open, &Author::system()).unwrap();
    open
}

fn succeed(breaker: &CircuitBreaker, times: u32) {
    for _ in 0..times {
        black_box(black_box(breaker).acquire().unwrap().success());
    }
}

/// The same in a thread whose cells are not at hand any more: eight have theirs already.
fn succeed_ninth(breaker: &CircuitBreaker, times: u32) {
    let (begun, over) = (Barrier::new(9), Barrier::new(9));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                succeed(breaker, 1);
                begun.wait();
                over.wait();
            });
        }
        begun.wait();
        succeed(breaker, times);
        over.wait();
    });
}

fn call(breaker: &CircuitBreaker, times: u32) {
    for n in 0..times {
        let called: Result<u32, _> = black_box(breaker).call(|| black_box(Ok::<_, ()>(n)));
        let _ = black_box(called);
    }
}

fn fail(breaker: &CircuitBreaker, times: u32) {
    for _ in 0..times {
        let permit = black_box(breaker).acquire().unwrap();
        black_box(permit.failure(FailureClass::Other));
    }
}

fn reject(breaker: &CircuitBreaker, times: u32) {
    for _ in 0..times {
        black_box(black_box(breaker).acquire()).unwrap_err();
    }
}
