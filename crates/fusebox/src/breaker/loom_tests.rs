//! Every interleaving of the races that a breaker must not lose, with at most three preemptions
//! (`LOOM_MAX_PREEMPTIONS=3`, set by `scripts/test`; a few seconds in all, after half a minute of
//! building). Windows have two buckets here.

use super::CircuitBreaker;
use crate::clock::ManualClock;
use crate::counters::slot::pretend;
use crate::event::{Author, EventKind, HoldRequest, Received};
use crate::outcome::{FailureClass, Settled};
use crate::rejection::Reason;
use crate::settings::{Rate, Settings, WindowSize};
use crate::word::{HoldKind, State};
use std::sync::Arc;
use std::time::Duration;

pub(super) const SECOND: Duration = Duration::from_secs(1);

pub(super) fn breaker(settings: Settings) -> (Arc<CircuitBreaker>, ManualClock) {
    let clock = ManualClock::new();
    let builder = CircuitBreaker::builder("loom")
        .settings(settings)
        .clock(clock.clone());
    // Life counters add nothing to these races but states to explore.
    (
        Arc::new(builder.seed(1).count_calls(false).build().unwrap()),
        clock,
    )
}

pub(super) fn policy(
    change: impl FnOnce(crate::SettingsBuilder) -> crate::SettingsBuilder,
) -> Settings {
    let base = Settings::builder()
        .open_for(SECOND)
        .jitter(Rate::ZERO)
        .half_open_successes(1);
    change(base).build().unwrap()
}

/// Runs `each` on its own threads, the first on this one, numbered from 0.
pub(super) fn race(breaker: &Arc<CircuitBreaker>, each: Vec<fn(&Arc<CircuitBreaker>)>) {
    pretend(0);
    let mut each = each.into_iter();
    let first = each.next().unwrap();
    let others: Vec<_> = each
        .enumerate()
        .map(|(index, work)| {
            let breaker = Arc::clone(breaker);
            loom::thread::spawn(move || {
                pretend(index + 1);
                work(&breaker);
            })
        })
        .collect();
    first(breaker);
    others.into_iter().for_each(|other| other.join().unwrap());
    pretend(0);
}

pub(super) fn fail(breaker: &Arc<CircuitBreaker>) {
    if let Ok(permit) = breaker.acquire() {
        permit.failure(FailureClass::Other);
    }
}

pub(super) fn succeed(breaker: &Arc<CircuitBreaker>) {
    if let Ok(permit) = breaker.acquire() {
        permit.success();
    }
}

/// Trips a breaker that opens at one failure and waits until it is half-open.
pub(super) fn half_open(breaker: &Arc<CircuitBreaker>, clock: &ManualClock) {
    pretend(0);
    fail(breaker);
    clock.advance(SECOND);
    assert_eq!(breaker.state(), State::HalfOpen);
}

#[test]
fn loom_missed_trip_of_two_failures_in_a_row() {
    loom::model(|| {
        let (breaker, _) = breaker(policy(|s| s.consecutive_failures(2)));
        race(&breaker, vec![fail, fail]);
        assert_eq!(breaker.state(), State::Open);
    });
}

#[test]
fn loom_missed_trip_of_two_failures_in_a_time_window() {
    loom::model(|| {
        let (breaker, _) = breaker(policy(|s| s.failure_count(2)));
        race(&breaker, vec![fail, fail]);
        assert_eq!(breaker.state(), State::Open);
    });
}

#[test]
fn loom_missed_trip_by_the_success_that_completes_the_minimum() {
    loom::model(|| {
        let half = Rate::percent(50.0).unwrap();
        let (breaker, _) = breaker(policy(|s| s.failure_rate(half).minimum_calls(2)));
        race(&breaker, vec![fail, succeed]);
        assert_eq!(breaker.state(), State::Open);
    });
}

#[test]
fn loom_missed_trip_with_two_successes_and_a_failure() {
    // Two threads complete the minimum together; each may believe that the other one judges.
    loom::model(|| {
        let third = Rate::percent(33.0).unwrap();
        let (breaker, _) = breaker(policy(|s| s.failure_rate(third).minimum_calls(3)));
        race(&breaker, vec![fail, succeed, succeed]);
        assert_eq!(breaker.state(), State::Open);
    });
}

#[test]
fn loom_missed_trip_in_a_count_window() {
    loom::model(|| {
        let window = WindowSize::Calls(2);
        let (breaker, _) = breaker(policy(|s| s.failure_count(2).window(window)));
        race(&breaker, vec![fail, fail]);
        assert_eq!(breaker.state(), State::Open);
    });
}

#[test]
fn loom_count_window_is_exact_at_rest() {
    loom::model(|| {
        let window = WindowSize::Calls(1);
        let all = Rate::percent(100.0).unwrap();
        let (breaker, _) = breaker(policy(|s| s.failure_rate(all).window(window)));
        breaker.hold(observe());
        race(&breaker, vec![fail, succeed]);
        let stats = breaker.snapshot().window;
        assert_eq!(stats.calls, 1);
        assert!(stats.failures <= 1);
    });
}

#[test]
fn loom_lost_trial_place() {
    loom::model(|| {
        let (breaker, clock) = breaker(policy(|s| s.consecutive_failures(1)));
        half_open(&breaker, &clock);
        // Both drop their trial; at the end the place is free again.
        let dropped: fn(&Arc<CircuitBreaker>) = |breaker| drop(breaker.acquire());
        race(&breaker, vec![dropped, dropped]);
        assert_eq!(breaker.snapshot().in_flight, 0);
        assert!(breaker.acquire().is_ok());
    });
}

