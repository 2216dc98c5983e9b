//! What other breakers for Rust get wrong, each defect a test. Where a name in brackets stands
//! at a test, the defect was measured there.

mod late;
mod opening;
mod recovery;
mod trials;
mod windows;

use fusebox::{CircuitBreaker, FailureClass, ManualClock, Settled};
use std::sync::Arc;
use std::time::Duration;

fn fail(breaker: &CircuitBreaker) -> Settled {
    breaker.acquire().unwrap().failure(FailureClass::Status)
}

fn succeed(breaker: &CircuitBreaker) -> Settled {
    breaker.acquire().unwrap().success()
}

fn fail_times(breaker: &CircuitBreaker, times: u32) {
    for _ in 0..times {
        fail(breaker);
    }
}

fn succeed_times(breaker: &CircuitBreaker, times: u32) {
    for _ in 0..times {
        succeed(breaker);
    }
}

/// Opens after one failure for a second; the clock stands at the end of it.
fn after_the_open_period(
    set: impl FnOnce(fusebox::Builder) -> fusebox::Builder,
) -> (Arc<CircuitBreaker>, ManualClock) {
    let second = Duration::from_secs(1);
    let (breaker, clock) =
        crate::stand::breaker(|b| set(b.consecutive_failures(1).open_for(second)));
    fail(&breaker);
    clock.advance(second);
    (breaker, clock)
}
