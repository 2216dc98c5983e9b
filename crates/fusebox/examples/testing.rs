//! A test of your own code that sleeps nowhere: a clock that it moves, a back end that follows a
//! script, and assertions on what the breaker did.
//!
//! ```sh
//! cargo run -p fusebox --example testing
//! ```

use fusebox::State::{Closed, HalfOpen, Open};
use fusebox::testing::{BackEnd, ManualClock, Step, Transitions, assert_rejected};
use fusebox::{CallError, CircuitBreaker, Rate, Reason};
use std::error::Error;
use std::time::Duration;

/// The code under test: it answers from the back end, or with an apology.
struct Explainer<'a, F> {
    breaker: &'a CircuitBreaker,
    ask: F,
}

impl<F: Fn() -> Result<&'static str, &'static str>> Explainer<'_, F> {
    fn explain(&self) -> Result<&'static str, CallError<&'static str>> {
        self.breaker.call(&self.ask)
    }

    fn explain_or_apologise(&self) -> &'static str {
        self.explain().unwrap_or("not available at the moment")
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let clock = ManualClock::new();
    let script = [
        Step::ok("because"),
        Step::err("down").times(3),
        Step::ok("because"),
    ];
    let rag = BackEnd::new(&clock, script).then_repeat_last();
    let breaker = CircuitBreaker::builder("rag")
        .consecutive_failures(3)
        .open_for(Duration::from_secs(60))
        .jitter(Rate::ZERO) // so that the minute is a minute
        .half_open_successes(1)
        .clock(clock.clone())
        .build()?;
    let mut transitions = Transitions::watch(&breaker);
    let explainer = Explainer {
        breaker: &breaker,
        ask: || rag.call(),
    };

    assert_eq!(explainer.explain_or_apologise(), "because");
    for _ in 0..10 {
        assert_eq!(
            explainer.explain_or_apologise(),
            "not available at the moment"
        );
    }
    assert_eq!(rag.calls(), 4); // one good call, three that failed, none after that
    assert_rejected(&explainer.explain(), Reason::Open);
    transitions.assert([(Closed, Open)]);

    clock.advance(Duration::from_secs(60));
    assert_eq!(explainer.explain_or_apologise(), "because");
    transitions.assert([(Open, HalfOpen), (HalfOpen, Closed)]);
    Ok(())
}
