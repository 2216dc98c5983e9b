//! Permits and rejections.

use crate::stand::{breaker, ms, percent, secs, tester};
use fusebox::{
    CircuitBreaker, FailureClass, Outcome, Reason, Rejection, Settled, Settlement, State,
    WindowSize,
};
use std::sync::Arc;

fn is_copy<T: Copy + Send + Sync + 'static>() {}

#[test]
fn a_rejection_is_copied_and_at_most_sixteen_bytes() {
    is_copy::<Rejection>();
    assert!(size_of::<Rejection>() <= 16);
    assert!(size_of::<Result<(), Rejection>>() <= 16);
}

#[test]
fn permits_and_breakers_go_from_thread_to_thread() {
    fn goes<T: Send + Sync>() {}
    goes::<CircuitBreaker>();
    goes::<fusebox::Permit<'_>>();
    goes::<fusebox::OwnedPermit>();
    goes::<fusebox::Subscription>();
}

#[test]
fn an_owned_permit_outlives_every_other_handle() {
    let (breaker, _clock) = breaker(|b| b);
    let weak = Arc::downgrade(&breaker);
    let permit = breaker.acquire_owned().unwrap();
    drop(breaker);
    assert!(weak.upgrade().is_some());
    assert_eq!(permit.success(), Settled::Recorded);
    assert!(weak.upgrade().is_none());
}

#[test]
fn a_permit_can_be_had_from_any_handle() {
    let (breaker, _clock) = breaker(|b| b);
    CircuitBreaker::acquire_from(&*breaker).unwrap().success();
    CircuitBreaker::acquire_from(Arc::clone(&breaker))
        .unwrap()
        .success();
    CircuitBreaker::acquire_from(Box::new(Arc::clone(&breaker)).as_ref().as_ref())
        .unwrap()
        .success();
    assert_eq!(breaker.snapshot().totals.success, 3);
}

#[test]
fn each_ending_counts_in_its_own_total() {
    let (breaker, _clock) = breaker(|b| b);
    let permit = || breaker.acquire().unwrap();
    assert_eq!(permit().success(), Settled::Recorded);
    assert_eq!(permit().failure(FailureClass::Reset), Settled::Recorded);
    assert_eq!(permit().ignore(), Settled::Recorded);
    drop(permit());
    let totals = breaker.snapshot().totals;
    assert_eq!((totals.success, totals.failure, totals.ignored), (1, 1, 2));
    assert_eq!(
        (totals.abandoned, totals.late, totals.rejected_total()),
        (1, 0, 0)
    );
}

#[test]
fn rejections_are_counted_by_reason() {
    let (breaker, _clock) = breaker(|b| b);
    breaker.transition(State::Open, &tester()).unwrap();
    assert_eq!(breaker.acquire().err().unwrap().reason(), Reason::Open);
    breaker.transition(State::HalfOpen, &tester()).unwrap();
    let _trial = breaker.acquire().unwrap();
    for _ in 0..2 {
        assert_eq!(breaker.acquire().err().unwrap().reason(), Reason::HalfOpen);
    }
    breaker.hold(crate::stand::hold(fusebox::HoldKind::ForcedOpen, None));
    for _ in 0..3 {
        assert_eq!(
            breaker.acquire().err().unwrap().reason(),
            Reason::ForcedOpen
        );
    }
    let totals = breaker.snapshot().totals;
    let by_reason = Reason::ALL.map(|reason| totals.rejected(reason));
    assert_eq!(by_reason, [1, 2, 0, 0, 3]);
    assert_eq!(totals.rejected_total(), 6);
}

/// R1: a body of minutes after a quick head is not a slow call.
#[test]
fn took_ends_at_the_head() {
    let (breaker, clock) = breaker(|b| {
        b.failure_rate(percent("100%"))
            .slow_call_rate(percent("100%"))
            .slow_call_duration(secs(1))
            .window(WindowSize::Calls(10))
    });
    let mut quick = breaker.acquire().unwrap();
    clock.advance(secs(1));
    quick.head_arrived();
    clock.advance(secs(60));
    quick.head_arrived();
    quick.success();
    assert_eq!(
        breaker.snapshot().window.slow,
        0,
        "one second is not longer than one second"
    );
    let mut slow = breaker.acquire().unwrap();
    clock.advance(ms(1_001));
    slow.head_arrived();
    slow.success();
    assert_eq!(breaker.snapshot().window.slow, 1);
    let told = breaker.acquire().unwrap();
    clock.advance(secs(60));
    told.settle(Settlement::new(Outcome::Success).took(ms(5)));
    assert_eq!(breaker.snapshot().window.slow, 1, "the caller knows better");
}

#[test]
fn after_begin_shutdown_every_drop_is_ignored() {
    let (breaker, clock) = breaker(|b| b.consecutive_failures(1).abandoned_after(Some(secs(1))));
    let call = breaker.acquire().unwrap();
    clock.advance(secs(10));
    breaker.begin_shutdown();
    drop(call);
    let snapshot = breaker.snapshot();
    assert!(snapshot.shutting_down);
    assert_eq!(
        (snapshot.state, snapshot.totals.ignored),
        (State::Closed, 1)
    );
    breaker.acquire().unwrap().failure(FailureClass::Connect);
    assert_eq!(
        breaker.state(),
        State::Open,
        "what is settled counts as ever"
    );
}

#[test]
fn a_breaker_without_call_counts_counts_the_rest() {
    let (breaker, _clock) = breaker(|b| b.consecutive_failures(1).count_calls(false));
    breaker.acquire().unwrap().success();
    breaker.acquire().unwrap().failure(FailureClass::Connect);
    assert!(breaker.acquire().is_err());
    let totals = breaker.snapshot().totals;
    assert_eq!(
        (totals.success, totals.failure, totals.rejected_total()),
        (0, 0, 1)
    );
}
