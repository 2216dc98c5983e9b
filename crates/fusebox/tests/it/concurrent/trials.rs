//! Trial places: never too many, none lost.

use crate::cases::cases;
use crate::stand::{Dice, OneEach, breaker, secs, tester, together};
use fusebox::{CircuitBreaker, FailureClass, State};
// `resume_unwind` panics without a message, which would only confuse.
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Waker};

const THREADS: usize = 4;

/// Half-open, and it stays so: no number of outcomes here decides.
fn half_open(places: u32) -> Arc<CircuitBreaker> {
    let (breaker, _clock) = breaker(|b| {
        b.consecutive_failures(1)
            .half_open_calls(places)
            .half_open_successes(64)
    });
    breaker.transition(State::HalfOpen, &tester()).unwrap();
    breaker
}

fn places(breaker: &CircuitBreaker) -> usize {
    let mut permits = Vec::new();
    while let Ok(permit) = breaker.acquire() {
        permits.push(permit);
        assert!(permits.len() <= 64, "places without end");
    }
    permits.len()
}

#[test]
fn trials_in_flight_never_exceed_the_places() {
    for limit in [1, 2, 3] {
        for round in 0..cases(30) {
            let breaker = half_open(limit);
            let (in_flight, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
            together(THREADS, |number| {
                let mut dice = Dice::new(u64::from(round) * 8 + number as u64 + 1);
                for _ in 0..300 {
                    let Ok(permit) = breaker.acquire() else {
                        continue;
                    };
                    assert!(permit.is_trial());
                    let now = in_flight.fetch_add(1, Ordering::SeqCst) + 1;
                    most.fetch_max(now, Ordering::SeqCst);
                    if dice.below(3) == 0 {
                        std::thread::yield_now();
                    }
                    // Before the permit gives its place back, or another may be counted twice.
                    in_flight.fetch_sub(1, Ordering::SeqCst);
                    match dice.below(2) {
                        0 => drop(permit),
                        _ => drop(permit.ignore()),
                    }
                }
            });
            let most = most.into_inner();
            assert!(
                most <= limit as usize,
                "{most} of {limit} places, round {round}"
            );
            assert_eq!(
                breaker.snapshot().in_flight,
                0,
                "limit {limit}, round {round}"
            );
            assert_eq!(
                places(&breaker),
                limit as usize,
                "limit {limit}, round {round}"
            );
        }
    }
}

#[test]
fn trials_that_panic_or_are_cancelled_give_their_places_back() {
    let breaker = half_open(2);
    together(THREADS, |number| {
        for turn in 0..200 {
            // A panic is a failed trial and opens: the circuit is put back for the next.
            breaker.transition(State::HalfOpen, &tester()).unwrap();
            match (number + turn) % 3 {
                0 => drop(catch_unwind(AssertUnwindSafe(|| {
                    breaker.call(|| -> Result<(), ()> {
                        resume_unwind(Box::new("a trial that panics"))
                    })
                }))),
                1 => {
                    let mut cancelled =
                        pin!(breaker.call_async(std::future::pending::<Result<(), ()>>()));
                    let mut context = Context::from_waker(Waker::noop());
                    assert!(
                        cancelled.as_mut().poll(&mut context).is_pending()
                            || breaker.snapshot().totals.rejected_total() > 0
                    );
                }
                _ => drop(breaker.acquire()),
            }
        }
    });
    breaker.transition(State::HalfOpen, &tester()).unwrap();
    assert_eq!(breaker.snapshot().in_flight, 0);
    assert_eq!(places(&breaker), 2);
}

#[test]
fn the_end_of_the_open_period_admits_no_more_than_its_places() {
    for limit in [1, 2] {
        for round in 0..cases(200) {
            let (breaker, clock) = breaker(|b| {
                b.consecutive_failures(1)
                    .open_for(secs(1))
                    .half_open_calls(limit)
            });
            breaker.acquire().unwrap().failure(FailureClass::Connect);
            clock.advance(secs(1));
            let permits = together(THREADS, |_| breaker.acquire_owned().ok());
            let admitted = permits.iter().flatten().count();
            assert_eq!(admitted, limit as usize, "round {round}");
            drop(permits);
            assert_eq!(breaker.snapshot().in_flight, 0, "round {round}");
            assert_eq!(breaker.snapshot().transitions, 2, "round {round}");
        }
    }
}

#[test]
fn racing_deadlines_and_settlements_judge_every_trial_once() {
    for round in 0..cases(200) {
        let (breaker, clock) = breaker(|b| {
            b.consecutive_failures(1)
                .half_open_calls(4)
                .half_open_failures(64)
                .half_open_successes(64)
                .half_open_timeout(secs(1))
        });
        breaker.transition(State::HalfOpen, &tester()).unwrap();
        let permits = OneEach::new((0..4).map(|_| breaker.acquire_owned().unwrap()));
        together(THREADS, |number| {
            let permit = permits.take(number);
            if number == 0 {
                clock.advance(secs(1));
                breaker.state();
            }
            permit.success();
        });
        let snapshot = breaker.snapshot();
        let trials = &snapshot.trials;
        assert_eq!(
            trials.succeeded + trials.failed,
            4,
            "round {round}: {trials:?}"
        );
        assert_eq!(snapshot.totals.late, trials.failed, "round {round}");
        assert_eq!(snapshot.in_flight, 0, "round {round}");
        assert_eq!(places(&breaker), 4, "round {round}");
    }
}
