//! R17: after a close the admitted share grows from a tenth to all.

use crate::stand::{breaker, ms, secs, tester, together};
use fusebox::{CircuitBreaker, FailureClass, ManualClock, Reason, State};
use std::sync::Arc;

/// Just closed by a trial, at the start of a ramp of ten seconds.
fn ramping() -> (Arc<CircuitBreaker>, ManualClock) {
    let (breaker, clock) = breaker(|b| {
        b.consecutive_failures(3)
            .open_for(secs(1))
            .half_open_successes(1)
            .ramp(secs(10))
    });
    breaker.transition(State::HalfOpen, &tester()).unwrap();
    breaker.acquire().unwrap().success();
    assert_eq!(breaker.state(), State::Closed);
    (breaker, clock)
}

#[test]
fn the_share_is_kept_within_one_call_at_every_instant() {
    let (breaker, clock) = ramping();
    let (mut due, mut admitted) = (0.0, 0.0);
    for call in 0..2_000_u32 {
        let share = 0.1 + 0.9 * f64::from(call) / 2_000.0;
        due += share;
        match breaker.acquire() {
            Ok(permit) => {
                permit.success();
                admitted += 1.0;
            }
            Err(told) => assert_eq!((told.reason(), told.retry_after()), (Reason::Ramp, None)),
        }
        assert!(
            (admitted - due).abs() <= 1.000_001,
            "call {call}: {admitted} of {due}"
        );
        clock.advance(ms(5));
    }
    assert!(
        (0..100).all(|_| breaker.acquire().is_ok()),
        "after the ramp every call passes"
    );
}

#[test]
fn threads_together_keep_the_share() {
    let (breaker, clock) = ramping();
    clock.advance(secs(5));
    let admitted: usize = together(4, |_| {
        (0..1_000)
            .filter(|_| breaker.acquire().map(fusebox::PermitOf::success).is_ok())
            .count()
    })
    .into_iter()
    .sum();
    assert!(
        (2_199..=2_201).contains(&admitted),
        "{admitted} of 4,000 at 55 %"
    );
}

#[test]
fn policies_judge_meanwhile() {
    let (breaker, clock) = ramping();
    clock.advance(secs(5));
    let mut failures = 0;
    while failures < 3 {
        if let Ok(permit) = breaker.acquire() {
            permit.failure(FailureClass::Connect);
            failures += 1;
        }
    }
    assert_eq!(breaker.state(), State::Open);
}

#[test]
fn a_close_by_hand_does_not_ramp() {
    let (breaker, _clock) = breaker(|b| b.ramp(secs(10)));
    breaker.transition(State::Open, &tester()).unwrap();
    breaker.transition(State::Closed, &tester()).unwrap();
    assert!((0..100).all(|_| breaker.acquire().is_ok()));
    breaker.transition(State::Open, &tester()).unwrap();
    breaker.reset(&tester());
    assert!((0..100).all(|_| breaker.acquire().is_ok()));
}
