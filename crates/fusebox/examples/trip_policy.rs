//! A policy of your own, which judges beside the settings.
//!
//! ```sh
//! cargo run -p fusebox --example trip_policy
//! ```
#![allow(clippy::print_stdout)] // an example shows what it does

use fusebox::{Cause, CircuitBreaker, Seen, State, TripPolicy};
use std::error::Error;

/// Opens when a tenth of the first hundred calls in the window has failed: a fresh deployment is
/// trusted less than one with more traffic behind it.
#[derive(Debug)]
struct BadStart;

impl TripPolicy for BadStart {
    fn name(&self) -> &'static str {
        "bad_start"
    }

    fn opens(&self, seen: &Seen) -> bool {
        let young = seen.window.calls <= 100;
        young && seen.failure && seen.window.failures * 10 >= seen.window.calls
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let breaker = CircuitBreaker::builder("new-release")
        .trip_policy(BadStart)
        .build()?;

    for _ in 0..15 {
        breaker.acquire()?.success();
    }
    breaker.acquire()?.failure(fusebox::FailureClass::Status); // 1 of 16: not yet
    assert_eq!(breaker.state(), State::Closed);
    breaker.acquire()?.failure(fusebox::FailureClass::Status); // 2 of 17: more than a tenth
    assert_eq!(breaker.state(), State::Open);

    let why = breaker.snapshot().why.ok_or("it has opened")?;
    assert_eq!(why.cause, Cause::Policy("bad_start"));
    println!("opened: {}", why.evidence.explain(why.cause));
    Ok(())
}
