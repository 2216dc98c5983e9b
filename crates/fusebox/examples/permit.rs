//! A breaker by hand: ask for a permit, make the call in any way, and say how it went, with what
//! the dependency said about itself.
//!
//! ```sh
//! cargo run -p fusebox --example permit
//! ```
#![allow(clippy::print_stdout)] // an example shows what it does

use fusebox::{CircuitBreaker, ManualClock, Rejection, Settlement, classify};
use std::error::Error;
use std::time::Duration;

/// Makes one call and tells the breaker how it went.
fn send(breaker: &CircuitBreaker, status: u16, rest: Duration) -> Result<u16, Rejection> {
    let permit = breaker.acquire()?; // the whole protection: no permit, no call
    // ... here the request would be sent, and answered with a status and a Retry-After ...
    permit.settle(Settlement::new(classify::status(status)).retry_after(rest));
    Ok(status)
}

fn main() -> Result<(), Box<dyn Error>> {
    let clock = ManualClock::new();
    let search = CircuitBreaker::builder("search")
        .consecutive_failures(2)
        .clock(clock.clone())
        .build()?;

    // Answers that say nothing against the dependency.
    for status in [200, 404, 429] {
        send(&search, status, Duration::ZERO)?;
    }
    let totals = search.snapshot().totals;
    assert_eq!((totals.success, totals.ignored, totals.failure), (2, 1, 0));

    // Two that do. The second one asks for half a minute of rest, and gets it.
    let rest = Duration::from_secs(30);
    send(&search, 500, Duration::ZERO)?;
    send(&search, 503, rest)?;
    let no = send(&search, 200, Duration::ZERO)
        .err()
        .ok_or("the circuit is open")?;
    println!("rejected: {no}");
    assert_eq!(no.retry_after(), Some(rest));

    // A permit that is lost gives its place back: no trial place is ever lost with it.
    clock.advance(rest);
    drop(search.acquire()?);
    assert!(search.acquire()?.is_trial());
    Ok(())
}
