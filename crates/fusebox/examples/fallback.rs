//! Answers for the time that a dependency is away: the last good one while it is young enough, a
//! fixed one after that. They are counted, and can be switched off alone.
//!
//! ```sh
//! cargo run -p fusebox --example fallback
//! ```
#![allow(clippy::print_stdout)] // an example shows what it does

use fusebox::{CallError, CircuitBreaker, FixedAnswer, LastGood, ManualClock};
use std::error::Error;
use std::time::Duration;

fn main() -> Result<(), Box<dyn Error>> {
    let clock = ManualClock::new();
    let rates = CircuitBreaker::builder("exchange-rates")
        .consecutive_failures(2)
        .clock(clock.clone())
        .build()?;
    let last_good = LastGood::new(Duration::from_secs(600)).clock(clock.clone());
    let nothing = FixedAnswer("no rate today");

    // Asks the dependency; else the last good answer; else the fixed one.
    let ask = |answer: Result<&'static str, &'static str>| {
        let result = rates.call_or(&last_good, || answer);
        rates.or_fallback(&nothing, result)
    };

    assert_eq!(ask(Ok("1.08")), Ok("1.08"));
    for _ in 0..5 {
        assert_eq!(ask(Err("connection refused")), Ok("1.08")); // failed twice, then rejected
    }
    clock.advance(Duration::from_secs(600)); // what was good is too old now
    assert_eq!(ask(Err("connection refused")), Ok("no rate today"));

    for (kind, times) in rates.fallbacks() {
        println!("answered by {kind}: {times}");
    }
    assert_eq!(rates.fallbacks(), [("last_good", 5), ("fixed", 1)]);

    // Somebody wants to see what is really there.
    rates.set_fallback_enabled(false);
    let bare = ask(Err("connection refused"));
    println!("without: {bare:?}");
    assert!(matches!(bare, Err(CallError::Rejected(_))));
    Ok(())
}
