//! What a person does to a circuit during maintenance: hold it open with a reason and an end,
//! release it early. Every act is an event with its author.
//!
//! ```sh
//! cargo run -p fusebox --example hold
//! ```
#![allow(clippy::print_stdout)] // an example shows what it does

use fusebox::{
    Author, CircuitBreaker, HoldKind, HoldRequest, ManualClock, Reason, Received, State,
};
use std::error::Error;
use std::time::Duration;

fn main() -> Result<(), Box<dyn Error>> {
    let clock = ManualClock::new();
    let billing = CircuitBreaker::builder("billing")
        .clock(clock.clone())
        .build()?;
    let mut events = billing.subscribe();
    let maria = Author::new("maria");

    billing.hold(HoldRequest {
        kind: HoldKind::ForcedOpen,
        reason: "the disk is being replaced".to_owned(),
        author: maria.clone(),
        for_: Some(Duration::from_secs(3600)),
    });
    clock.advance(Duration::from_secs(600));
    let no = billing.acquire().err().ok_or("it is held open")?;
    println!("{no}");
    assert_eq!(no.reason(), Reason::ForcedOpen);
    assert_eq!(no.retry_after(), Some(Duration::from_secs(3000))); // callers are told how long

    // Done early. It is half-open now: two good trials, then trust.
    billing.release(&maria);
    assert_eq!(billing.state(), State::HalfOpen);
    billing.acquire()?.success();
    billing.acquire()?.success();
    assert_eq!(billing.state(), State::Closed);

    let mut log = Vec::new();
    while let Some(received) = events.try_next() {
        match received {
            Received::Event(event) => log.push(event.to_string()),
            Received::Missed(n) => log.push(format!("{n} events were overwritten")),
        }
    }
    println!("{}", log.join("\n"));
    assert!(log[0].contains("held forced_open by maria: the disk is being replaced"));
    Ok(())
}
