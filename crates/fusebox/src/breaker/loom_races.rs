//! More races under every interleaving: calls in flight that are slow, the main breaker, keys.

use super::loom_tests::{SECOND, breaker, fail, policy, race, succeed};
use crate::branch::BranchSettings;
use crate::breaker::CircuitBreaker;
use crate::clock::ManualClock;
use crate::event::{Author, EventBus};
use crate::main_breaker::MainBreaker;
use crate::outcome::FailureClass;
use crate::permit::OwnedPermit;
use crate::rejection::Reason;
use crate::settings::{Rate, WindowSize};
use crate::word::State;
use std::sync::Arc;

fn hang(breaker: &Arc<CircuitBreaker>) -> OwnedPermit {
    breaker.acquire_owned().unwrap()
}

#[test]
fn loom_missed_trip_of_two_calls_that_hang() {
    loom::model(|| {
        let (breaker, clock) = breaker(policy(|s| {
            let s = s.slow_call_rate(Rate::WHOLE).slow_call_duration(SECOND);
            s.minimum_calls(2).consecutive_failures(9)
        }));
        let mut first = hang(&breaker);
        let mut second = hang(&breaker);
        clock.advance(SECOND);
        let other = loom::thread::spawn(move || {
            second.overdue();
            second
        });
        first.overdue();
        let second = other.join().unwrap();
        assert_eq!(breaker.state(), State::Open);
        drop((first, second));
    });
}

#[test]
fn loom_missed_trip_of_a_call_that_hangs_and_a_slow_success() {
    loom::model(|| a_call_hangs_beside_a_slow_success(WindowSize::Time(SECOND * 10)));
}

#[test]
fn loom_missed_trip_of_a_call_that_hangs_and_a_slow_success_in_a_count_window() {
    loom::model(|| a_call_hangs_beside_a_slow_success(WindowSize::Calls(2)));
}

fn a_call_hangs_beside_a_slow_success(window: WindowSize) {
    let (breaker, clock) = breaker(policy(|s| {
        let s = s.slow_call_rate(Rate::WHOLE).slow_call_duration(SECOND);
        s.minimum_calls(2).window(window).consecutive_failures(9)
    }));
    let mut hanging = hang(&breaker);
    let slow = hang(&breaker);
    clock.advance(SECOND * 2);
    let other = loom::thread::spawn(move || {
        crate::counters::slot::pretend(1);
        slow.success();
    });
    crate::counters::slot::pretend(0);
    hanging.overdue();
    other.join().unwrap();
    assert_eq!(breaker.state(), State::Open);
}

/// The first thread has failed once, and knows how many failures more open nothing.
fn failures_beside_headroom(count: u32, other: fn(&Arc<CircuitBreaker>, &ManualClock)) -> State {
    let (breaker, clock) = breaker(policy(|s| {
        s.failure_count(count).window(WindowSize::Time(SECOND * 2))
    }));
    crate::counters::slot::pretend(0);
    fail(&breaker);
    let racing = Arc::clone(&breaker);
    let thread = loom::thread::spawn(move || {
        crate::counters::slot::pretend(1);
        other(&racing, &clock);
    });
    fail(&breaker);
    thread.join().unwrap();
    breaker.state()
}

#[test]
fn loom_missed_trip_of_a_failure_that_was_not_judged() {
    loom::model(|| {
        let state = failures_beside_headroom(3, |breaker, _| fail(breaker));
        assert_eq!(state, State::Open);
    });
}

#[test]
fn loom_missed_trip_of_a_failure_that_was_not_judged_and_two_more() {
    loom::model(|| {
        let state = failures_beside_headroom(4, |breaker, _| {
            fail(breaker);
            fail(breaker);
        });
        assert_eq!(state, State::Open);
    });
}

/// The other thread's clock is a bucket ahead.
#[test]
fn loom_missed_trip_of_a_failure_that_was_not_judged_as_the_epoch_turned() {
    loom::model(|| {
        let state = failures_beside_headroom(3, |breaker, clock| {
            clock.advance(SECOND);
            fail(breaker);
        });
        assert_eq!(state, State::Open);
    });
}

