//! What each set of old settings does, step by step.

use crate::stand::{percent, secs};
use fusebox::compat::{ErrorRatio, FailMax, FailureThreshold, Pybreaker};
use fusebox::{
    CallError, CircuitBreaker, ManualClock, Reason, Rejection, Settings, State, WindowSize,
};
use std::time::Duration;

/// One set of old settings and what its original does with it.
struct Row {
    name: &'static str,
    settings: Settings,
    /// Calls from closed: `s` succeeds, `f` fails. The last one opens, none before it does.
    opens: &'static str,
    open_for: Duration,
    /// Trials that may be in flight at once, and successes that close.
    trials: u32,
}

fn ratio(error_ratio: f64, response_time: u64, broken_time: u64) -> Settings {
    let old = ErrorRatio {
        error_ratio,
        response_time: secs(response_time),
        broken_time: secs(broken_time),
    };
    old.settings().unwrap()
}

fn threshold(failures: u32, recovery_timeout: u64, half_open_max_calls: u32) -> Settings {
    let old = FailureThreshold {
        failure_threshold: failures,
        recovery_timeout: secs(recovery_timeout),
        half_open_max_calls,
    };
    old.settings().unwrap()
}

fn fail_max(fail_max: u32, recovery_timeout: u64) -> Settings {
    let recovery_timeout = secs(recovery_timeout);
    let old = FailMax {
        fail_max,
        recovery_timeout,
    };
    old.settings().unwrap()
}

fn pybreaker(fail_max: u32, reset_timeout: u64) -> Settings {
    let reset_timeout = secs(reset_timeout);
    let old = Pybreaker {
        fail_max,
        reset_timeout,
    };
    old.settings().unwrap()
}

fn rows() -> Vec<Row> {
    let half = ErrorRatio::default().settings().unwrap();
    let five = FailureThreshold::default().settings().unwrap();
    let plain = Pybreaker::default().settings().unwrap();
    let rows = [
        ("ratio: five calls at least", half.clone(), "fffff", 30, 1),
        (
            "ratio: a success completes them",
            half.clone(),
            "ffffs",
            30,
            1,
        ),
        ("ratio: half of the calls", half, "sfsfsf", 30, 1),
        ("ratio: a tenth", ratio(0.1, 20, 7), "sssssssssf", 7, 1),
        ("ratio: all of them", ratio(1.0, 1, 1), "fffff", 1, 1),
        ("threshold", five.clone(), "fffff", 60, 2),
        ("threshold: only a run", five, "ffffsfffff", 60, 2),
        ("threshold: of one", threshold(1, 2, 5), "f", 2, 5),
        (
            "threshold: one trial",
            threshold(7, 120, 1),
            "fffffff",
            120,
            1,
        ),
        ("fail_max: rag", fail_max(5, 60), "fffff", 60, 1),
        ("fail_max: rules", fail_max(3, 60), "fsffsfff", 60, 1),
        ("fail_max: notifier", fail_max(4, 30), "ffff", 30, 1),
        ("fail_max: vms", fail_max(6, 60), "sffffff", 60, 1),
        ("pybreaker", plain, "fffff", 60, 1),
        ("pybreaker: only a run", pybreaker(2, 10), "fsfsff", 10, 1),
    ];
    let row = |(name, settings, opens, open_for, trials)| Row {
        name,
        settings,
        opens,
        open_for: secs(open_for),
        trials,
    };
    rows.map(row).into()
}

fn breaker(row: &Row) -> (CircuitBreaker, ManualClock) {
    let clock = ManualClock::new();
    let builder = CircuitBreaker::builder("old").clock(clock.clone());
    let breaker = builder.settings(row.settings.clone()).build().unwrap();
    (breaker, clock)
}

fn call(breaker: &CircuitBreaker, outcome: char) -> Option<Rejection> {
    let answer = match outcome {
        's' => breaker.call(|| Ok(())),
        _ => breaker.call(|| Err("down")),
    };
    answer.err().as_ref().and_then(CallError::rejection)
}

/// Makes the calls that open; every one of them is admitted and only the last one opens.
fn open(breaker: &CircuitBreaker, row: &Row) {
    for (number, outcome) in row.opens.chars().enumerate() {
        assert_eq!(
            breaker.state(),
            State::Closed,
            "{}, call {number}",
            row.name
        );
        assert_eq!(call(breaker, outcome), None, "{}, call {number}", row.name);
    }
    assert_eq!(breaker.state(), State::Open, "{}", row.name);
}

