//! No trip is missed and none comes twice.

use crate::cases::cases;
use crate::stand::{Dice, breaker, ms, percent, secs, together};
use fusebox::{
    CircuitBreaker, FailureClass, Outcome, Settled, Settlement, State, WindowSize, WindowStats,
};
use std::time::Duration;

const THREADS: usize = 4;

/// Each thread takes its permits first, so that no outcome is kept out by an opening.
fn settle_all(
    breaker: &CircuitBreaker,
    per_thread: usize,
    outcome: impl Fn(usize, usize) -> Settlement + Sync,
) -> u64 {
    let recorded = together(THREADS, |number| {
        let permits: Vec<_> = (0..per_thread).map(|_| breaker.acquire()).collect();
        let mut recorded = 0;
        for (turn, permit) in permits.into_iter().enumerate() {
            let Ok(permit) = permit else { continue };
            recorded += u64::from(permit.settle(outcome(number, turn)) == Settled::Recorded);
        }
        recorded
    });
    recorded.into_iter().sum()
}

fn failed() -> Settlement {
    Settlement::new(Outcome::Failure(FailureClass::Status))
}

fn good() -> Settlement {
    Settlement::new(Outcome::Success)
}

#[test]
fn consecutive_failures_of_many_threads_open_exactly_once() {
    for round in 0..cases(300) {
        let exactly = (THREADS * 5) as u32;
        for n in [1, 3, exactly] {
            let (breaker, _clock) = breaker(|b| b.consecutive_failures(n));
            let recorded = settle_all(&breaker, 5, |_, _| failed());
            let snapshot = breaker.snapshot();
            assert_eq!(snapshot.state, State::Open, "round {round}, n {n}");
            assert_eq!(snapshot.transitions, 1, "round {round}, n {n}");
            // While the n-th opens, each other thread may still record one of its own.
            let recordable = u64::from(n)..u64::from(n) + THREADS as u64;
            assert!(
                recordable.contains(&recorded),
                "{recorded}, round {round}, n {n}"
            );
            assert_eq!(snapshot.totals.failure, recorded);
            let rest = snapshot.totals.late + snapshot.totals.rejected_total();
            assert_eq!(rest + recorded, u64::from(exactly), "round {round}, n {n}");
        }
    }
}

#[test]
fn one_failure_less_than_asked_for_never_opens() {
    for round in 0..cases(200) {
        let (breaker, _clock) = breaker(|b| b.consecutive_failures((THREADS * 5 + 1) as u32));
        settle_all(&breaker, 5, |_, _| failed());
        let snapshot = breaker.snapshot();
        assert_eq!(snapshot.state, State::Closed, "round {round}");
        assert_eq!(
            snapshot.consecutive_failures,
            (THREADS * 5) as u32,
            "round {round}"
        );
    }
}

/// More threads at a time than have their cells at hand.
#[test]
fn the_last_failure_of_many_threads_sees_those_of_all() {
    const MANY: usize = 20;
    for round in 0..cases(50) {
        let count = MANY as u32;
        let (breaker, _clock) =
            breaker(|b| b.failure_count(count).window(WindowSize::Time(secs(10))));
        let alive = std::sync::Barrier::new(MANY);
        let recorded = together(MANY, |_| {
            let recorded = breaker.acquire().unwrap().failure(FailureClass::Status);
            alive.wait();
            recorded
        });
        assert!(recorded.iter().all(|one| *one == Settled::Recorded));
        assert_eq!(breaker.state(), State::Open, "round {round}");
    }
}

#[test]
fn the_outcome_that_completes_the_minimum_trips_whoever_brings_it() {
    let windows = [
        WindowSize::Calls(12),
        WindowSize::Calls(200),
        WindowSize::Time(secs(10)),
    ];
    for window in windows {
        for round in 0..cases(300) {
            let all = (THREADS * 3) as u32;
            let (breaker, _clock) = breaker(|b| {
                b.failure_rate(percent("50%"))
                    .window(window)
                    .minimum_calls(all)
            });
            // Two threads fail, two succeed: half of all, once all are there.
            settle_all(
                &breaker,
                3,
                |number, _| if number % 2 == 0 { failed() } else { good() },
            );
            assert_eq!(breaker.state(), State::Open, "{window:?}, round {round}");
            assert_eq!(
                breaker.snapshot().transitions,
                1,
                "{window:?}, round {round}"
            );
        }
    }
}

#[test]
fn the_last_needed_failure_trips_a_failure_count() {
    for window in [WindowSize::Calls(100), WindowSize::Time(secs(1))] {
        for round in 0..cases(300) {
            let needed = (THREADS * 2) as u32;
            let (breaker, _clock) = breaker(|b| b.failure_count(needed).window(window));
            settle_all(
                &breaker,
                4,
                |_, turn| if turn % 2 == 0 { good() } else { failed() },
            );
            assert_eq!(breaker.state(), State::Open, "{window:?}, round {round}");
        }
    }
}

/// Most of them are known beforehand to open nothing, and are not judged.
#[test]
fn the_last_needed_of_very_many_failures_trips_and_none_before() {
    const EACH: usize = 100;
    let all = (THREADS * EACH) as u32;
    for round in 0..cases(100) {
        for (needed, state) in [(all, State::Open), (all + 1, State::Closed)] {
            let window = WindowSize::Time(secs(10));
            let (breaker, _clock) = breaker(|b| b.failure_count(needed).window(window));
            let recorded = settle_all(&breaker, EACH, |_, _| failed());
            assert_eq!(recorded, u64::from(all), "round {round}");
            assert_eq!(breaker.state(), state, "round {round}, {needed} needed");
        }
    }
}

#[test]
fn slow_calls_of_many_threads_trip() {
    for round in 0..cases(300) {
        let all = (THREADS * 4) as u32;
        let (breaker, _clock) = breaker(|b| {
            b.failure_rate(percent("100%"))
                .slow_call_rate(percent("25%"))
                .slow_call_duration(ms(100))
                .minimum_calls(all)
        });
        settle_all(&breaker, 4, |_, turn| {
            good().took(if turn == 0 { ms(101) } else { Duration::ZERO })
        });
        assert_eq!(breaker.state(), State::Open, "round {round}");
    }
}

#[test]
fn a_closed_breaker_never_holds_counts_that_would_open_it() {
    let opens =
        |window: WindowStats| window.calls >= 10 && window.failures * 1_000 >= window.calls * 333;
    let windows = [
        WindowSize::Calls(50),
        WindowSize::Calls(500),
        WindowSize::Time(secs(10)),
    ];
    let mut closed = 0;
    for round in 0..cases(400) {
        let window = windows[round as usize % windows.len()];
        let (breaker, _clock) = breaker(|b| {
            b.failure_rate(percent("33.3%"))
                .window(window)
                .minimum_calls(10)
        });
        together(THREADS, |number| {
            let mut dice = Dice::new(u64::from(round) * 8 + number as u64 + 1);
            for _ in 0..40 {
                let Ok(permit) = breaker.acquire() else {
                    return;
                };
                let failed = dice.below(100) < 18;
                if failed {
                    permit.failure(FailureClass::Other)
                } else {
                    permit.success()
                };
            }
        });
        let snapshot = breaker.snapshot();
        if snapshot.state == State::Closed {
            closed += 1;
            assert!(
                !opens(snapshot.window),
                "round {round}, {window:?}: {:?}",
                snapshot.window
            );
        } else {
            assert_eq!(snapshot.transitions, 1, "round {round}, {window:?}");
        }
    }
    assert!(
        closed > 0,
        "the shares are such that many rounds stay closed"
    );
}