#[test]
fn loom_never_two_trials_where_one_is_allowed() {
    loom::model(|| {
        let (breaker, clock) = breaker(policy(|s| s.consecutive_failures(1)));
        half_open(&breaker, &clock);
        let other = Arc::clone(&breaker);
        let mine = breaker.acquire();
        let thread = loom::thread::spawn(move || {
            pretend(1);
            other.acquire_owned().is_ok()
        });
        let second = breaker.acquire();
        let theirs = thread.join().unwrap();
        assert!(mine.is_ok() && second.is_err() && !theirs);
    });
}

#[test]
fn loom_late_outcome_changes_nothing() {
    loom::model(|| {
        let (breaker, _) = breaker(policy(|s| s.failure_count(2)));
        pretend(0);
        let old = breaker.acquire_owned().unwrap();
        let thread = loom::thread::spawn(move || {
            pretend(1);
            old.failure(FailureClass::Other)
        });
        breaker.reset(&Author::system());
        fail(&breaker);
        let settled = thread.join().unwrap();
        assert!(matches!(settled, Settled::Recorded | Settled::Late));
        // Recorded before the reset or late: never together with the new failure.
        assert_eq!(breaker.state(), State::Closed);
        assert_eq!(breaker.snapshot().window.failures, 1);
        assert_eq!(breaker.snapshot().consecutive_failures, 1);
    });
}

fn observe() -> HoldRequest {
    hold(HoldKind::Observe)
}

pub(super) fn hold(kind: HoldKind) -> HoldRequest {
    HoldRequest {
        kind,
        reason: "loom".to_owned(),
        author: Author::system(),
        for_: None,
    }
}

#[test]
fn loom_hold_against_trial() {
    loom::model(|| {
        let (breaker, clock) = breaker(policy(|s| s.consecutive_failures(1)));
        half_open(&breaker, &clock);
        race(
            &breaker,
            vec![succeed, |breaker| breaker.hold(hold(HoldKind::ForcedOpen))],
        );
        let snapshot = breaker.snapshot();
        assert_eq!(snapshot.in_flight, 0);
        assert!(snapshot.hold.is_some());
        assert!(breaker.acquire().is_err());
        assert_ne!(snapshot.state, State::Open);
        breaker.release(&Author::system());
        assert_eq!(breaker.state(), State::HalfOpen);
        assert!(breaker.acquire().is_ok());
    });
}

#[test]
fn loom_transition_against_settlement() {
    loom::model(|| {
        let (breaker, _) = breaker(policy(|s| s.consecutive_failures(1)));
        let mut events = breaker.subscribe();
        let open: fn(&Arc<CircuitBreaker>) = |breaker| {
            let _ = breaker.transition(State::Open, &Author::system());
        };
        race(&breaker, vec![fail, open]);
        assert_eq!(breaker.state(), State::Open);
        // One of the two opened it, and there is exactly one event.
        assert!(matches!(events.try_next(), Some(Received::Event(_))));
        assert!(events.try_next().is_none());
        assert_eq!(breaker.snapshot().transitions, 1);
    });
}

#[test]
fn loom_a_rejection_speaks_of_one_state() {
    loom::model(|| {
        let (breaker, _) = breaker(policy(|s| s.consecutive_failures(1)));
        pretend(0);
        breaker.transition(State::Open, &Author::system()).unwrap();
        let other = Arc::clone(&breaker);
        let thread = loom::thread::spawn(move || {
            pretend(1);
            other.acquire().unwrap_err()
        });
        let mut held = hold(HoldKind::ForcedOpen);
        held.for_ = Some(60 * SECOND);
        breaker.hold(held);
        let rejection = thread.join().unwrap();
        let wait = if rejection.reason() == Reason::Open {
            SECOND
        } else {
            60 * SECOND
        };
        assert_eq!(rejection.retry_after(), Some(wait));
    });
}

#[test]
fn loom_an_old_verdict_does_not_silence_a_new_one() {
    loom::model(|| {
        let (breaker, _) = breaker(policy(|s| s.consecutive_failures(1)));
        pretend(0);
        let mut events = breaker.subscribe();
        breaker.hold(observe());
        race(
            &breaker,
            vec![|breaker| breaker.reset(&Author::system()), fail],
        );
        fail(&breaker);
        let live = breaker.snapshot().generation;
        let mut told = 0;
        while let Some(Received::Event(event)) = events.try_next() {
            let would_open = matches!(event.kind, EventKind::WouldOpen { .. });
            told += u32::from(would_open && event.generation == live);
        }
        assert_eq!(told, 1);
    });
}

#[test]
fn loom_a_reset_leaves_a_count_window_exact() {
    loom::model(|| {
        let window = WindowSize::Calls(1);
        let all = Rate::percent(100.0).unwrap();
        let (breaker, _) = breaker(policy(|s| s.failure_rate(all).window(window)));
        breaker.hold(observe());
        race(
            &breaker,
            vec![
                |breaker| {
                    breaker.reset(&Author::system());
                    succeed(breaker);
                },
                fail,
            ],
        );
        succeed(&breaker);
        let stats = breaker.snapshot().window;
        assert_eq!((stats.calls, stats.failures), (1, 0));
    });
}
