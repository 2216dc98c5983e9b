//! Late outcomes leave newer generations alone, also while these come into being.

use crate::cases::cases;
use crate::stand::{OneEach, breaker, percent, secs, tester, together};
use fusebox::{FailureClass, Settled, State, WindowSize};

const THREADS: usize = 4;

#[test]
fn outcomes_of_an_older_generation_never_enter_a_newer_one() {
    for window in [
        WindowSize::Calls(64),
        WindowSize::Calls(1_000),
        WindowSize::Time(secs(10)),
    ] {
        for round in 0..cases(150) {
            let (breaker, _clock) = breaker(|b| {
                b.consecutive_failures(100_000)
                    .failure_rate(percent("100%"))
                    .window(window)
                    .minimum_calls(60)
            });
            let permits: Vec<Vec<_>> = (0..THREADS)
                .map(|_| (0..14).map(|_| breaker.acquire_owned().unwrap()).collect())
                .collect();
            let permits = OneEach::new(permits);
            let late = together(THREADS, |number| {
                let mine = permits.take(number);
                let mut late = 0;
                for (turn, permit) in mine.into_iter().enumerate() {
                    if number == 0 && turn == 7 {
                        breaker.reset(&tester());
                    }
                    let settled = permit.failure(FailureClass::Timeout);
                    late += u64::from(settled == Settled::Late);
                }
                late
            });
            let late: u64 = late.into_iter().sum();
            let snapshot = breaker.snapshot();
            let sees = format!("{window:?}, round {round}: {:?}", snapshot.window);
            assert_eq!(snapshot.totals.late, late, "{sees}");
            assert!(late >= 7, "the resetting thread's own rest is late; {sees}");
            assert_eq!(snapshot.state, State::Closed, "{sees}");
            assert_eq!(snapshot.consecutive_failures, 0, "{sees}");
            assert_eq!(
                (snapshot.window.calls, snapshot.window.failures),
                (0, 0),
                "{sees}"
            );
        }
    }
}

#[test]
fn late_trials_neither_close_nor_open_nor_free_a_place() {
    for round in 0..cases(150) {
        let (breaker, _clock) = breaker(|b| {
            b.consecutive_failures(1)
                .half_open_calls(4)
                .half_open_successes(4)
                .half_open_failures(2)
        });
        breaker.transition(State::HalfOpen, &tester()).unwrap();
        let old: Vec<_> = (0..4).map(|_| breaker.acquire_owned().unwrap()).collect();
        breaker.transition(State::Open, &tester()).unwrap();
        breaker.transition(State::HalfOpen, &tester()).unwrap();
        let new: Vec<_> = (0..4).map(|_| breaker.acquire_owned().unwrap()).collect();
        let old = OneEach::new(old);
        let settled = together(THREADS, |number| {
            let permit = old.take(number);
            match number % 3 {
                0 => permit.success(),
                1 => permit.failure(FailureClass::Reset),
                _ => permit.ignore(),
            }
        });
        assert_eq!(settled, [Settled::Late; 4], "round {round}");
        let snapshot = breaker.snapshot();
        assert_eq!(
            (snapshot.state, snapshot.in_flight),
            (State::HalfOpen, 4),
            "round {round}"
        );
        assert!(
            breaker.acquire().is_err(),
            "no place came free, round {round}"
        );
        let closed: Vec<_> = new.into_iter().map(fusebox::PermitOf::success).collect();
        assert_eq!(closed, [Settled::Recorded; 4], "round {round}");
        assert_eq!(breaker.state(), State::Closed, "round {round}");
    }
}
