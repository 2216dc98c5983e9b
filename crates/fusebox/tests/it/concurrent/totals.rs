//! No outcome is lost.

use crate::cases::cases;
use crate::stand::{Dice, breaker, hold, percent, secs, tester, together};
use fusebox::{FailureClass, HoldKind, Outcome, Settled, Settlement, State, WindowSize};
use std::time::Duration;

const THREADS: usize = 4;

#[test]
fn totals_and_the_time_window_add_up_when_all_is_quiet() {
    let (breaker, _clock) = breaker(|b| {
        b.failure_rate(percent("100%"))
            .slow_call_rate(percent("100%"))
            .slow_call_duration(secs(1))
    });
    let per_thread = 5_000;
    // No thread's calls alone are all failed or all slow, but a window's may be at the start.
    breaker.hold(hold(HoldKind::Observe, None));
    let sums = together(THREADS, |number| {
        let mut dice = Dice::new(number as u64 + 1);
        let mut sum = [0_u64; 5];
        for _ in 0..per_thread {
            let permit = breaker.acquire().unwrap();
            let slow = dice.below(5) == 0;
            let took = if slow { secs(2) } else { Duration::ZERO };
            let kind = dice.below(4) as usize;
            sum[kind] += 1;
            let outcome = match kind {
                0 => Outcome::Success,
                1 => Outcome::Failure(FailureClass::Reset),
                2 => Outcome::Ignored,
                _ => {
                    drop(permit);
                    continue;
                }
            };
            sum[4] += u64::from(slow && kind < 2);
            assert_eq!(
                permit.settle(Settlement::new(outcome).took(took)),
                Settled::Recorded
            );
        }
        sum
    });
    let sum = |kind: usize| sums.iter().map(|sum| sum[kind]).sum::<u64>();
    let snapshot = breaker.snapshot();
    assert_eq!(snapshot.totals.success, sum(0));
    assert_eq!(snapshot.totals.failure, sum(1));
    assert_eq!(
        snapshot.totals.ignored,
        sum(2) + sum(3),
        "a drop is ignored"
    );
    assert_eq!(snapshot.totals.abandoned, sum(3), "and counted apart");
    assert_eq!(snapshot.totals.slow, sum(4));
    assert_eq!(snapshot.window.calls, sum(0) + sum(1));
    assert_eq!(snapshot.window.failures, sum(1));
    assert_eq!(snapshot.window.slow, sum(4));
    assert_eq!(
        (snapshot.totals.late, snapshot.totals.rejected_total()),
        (0, 0)
    );
}

#[test]
fn every_call_is_counted_once_while_the_state_is_moved() {
    for round in 0..cases(40) {
        let (breaker, _clock) = breaker(|b| b.consecutive_failures(3).half_open_calls(2));
        let per_thread = 400;
        let admitted: u64 = together(THREADS, |number| {
            let mut dice = Dice::new(u64::from(round) * 10 + number as u64 + 1);
            let mut admitted = 0;
            for turn in 0..per_thread {
                if number == 0 && turn % 20 == 0 {
                    let states = [State::Closed, State::Open, State::HalfOpen];
                    let to = states[dice.below(3) as usize];
                    breaker.transition(to, &tester()).unwrap();
                }
                let Ok(permit) = breaker.acquire() else {
                    continue;
                };
                admitted += 1;
                match dice.below(4) {
                    0 => drop(permit.failure(FailureClass::Connect)),
                    1 => drop(permit),
                    2 => drop(permit.ignore()),
                    _ => drop(permit.success()),
                }
            }
            admitted
        })
        .into_iter()
        .sum();
        let totals = breaker.snapshot().totals;
        let settled = totals.success + totals.failure + totals.ignored + totals.late;
        assert_eq!(settled, admitted, "round {round}: {totals:?}");
        let asked = (THREADS * per_thread) as u64;
        assert_eq!(
            totals.rejected_total(),
            asked - admitted,
            "round {round}: {totals:?}"
        );
    }
}

#[test]
fn a_count_window_is_exact_when_all_is_quiet() {
    for calls in [1_u32, 7, 64, 65, 100, 1_000] {
        for round in 0..cases(20) {
            let (breaker, _clock) = breaker(|b| {
                b.failure_rate(percent("100%"))
                    .window(WindowSize::Calls(calls))
            });
            breaker.hold(hold(HoldKind::Observe, None));
            let record = |total: usize, outcome: Outcome| {
                together(THREADS, |number| {
                    let share = total / THREADS + usize::from(number < total % THREADS);
                    for _ in 0..share {
                        breaker.acquire().unwrap().settle(Settlement::new(outcome));
                    }
                });
                let window = breaker.snapshot().window;
                (window.calls, window.failures)
            };
            let n = u64::from(calls);
            let failure = Outcome::Failure(FailureClass::Other);
            let failures = record(calls as usize + 2_000, failure);
            assert_eq!(failures, (n, n), "{calls} calls, round {round}");
            let half = (n / 2) as usize;
            let mixed = record(half, Outcome::Success);
            assert_eq!(mixed, (n, n - n / 2), "{calls} calls, round {round}");
            let successes = record(calls as usize - half, Outcome::Success);
            assert_eq!(successes, (n, 0), "{calls} calls, round {round}");
        }
    }
}
