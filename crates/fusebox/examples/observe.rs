//! Before a breaker is trusted: it watches for a week, rejects nobody, and tells when it would
//! have opened. Then its settings are changed while it runs.
//!
//! ```sh
//! cargo run -p fusebox --example observe
//! ```
#![allow(clippy::print_stdout)] // an example shows what it does

use fusebox::{Author, CircuitBreaker, FailureClass, HoldKind, HoldRequest, ManualClock};
use fusebox::{Received, Settings};
use std::error::Error;
use std::time::Duration;

const WEEK: Duration = Duration::from_secs(7 * 86_400);

fn main() -> Result<(), Box<dyn Error>> {
    let clock = ManualClock::new();
    let billing = CircuitBreaker::builder("billing")
        .consecutive_failures(3)
        .clock(clock.clone())
        .build()?;
    let maria = Author::new("maria");
    billing.hold(HoldRequest {
        kind: HoldKind::Observe,
        reason: "first week".to_owned(),
        author: maria.clone(),
        for_: Some(WEEK),
    });

    let mut events = billing.subscribe();
    for _ in 0..3 {
        billing.acquire()?.failure(FailureClass::Status);
    }
    assert!(billing.acquire().is_ok());
    let Some(Received::Event(event)) = events.try_next() else {
        return Err("three failures in a row would have opened it".into());
    };
    println!("{event}");
    assert!(
        event
            .to_string()
            .starts_with("billing would have opened: 3 failures in a row")
    );

    // That was a deployment, nothing worse: allow a few more. It judges so from the next call on.
    let patient = Settings::builder().consecutive_failures(10).build()?;
    billing.change_settings(patient, &maria)?;
    assert_eq!(billing.settings().consecutive_failures(), Some(10));

    // After the week the hold ends by itself, and the breaker means it.
    clock.advance(WEEK);
    assert!(billing.snapshot().hold.is_none());
    Ok(())
}