/// Waits the open period out; it ends at its very instant.
fn wait(breaker: &CircuitBreaker, clock: &ManualClock, row: &Row) {
    let rejection = call(breaker, 's').expect(row.name);
    assert_eq!(rejection.reason(), Reason::Open, "{}", row.name);
    assert_eq!(rejection.retry_after(), Some(row.open_for), "{}", row.name);
    clock.advance(row.open_for - Duration::from_nanos(1));
    assert_eq!(breaker.state(), State::Open, "{}", row.name);
    clock.advance(Duration::from_nanos(1));
    assert_eq!(breaker.state(), State::HalfOpen, "{}", row.name);
}

#[test]
fn it_opens_at_the_right_call_and_tries_again_at_the_right_instant() {
    for row in rows() {
        let (breaker, clock) = breaker(&row);
        open(&breaker, &row);
        wait(&breaker, &clock, &row);
    }
}

#[test]
fn every_opening_lasts_as_long_as_the_first() {
    for row in rows() {
        let (breaker, clock) = breaker(&row);
        open(&breaker, &row);
        for _ in 0..4 {
            wait(&breaker, &clock, &row);
            assert_eq!(call(&breaker, 'f'), None, "{}", row.name);
            assert_eq!(
                breaker.state(),
                State::Open,
                "{}: one failed trial",
                row.name
            );
        }
    }
}

#[test]
fn it_closes_after_the_right_number_of_successes_and_then_begins_anew() {
    for row in rows() {
        let (breaker, clock) = breaker(&row);
        for _ in 0..2 {
            open(&breaker, &row);
            wait(&breaker, &clock, &row);
            for _ in 0..row.trials {
                assert_eq!(breaker.state(), State::HalfOpen, "{}", row.name);
                assert_eq!(call(&breaker, 's'), None, "{}", row.name);
            }
            assert_eq!(breaker.state(), State::Closed, "{}", row.name);
        }
    }
}

#[test]
fn so_many_trials_are_in_flight_at_once_and_no_more() {
    for row in rows() {
        let (breaker, clock) = breaker(&row);
        open(&breaker, &row);
        wait(&breaker, &clock, &row);
        let trials: Vec<_> = (0..row.trials)
            .map(|_| breaker.acquire().unwrap())
            .collect();
        let rejection = breaker.acquire().expect_err(row.name);
        assert_eq!(rejection.reason(), Reason::HalfOpen, "{}", row.name);
        trials.into_iter().for_each(|trial| {
            trial.success();
        });
        assert_eq!(breaker.state(), State::Closed, "{}", row.name);
    }
}

#[test]
fn a_failure_older_than_the_response_time_is_forgotten() {
    for response_time in [1, 10, 45] {
        let row = Row {
            name: "ratio",
            settings: ratio(0.5, response_time, 30),
            opens: "",
            open_for: secs(30),
            trials: 1,
        };
        // The oldest call is just young enough, and just too old.
        for (early, state) in [
            (secs(response_time) / 5, State::Open),
            (secs(0), State::Closed),
        ] {
            let (breaker, clock) = breaker(&row);
            for outcome in "ffff".chars() {
                assert_eq!(call(&breaker, outcome), None);
            }
            clock.advance(secs(response_time) - early);
            assert_eq!(call(&breaker, 'f'), None);
            assert_eq!(breaker.state(), state, "{response_time} s but {early:?}");
        }
    }
}

/// What the originals do not know must not be on.
#[test]
fn nothing_else_is_switched_on() {
    for row in rows() {
        let (settings, name) = (&row.settings, row.name);
        assert_eq!(settings.jitter(), percent("0%"), "{name}");
        assert!((settings.backoff() - 1.0).abs() < f64::EPSILON, "{name}");
        assert_eq!(settings.open_for_max(), settings.open_for(), "{name}");
        assert_eq!(settings.half_open_failures(), 1, "{name}");
        assert_eq!(settings.ramp(), Duration::ZERO, "{name}");
        assert_eq!(settings.abandoned_after(), None, "{name}");
        assert_eq!(settings.slow_call_rate(), None, "{name}");
        assert_eq!(settings.failure_count(), None, "{name}");
        let policies = (
            settings.consecutive_failures().is_some(),
            settings.failure_rate(),
        );
        match name.starts_with("ratio") {
            true => assert!(matches!(policies, (false, Some(_))), "{name}"),
            false => assert_eq!(policies, (true, None), "{name}"),
        }
    }
    let ratio = ErrorRatio::default().settings().unwrap();
    assert_eq!(ratio.window(), WindowSize::Time(secs(10)));
    assert_eq!(ratio.minimum_calls(), 5);
}

#[test]
fn what_has_no_old_name_can_be_added() {
    let old = FailureThreshold::default();
    let settings = old.builder().unwrap().ramp(secs(20)).build().unwrap();
    assert_eq!(settings.ramp(), secs(20));
    assert_eq!(settings.half_open_successes(), 2);
}
