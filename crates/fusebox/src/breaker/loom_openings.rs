//! More races under every interleaving: the instants of an opening, late drops, settings that
//! change, holds that expire.

use super::CircuitBreaker;
use super::loom_tests::{SECOND, breaker, fail, half_open, hold, policy, race, succeed};
use crate::counters::slot::pretend;
use crate::event::Author;
use crate::outcome::{FailureClass, Settled};
use crate::rejection::Reason;
use crate::settings::Settings;
use crate::word::{HoldKind, State};
use std::sync::Arc;

/// Runs `work` on a thread of its own, beside which this one goes on.
fn beside<T: 'static>(work: impl FnOnce() -> T + 'static) -> loom::thread::JoinHandle<T> {
    pretend(0);
    loom::thread::spawn(move || {
        pretend(1);
        work()
    })
}

#[test]
fn loom_nobody_sees_an_opening_without_its_time() {
    loom::model(|| {
        let (breaker, _) = breaker(policy(|s| s.consecutive_failures(1)));
        let other = Arc::clone(&breaker);
        let caller = beside(move || other.acquire_owned().err());
        fail(&breaker);
        if let Some(told) = caller.join().unwrap() {
            assert_eq!(told.reason(), Reason::Open);
            assert_eq!(told.retry_after(), Some(SECOND));
        }
        assert_eq!(breaker.state(), State::Open);
    });
}

#[test]
fn loom_the_end_of_an_opening_admits_one_of_two() {
    loom::model(|| {
        let (breaker, clock) = breaker(policy(|s| s.consecutive_failures(1)));
        pretend(0);
        fail(&breaker);
        // Nobody has looked since: both callers find that its time is over.
        clock.advance(SECOND);
        let other = Arc::clone(&breaker);
        let caller = beside(move || other.acquire_owned().ok());
        let mine = breaker.acquire_owned().ok();
        let theirs = caller.join().unwrap();
        assert!(mine.is_some() != theirs.is_some());
        assert_eq!(breaker.snapshot().transitions, 2);
        drop((mine, theirs));
        assert_eq!(breaker.snapshot().in_flight, 0);
    });
}

#[test]
fn loom_a_trial_that_runs_out_of_time_is_judged_once() {
    loom::model(|| {
        let (breaker, clock) = breaker(policy(|s| {
            s.consecutive_failures(1).half_open_timeout(SECOND)
        }));
        half_open(&breaker, &clock);
        let trial = breaker.acquire_owned().unwrap();
        let caller = beside(move || trial.success());
        loom::thread::yield_now();
        clock.advance(SECOND);
        breaker.state();
        let settled = caller.join().unwrap();
        let snapshot = breaker.snapshot();
        let trials = &snapshot.trials;
        let seen = (snapshot.state, trials.succeeded, trials.failed);
        match settled {
            Settled::Recorded => assert_eq!(seen, (State::Closed, 1, 0)),
            _ => assert_eq!(seen, (State::Open, 0, 1)),
        }
        assert_eq!(snapshot.in_flight, 0);
    });
}

#[test]
fn loom_a_late_drop_frees_no_place_of_a_newer_generation() {
    loom::model(|| {
        let (breaker, clock) = breaker(policy(|s| s.consecutive_failures(1)));
        pretend(0);
        let old = breaker.acquire_owned().unwrap();
        half_open(&breaker, &clock);
        let caller = beside(move || drop(old));
        let trial = breaker.acquire();
        caller.join().unwrap();
        assert!(trial.is_ok());
        assert_eq!(breaker.snapshot().in_flight, 1);
        assert!(breaker.acquire().is_err());
    });
}

#[test]
fn loom_a_hold_that_expires_against_an_outcome() {
    loom::model(|| {
        let (breaker, clock) = breaker(policy(|s| s.consecutive_failures(1)));
        pretend(0);
        let mut held = hold(HoldKind::Disabled);
        held.for_ = Some(SECOND);
        breaker.hold(held);
        let other = Arc::clone(&breaker);
        let caller = beside(move || {
            let permit = other.acquire_owned().unwrap();
            permit.failure(FailureClass::Other)
        });
        loom::thread::yield_now();
        clock.advance(SECOND);
        breaker.state();
        let settled = caller.join().unwrap();
        // Under the hold it counts nowhere; after it, it opens.
        let snapshot = breaker.snapshot();
        let opened = settled == Settled::Recorded;
        assert!(snapshot.hold.is_none());
        assert_eq!(snapshot.state == State::Open, opened, "{settled:?}");
        assert_eq!(snapshot.transitions, u64::from(opened));
    });
}

fn change(breaker: &Arc<CircuitBreaker>, settings: Settings) {
    let changed = breaker.change_settings(settings, &Author::system());
    changed.unwrap();
}

#[test]
fn loom_missed_trip_while_settings_change() {
    loom::model(|| {
        let (breaker, _) = breaker(policy(|s| s.failure_count(2)));
        pretend(0);
        fail(&breaker);
        // Two are enough before and after; what changes is for how long it opens.
        race(
            &breaker,
            vec![
                |b| change(b, policy(|s| s.failure_count(2).open_for(SECOND * 2))),
                fail,
            ],
        );
        let snapshot = breaker.snapshot();
        assert_eq!((snapshot.state, snapshot.transitions), (State::Open, 1));
        let wait = snapshot.retry_after.unwrap();
        assert!(wait == SECOND || wait == SECOND * 2, "{wait:?}");
    });
}

#[test]
fn loom_a_change_of_settings_loses_no_record_and_judges_the_next() {
    loom::model(|| {
        let (breaker, _) = breaker(policy(|s| s.failure_count(3)));
        pretend(0);
        fail(&breaker);
        race(
            &breaker,
            vec![|b| change(b, policy(|s| s.failure_count(2))), fail],
        );
        if breaker.state() == State::Closed {
            // The failure came before the change, which opens nothing by itself.
            assert_eq!(breaker.snapshot().window.failures, 2);
            succeed(&breaker);
        }
        assert_eq!(breaker.state(), State::Open);
        assert_eq!(breaker.snapshot().transitions, 1);
    });
}
