//! R3: a call that passes the slow-call limit is slow while it is still under way.

use crate::stand::{breaker, hold, ms, percent, secs, tester};
use fusebox::{
    Cause, CircuitBreaker, EventKind, FailureClass, HoldKind, ManualClock, OwnedPermit, Received,
    Settled, State,
};
use std::sync::Arc;

/// Slow after 1 s; half of at least 4 calls.
fn watchful() -> (Arc<CircuitBreaker>, ManualClock) {
    breaker(|b| {
        let b = b.slow_call_rate(percent("50%")).slow_call_duration(secs(1));
        b.minimum_calls(4).failure_rate(percent("100%"))
    })
}

fn begin(breaker: &Arc<CircuitBreaker>, calls: usize) -> Vec<OwnedPermit> {
    (0..calls)
        .map(|_| breaker.acquire_owned().unwrap())
        .collect()
}

#[test]
fn calls_that_hang_open_the_circuit_before_any_of_them_ends() {
    let (breaker, clock) = watchful();
    let mut hanging = begin(&breaker, 4);
    clock.advance(secs(1));
    for permit in &mut hanging[..3] {
        permit.overdue();
    }
    assert_eq!(breaker.state(), State::Closed, "3 are below the minimum");
    hanging[3].overdue();
    assert_eq!(breaker.state(), State::Open);
    let why = breaker.snapshot().why.unwrap();
    assert_eq!(why.cause, Cause::SlowCallRate);
    assert_eq!((why.evidence.calls, why.evidence.slow), (4, 4));
    for permit in hanging {
        assert_eq!(permit.failure(FailureClass::Timeout), Settled::Late);
    }
}

#[test]
fn an_overdue_call_is_recorded_once_when_it_is_settled() {
    let (breaker, clock) = watchful();
    let mut permits = begin(&breaker, 3);
    clock.advance(secs(2));
    permits.iter_mut().for_each(OwnedPermit::overdue);
    permits.iter_mut().for_each(OwnedPermit::overdue);
    assert_eq!(breaker.snapshot().window.calls, 0);
    for permit in permits {
        permit.success();
    }
    let window = breaker.snapshot().window;
    assert_eq!((window.calls, window.slow, window.failures), (3, 3, 0));
    assert_eq!(breaker.state(), State::Closed);
    breaker.acquire().unwrap().success();
    assert_eq!(breaker.state(), State::Open, "3 of 4 were slow");
}

#[test]
fn ignored_and_dropped_calls_are_no_longer_overdue() {
    let (breaker, clock) = watchful();
    let mut permits = begin(&breaker, 3);
    clock.advance(secs(2));
    permits.iter_mut().for_each(OwnedPermit::overdue);
    permits.pop().unwrap().ignore();
    permits.clear();
    let mut next = begin(&breaker, 3);
    clock.advance(secs(2));
    next.iter_mut().for_each(OwnedPermit::overdue);
    assert_eq!(breaker.state(), State::Closed, "3 are below the minimum");
}

#[test]
fn a_trial_fails_at_the_limit_and_is_late_afterwards() {
    let (breaker, clock) = watchful();
    breaker.transition(State::Open, &tester()).unwrap();
    clock.advance(secs(5));
    let mut trial = breaker.acquire().unwrap();
    assert!(trial.is_trial());
    clock.advance(ms(999));
    trial.overdue();
    assert_eq!(breaker.state(), State::HalfOpen, "not yet over the limit");
    clock.advance(ms(1));
    trial.overdue();
    assert_eq!(breaker.state(), State::Open);
    assert_eq!(breaker.snapshot().why.unwrap().cause, Cause::TrialFailed);
    assert_eq!(trial.success(), Settled::Late);
}

#[test]
fn a_head_in_time_a_missing_limit_and_an_ended_generation_count_for_nothing() {
    let (breaker, clock) = watchful();
    let mut permits = begin(&breaker, 4);
    permits.iter_mut().for_each(OwnedPermit::head_arrived);
    clock.advance(secs(5));
    permits.iter_mut().for_each(OwnedPermit::overdue);
    assert_eq!(breaker.state(), State::Closed, "their heads came in time");

    let mut late = begin(&breaker, 4);
    clock.advance(secs(2));
    breaker.reset(&tester());
    late.iter_mut().for_each(OwnedPermit::overdue);
    assert_eq!(breaker.state(), State::Closed);

    let (plain, clock) = crate::stand::breaker(|b| b);
    let mut permit = plain.acquire().unwrap();
    clock.advance(secs(60));
    permit.overdue();
    permit.success();
    assert_eq!(plain.snapshot().totals.success, 1);
}

#[test]
fn under_observe_it_is_only_reported() {
    let (breaker, clock) = watchful();
    breaker.hold(hold(HoldKind::Observe, None));
    let mut told = breaker.subscribe();
    let mut hanging = begin(&breaker, 4);
    clock.advance(secs(1));
    hanging.iter_mut().for_each(OwnedPermit::overdue);
    assert_eq!(breaker.state(), State::Closed);
    let would_open = |received: &Received| match received {
        Received::Event(event) => matches!(event.kind, EventKind::WouldOpen { .. }),
        Received::Missed(_) => false,
    };
    let reported = std::iter::from_fn(|| told.try_next()).filter(would_open);
    assert_eq!(reported.count(), 1);
}
