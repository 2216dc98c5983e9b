//! A breaker around a plain function: what a caller sees while the dependency is down, and how the
//! circuit finds out that it is well again.
//!
//! ```sh
//! cargo run -p fusebox --example closure
//! ```
#![allow(clippy::print_stdout)] // an example shows what it does

use fusebox::{CallError, CircuitBreaker, ManualClock, State};
use std::error::Error;
use std::io;
use std::time::Duration;

/// The dependency: a card reader that is unplugged for the first five calls.
fn charge(call: u32) -> io::Result<u32> {
    if call <= 5 {
        return Err(io::ErrorKind::ConnectionRefused.into());
    }
    Ok(100)
}

fn main() -> Result<(), Box<dyn Error>> {
    // A program leaves the clock out; here it is moved by hand, so that nobody waits.
    let clock = ManualClock::new();
    let breaker = CircuitBreaker::builder("cards")
        .consecutive_failures(5)
        .open_for(Duration::from_secs(10))
        .clock(clock.clone())
        .build()?;

    let (mut reached, mut rejected) = (0, 0);
    for _ in 0..20 {
        let answer = breaker.call(|| {
            reached += 1;
            charge(reached)
        });
        match answer {
            Ok(cents) => println!("charged {cents}"),
            Err(CallError::Failed(error)) => println!("was called, and failed: {error}"),
            Err(CallError::Rejected(_)) => rejected += 1,
        }
    }
    println!("{reached} calls reached the reader, {rejected} were rejected at once");
    assert_eq!((reached, rejected), (5, 15));

    // When to come back is part of the rejection.
    let no = breaker.call(|| charge(6)).err().and_then(|e| e.rejection());
    let wait = no
        .and_then(fusebox::Rejection::retry_after)
        .ok_or("the circuit is open")?;
    clock.advance(wait);
    assert_eq!(breaker.state(), State::HalfOpen);

    // Two good trials in a row close it.
    breaker.call(|| charge(6))?;
    breaker.call(|| charge(7))?;
    assert_eq!(breaker.state(), State::Closed);
    println!("well again");
    Ok(())
}