/// A success of the next epoch takes the place of calls of which there were enough: the failure
/// that needed no judgement beside them needs one without them.
#[test]
fn loom_missed_trip_of_a_failure_that_was_not_judged_as_successes_left() {
    loom::model(|| {
        let half = Rate::percent(50.0).unwrap();
        let (breaker, clock) = breaker(policy(|s| {
            let s = s.failure_rate(half).minimum_calls(2);
            s.window(WindowSize::Time(SECOND * 2))
        }));
        crate::counters::slot::pretend(1);
        (0..4).for_each(|_| succeed(&breaker));
        clock.advance(SECOND);
        succeed(&breaker);
        crate::counters::slot::pretend(0);
        fail(&breaker);
        let racing = Arc::clone(&breaker);
        let thread = loom::thread::spawn(move || {
            crate::counters::slot::pretend(1);
            clock.advance(SECOND);
            succeed(&racing);
        });
        fail(&breaker);
        thread.join().unwrap();
        assert_eq!(breaker.state(), State::Open);
    });
}

/// Neither has failed before.
#[test]
fn loom_missed_trip_of_failures_that_are_judged_beside_those_that_are_not() {
    loom::model(|| {
        let (breaker, _) = breaker(policy(|s| s.failure_count(3)));
        let twice = |breaker: &Arc<CircuitBreaker>| {
            fail(breaker);
            fail(breaker);
        };
        race(&breaker, vec![twice, fail]);
        assert_eq!(breaker.state(), State::Open);
    });
}

/// A success that changes nothing need not judge what was judged by the same settings, and must
/// judge what was not.
#[test]
fn loom_missed_trip_of_a_failure_judged_by_settings_that_just_ended() {
    let settings = |rate| {
        policy(|s| {
            let s = s.failure_rate(Rate::percent(rate).unwrap());
            s.window(WindowSize::Calls(3)).minimum_calls(3)
        })
    };
    loom::model(move || {
        let (breaker, _) = breaker(settings(100.0));
        crate::counters::slot::pretend(0);
        for _ in 0..3 {
            succeed(&breaker);
        }
        let other = Arc::clone(&breaker);
        let stricter = settings(33.0);
        let changing = loom::thread::spawn(move || {
            crate::counters::slot::pretend(1);
            let changed = other.change_settings(stricter, &Author::system());
            changed.unwrap();
            succeed(&other);
        });
        fail(&breaker);
        changing.join().unwrap();
        succeed(&breaker);
        assert_eq!(breaker.state(), State::Open);
    });
}

#[test]
fn loom_the_main_breaker_is_not_lost_in_a_transition() {
    loom::model(|| {
        let (breaker, _) = breaker(policy(|s| s.consecutive_failures(1)));
        let main = MainBreaker::new(EventBus::new(4));
        main.join(&breaker);
        let failing = hang(&breaker);
        let other = loom::thread::spawn(move || {
            crate::counters::slot::pretend(1);
            failing.failure(FailureClass::Other);
        });
        crate::counters::slot::pretend(0);
        main.open("a test", &Author::system());
        other.join().unwrap();
        assert_eq!(breaker.state(), State::Open);
        assert_eq!(breaker.acquire().unwrap_err().reason(), Reason::Main);
    });
}

#[test]
fn loom_missed_trip_of_two_keys_that_fail() {
    loom::model(|| {
        let (breaker, _) = breaker(policy(|s| s.consecutive_failures(2)));
        let keyed = BranchSettings::builder()
            .keys_min(2)
            .keys_max(2)
            .build()
            .unwrap();
        breaker.set_branches(Some(keyed), &Author::system());
        fn fail(breaker: &Arc<CircuitBreaker>, key: u64) {
            let ticket = breaker.admit().unwrap();
            let failure = crate::outcome::Outcome::Failure(FailureClass::Other);
            let settlement = crate::outcome::Settlement::new(failure);
            breaker.settle_keyed(&ticket, settlement, key);
        }
        race(&breaker, vec![|b| fail(b, 1), |b| fail(b, 2)]);
        assert_eq!(breaker.state(), State::Open);
    });
}
