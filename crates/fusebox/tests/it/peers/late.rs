//! Outcomes that come after their time. [failsafe, recloser, circuitbreaker-rs, nobreak,
//! tower-resilience, `circuit_breaker`]

use super::after_the_open_period;
use crate::stand::{breaker, ms, secs};
use fusebox::{FailureClass, Settled, State};

#[test]
fn late_success_does_not_close() {
    let (breaker, clock) = breaker(|b| {
        b.consecutive_failures(1)
            .open_for(secs(1))
            .half_open_successes(1)
    });
    let old = breaker.acquire().unwrap();
    breaker.acquire().unwrap().failure(FailureClass::Timeout);
    clock.advance(secs(1));
    let trial = breaker.acquire().unwrap();
    assert_eq!(old.success(), Settled::Late);
    assert_eq!(breaker.state(), State::HalfOpen);
    assert_eq!(trial.failure(FailureClass::Timeout), Settled::Recorded);
    assert_eq!(breaker.state(), State::Open, "the failing trial is heard");
}

#[test]
fn late_failure_does_not_reopen() {
    let (breaker, clock) = breaker(|b| {
        b.consecutive_failures(1)
            .open_for(secs(1))
            .half_open_successes(1)
    });
    let old = breaker.acquire().unwrap();
    breaker.acquire().unwrap().failure(FailureClass::Timeout);
    clock.advance(secs(1));
    let trial = breaker.acquire().unwrap();
    assert_eq!(old.failure(FailureClass::Timeout), Settled::Late);
    assert_eq!(breaker.state(), State::HalfOpen);
    assert_eq!(trial.success(), Settled::Recorded);
    assert_eq!(breaker.state(), State::Closed);
}

/// [nobreak, `circuit_breaker`: open for 100 ms, the first trial after 1066 ms]
#[test]
fn late_failures_do_not_extend_the_open_period() {
    let (breaker, clock) = breaker(|b| b.consecutive_failures(1).open_for(ms(100)));
    let old: Vec<_> = (0..20).map(|_| breaker.acquire().unwrap()).collect();
    breaker.acquire().unwrap().failure(FailureClass::Timeout);
    for (index, permit) in old.into_iter().enumerate() {
        assert_eq!(permit.failure(FailureClass::Timeout), Settled::Late);
        clock.advance(ms(4));
        let left = ms(100 - 4 * (index as u64 + 1));
        assert_eq!(breaker.snapshot().retry_after, Some(left));
    }
    clock.advance(ms(20));
    assert_eq!(breaker.state(), State::HalfOpen);
    assert_eq!(breaker.snapshot().transitions, 2);
}

#[test]
fn late_drops_give_no_place_that_they_never_had() {
    let (breaker, clock) = breaker(|b| b.consecutive_failures(1).open_for(secs(1)));
    let old: Vec<_> = (0..5).map(|_| breaker.acquire().unwrap()).collect();
    breaker.acquire().unwrap().failure(FailureClass::Timeout);
    clock.advance(secs(1));
    let _trial = breaker.acquire().unwrap();
    drop(old);
    assert!(breaker.acquire().is_err());
    assert_eq!(
        (breaker.snapshot().in_flight, breaker.snapshot().totals.late),
        (1, 5)
    );
}

/// [all peers: 200 calls cancelled by a time-out around the breaker, threshold 3, closed]
#[test]
fn cancelled_calls_by_a_timeout_around_the_breaker_trip_when_abandoned_after_is_set() {
    let (breaker, clock) = breaker(|b| b.consecutive_failures(3).timeout(secs(2)));
    for _ in 0..2 {
        let hanging = breaker.acquire().unwrap();
        clock.advance(secs(2));
        drop(hanging);
        assert_eq!(breaker.state(), State::Closed);
    }
    let hanging = breaker.acquire().unwrap();
    clock.advance(secs(2));
    drop(hanging);
    assert_eq!(breaker.state(), State::Open);
    assert_eq!(breaker.snapshot().totals.abandoned, 3);
}

#[test]
fn cancelled_calls_without_abandoned_after_are_seen_in_a_count_of_their_own() {
    let (breaker, clock) = breaker(|b| b.consecutive_failures(3));
    for _ in 0..200 {
        let hanging = breaker.acquire().unwrap();
        clock.advance(secs(2));
        drop(hanging);
    }
    let snapshot = breaker.snapshot();
    assert_eq!(
        (snapshot.state, snapshot.totals.abandoned),
        (State::Closed, 200)
    );
    assert_eq!((snapshot.totals.failure, snapshot.window.calls), (0, 0));
}

#[test]
fn a_trial_abandoned_in_time_reopens_where_abandoned_after_is_set() {
    let (breaker, clock) = after_the_open_period(|b| b.abandoned_after(Some(secs(5))));
    let trial = breaker.acquire().unwrap();
    clock.advance(secs(5));
    drop(trial);
    assert_eq!(breaker.state(), State::Open);
}
