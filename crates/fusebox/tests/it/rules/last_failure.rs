//! What a snapshot tells people of failures: how many in a row, over an opening too, and the last.

use crate::stand::{breaker, secs, tester};
use fusebox::{BranchSettings, CircuitBreaker, FailureClass, Snapshot, State};

fn fail(breaker: &CircuitBreaker) {
    breaker.acquire().unwrap().failure(FailureClass::Connect);
}

fn succeed(breaker: &CircuitBreaker) {
    breaker.acquire().unwrap().success();
}

/// Failures in a row, and how long ago the last one was.
fn seen(snapshot: &Snapshot) -> (u32, Option<u64>) {
    let ago = |last| snapshot.taken_at.saturating_since(last).as_secs();
    (snapshot.failures_in_row, snapshot.last_failure.map(ago))
}

#[test]
fn failures_in_a_row_go_on_over_an_opening_until_a_success() {
    let (breaker, clock) = breaker(|b| {
        let b = b.consecutive_failures(3).open_for(secs(10)).backoff(1.0);
        b.half_open_successes(2)
    });
    assert_eq!(seen(&breaker.snapshot()), (0, None));
    (0..3).for_each(|_| fail(&breaker));
    assert_eq!(breaker.state(), State::Open);
    assert_eq!(seen(&breaker.snapshot()), (3, Some(0)));
    clock.advance(secs(10));
    assert_eq!(seen(&breaker.snapshot()), (3, Some(10)));
    fail(&breaker);
    assert_eq!(seen(&breaker.snapshot()), (4, Some(0)));
    clock.advance(secs(10));
    succeed(&breaker);
    assert_eq!(breaker.state(), State::HalfOpen);
    assert_eq!(seen(&breaker.snapshot()), (0, Some(10)));
    succeed(&breaker);
    fail(&breaker);
    assert_eq!(seen(&breaker.snapshot()), (1, Some(0)));
}

#[test]
fn a_close_by_hand_ends_the_row_and_keeps_the_last_failure() {
    let (breaker, clock) = breaker(|b| b.consecutive_failures(2));
    (0..2).for_each(|_| fail(&breaker));
    clock.advance(secs(1));
    assert!(breaker.transition(State::Closed, &tester()).unwrap());
    assert_eq!(seen(&breaker.snapshot()), (0, Some(1)));
}

#[test]
fn a_restored_opening_has_its_row_and_a_restored_closed_machine_has_none() {
    let (before, clock) = breaker(|b| b.consecutive_failures(2).open_for(secs(10)));
    fail(&before);
    let closed = before.save();
    fail(&before);
    let open = before.save();
    clock.advance(secs(10));
    fail(&before);
    let open_again = before.save();
    for (saved, expected) in [(closed, 0), (open, 2), (open_again, 3)] {
        let (after, _) = breaker(|b| b.consecutive_failures(2));
        assert!(after.restore(&saved));
        assert_eq!(after.snapshot().failures_in_row, expected);
    }
}

#[test]
fn a_reset_forgets_both_in_every_state() {
    for failures in [1, 2] {
        let (breaker, _) = breaker(|b| b.consecutive_failures(2));
        (0..failures).for_each(|_| fail(&breaker));
        assert_eq!(seen(&breaker.snapshot()), (failures, Some(0)));
        breaker.reset(&tester());
        assert_eq!(seen(&breaker.snapshot()), (0, None));
    }
}

#[test]
fn each_branch_has_its_own() {
    let branches = BranchSettings::builder().keys_min(2).build().unwrap();
    let (breaker, _) = breaker(|b| b.consecutive_failures(3).branches(branches));
    breaker.acquire_key("well").unwrap().success();
    let call = breaker.acquire_key("ill").unwrap();
    call.failure(FailureClass::Timeout);
    assert_eq!(seen(&breaker.branch("ill").unwrap()), (1, Some(0)));
    assert_eq!(seen(&breaker.branch("well").unwrap()), (0, None));
    assert_eq!(seen(&breaker.snapshot()).1, Some(0));
}
