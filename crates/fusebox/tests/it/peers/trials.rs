//! Half-open: herds, leaks, wedges.

use super::after_the_open_period;
use crate::stand::{ms, secs, tester, together};
use fusebox::{CallError, FailureClass, Reason, State};
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::task::{Context, Waker};

/// [failsafe, recloser, nobreak, `circuit_breaker`, resilient: 64 of 64; circuitbreaker-rs: 2]
#[test]
fn half_open_herd_admits_one() {
    for round in 0..20 {
        let (breaker, _clock) = after_the_open_period(|b| b);
        let settled = together(64, |_| {
            let permit = breaker.acquire().ok()?;
            Some(permit.failure(FailureClass::Connect))
        });
        assert_eq!(settled.iter().flatten().count(), 1, "round {round}");
        assert_eq!(breaker.state(), State::Open);
        assert_eq!(breaker.snapshot().totals.rejected_total(), 63);
    }
}

/// [circuitbreaker-rs: the places left wrap to 4,294,967,295]
#[test]
fn the_last_place_is_taken_once_by_two_threads() {
    for round in 0..500 {
        let (breaker, _clock) = after_the_open_period(|b| b.half_open_calls(2));
        let first = breaker.acquire().unwrap();
        let both = together(2, |_| breaker.acquire_owned().ok());
        assert_eq!(both.iter().flatten().count(), 1, "round {round}");
        assert_eq!(breaker.snapshot().in_flight, 2, "round {round}");
        drop(first);
    }
}

/// [circuitbreaker-rs: two trials dropped by a time-out, then 0 of 100 calls for ever]
#[test]
fn permit_leak_after_dropped_trials() {
    let (breaker, clock) = after_the_open_period(|b| b.half_open_calls(2).half_open_successes(2));
    for _ in 0..100 {
        let trials = [breaker.acquire().unwrap(), breaker.acquire().unwrap()];
        clock.advance(ms(10));
        drop(trials);
    }
    assert_eq!(
        (breaker.state(), breaker.snapshot().in_flight),
        (State::HalfOpen, 0)
    );
    for _ in 0..2 {
        breaker.acquire().unwrap().success();
    }
    assert_eq!(breaker.state(), State::Closed);
}

#[test]
fn a_trial_future_dropped_in_mid_way_gives_its_place_back() {
    let (breaker, _clock) = after_the_open_period(|b| b);
    for _ in 0..100 {
        let mut trial = pin!(breaker.call_async(pending::<Result<(), ()>>()));
        assert!(
            trial
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()))
                .is_pending()
        );
        assert_eq!(breaker.snapshot().in_flight, 1);
    }
    assert_eq!(breaker.snapshot().in_flight, 0);
    assert!(breaker.acquire().is_ok());
}

/// A panic is a failure (R11): it opens, and the next trial finds its place.
#[test]
fn a_panicking_trial_opens_and_leaks_nothing() {
    let (breaker, clock) = after_the_open_period(|b| b.backoff(1.0));
    for _ in 0..10 {
        let call = || -> Result<(), ()> { resume_unwind(Box::new("a trial that panics")) };
        assert!(catch_unwind(AssertUnwindSafe(|| breaker.call(call))).is_err());
        assert_eq!(
            (breaker.state(), breaker.snapshot().in_flight),
            (State::Open, 0)
        );
        clock.advance(secs(1));
    }
    assert_eq!(breaker.call(|| Ok::<_, ()>(7)), Ok(7));
}

/// [circuitbreaker-rs: one place and three successes asked for: admits two, then none]
#[test]
fn one_place_is_enough_for_three_successes() {
    let (breaker, _clock) = after_the_open_period(|b| b.half_open_successes(3));
    for _ in 0..3 {
        assert_eq!(breaker.state(), State::HalfOpen);
        breaker.acquire().unwrap().success();
    }
    assert_eq!(breaker.state(), State::Closed);
}

/// [tower-resilience: the first success leaves a window of 100 ms, the places are spent]
#[test]
fn successful_trials_further_apart_than_the_window_close() {
    let (breaker, clock) = after_the_open_period(|b| {
        b.failure_count(1)
            .window(fusebox::WindowSize::Time(secs(1)))
            .half_open_successes(2)
    });
    breaker.acquire().unwrap().success();
    clock.advance(secs(3_600));
    assert_eq!(
        breaker.state(),
        State::HalfOpen,
        "R10: without traffic it stays half-open"
    );
    breaker.acquire().unwrap().success();
    assert_eq!(breaker.state(), State::Closed);
}

/// The bug most often told across projects: a trial that never settles.
#[test]
fn a_trial_that_never_settles_does_not_wedge_the_circuit() {
    let (breaker, clock) =
        after_the_open_period(|b| b.half_open_timeout(secs(30)).half_open_successes(1));
    let stuck = breaker.acquire().unwrap();
    let told = breaker.acquire().err().unwrap();
    assert_eq!(
        (told.reason(), told.retry_after()),
        (Reason::HalfOpen, Some(secs(30)))
    );
    clock.advance(secs(30));
    assert_eq!(
        breaker.state(),
        State::Open,
        "a trial in flight so long has failed"
    );
    clock.advance(secs(2));
    breaker.acquire().unwrap().success();
    assert_eq!(breaker.state(), State::Closed);
    std::mem::forget(stuck);
}

/// [do-over: the first call after the reset time waits for itself for ever]
#[test]
fn the_first_call_after_the_open_period_passes_at_once() {
    let (breaker, _clock) = after_the_open_period(|b| b.half_open_successes(1));
    let inside = breaker.call(|| {
        // A call may ask its own breaker and even call through it again.
        let again = breaker.call(|| Ok::<_, ()>(()));
        Ok::<_, ()>((breaker.state(), again.unwrap_err()))
    });
    let (state, again) = inside.unwrap();
    assert_eq!(state, State::HalfOpen);
    assert!(matches!(again, CallError::Rejected(r) if r.reason() == Reason::HalfOpen));
    assert_eq!(breaker.state(), State::Closed);
}

/// [rssafecircuit: the first trip panics without a listener, and half-open never closes]
#[test]
fn a_breaker_that_nobody_listens_to_opens_and_closes() {
    let (breaker, _clock) = after_the_open_period(|b| b.half_open_successes(1));
    assert_eq!(breaker.state(), State::HalfOpen);
    breaker.acquire().unwrap().success();
    assert_eq!(breaker.state(), State::Closed);
    assert!(breaker.transition(State::Open, &tester()).unwrap());
}
