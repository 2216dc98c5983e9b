//! The switch above all circuits: one paid API fails, everything stops, and a person starts it
//! again.
//!
//! ```sh
//! cargo run -p fusebox --example main_breaker
//! ```
#![allow(clippy::print_stdout)] // an example shows what it does

use fusebox::{
    Author, CircuitBreaker, EventBus, EventKind, FailureClass, MainBreaker, Reason, Received,
};
use std::error::Error;
use std::sync::Arc;

fn main() -> Result<(), Box<dyn Error>> {
    let events = EventBus::new(64);
    let main = MainBreaker::new(Arc::clone(&events));
    let circuit = |name: &str| {
        let builder = CircuitBreaker::builder(name)
            .consecutive_failures(1)
            .trips_main(true)
            .events(Arc::clone(&events));
        builder.build().map(Arc::new)
    };
    let (apollo, perplexity) = (circuit("apollo")?, circuit("perplexity")?);
    main.join(&apollo);
    main.join(&perplexity);
    let mut told = events.subscribe();

    // One failure of one API.
    apollo.acquire()?.failure(FailureClass::Status);
    let opening = main
        .opened()
        .ok_or("apollo's opening opens the main breaker")?;
    assert_eq!(opening.circuit.as_deref(), Some("apollo"));
    println!("stopped: {}", opening.reason);

    // The other one is well, and rejects too.
    let Err(no) = perplexity.acquire() else {
        return Err("the main breaker outranks it".into());
    };
    assert_eq!((no.reason(), no.retry_after()), (Reason::Main, None));

    // A person has looked. Circuits that opened by themselves go on from where they are.
    main.close(&Author::new("ada"));
    perplexity.acquire()?.success();
    assert!(apollo.acquire().is_err());

    let mut lines = Vec::new();
    while let Some(received) = told.try_next() {
        if let Received::Event(event) = received {
            println!("event: {event}");
            lines.push(event.kind);
        }
    }
    let main_opened = |kind: &EventKind| matches!(kind, EventKind::MainOpened(_));
    let main_closed = |kind: &EventKind| matches!(kind, EventKind::MainClosed { .. });
    assert!(lines.iter().any(main_opened) && lines.iter().any(main_closed));
    Ok(())
}
