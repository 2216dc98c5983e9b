//! Settings of branches and of their circuit, changed while calls go on (R21).

use crate::stand::{breaker, hold, ms, percent, secs, tester};
use fusebox::{
    BranchSettings, BranchStats, CircuitBreaker, Clock, FailureClass, HoldKind, ManualClock,
    Settings, SettingsBuilder, State, Tick, WindowSize,
};
use std::time::Duration;

fn lenient() -> Settings {
    let settings = Settings::builder().consecutive_failures(1_048_576);
    settings.build().unwrap()
}

fn of(keys_min: u32, breaker: Settings) -> BranchSettings {
    let settings = BranchSettings::builder().keys_min(keys_min);
    settings.breaker(breaker).build().unwrap()
}

fn call(circuit: &CircuitBreaker, key: &str, ok: bool) {
    let permit = circuit.acquire_key(key).unwrap();
    match ok {
        true => permit.success(),
        false => permit.failure(FailureClass::Connect),
    };
}

#[test]
fn a_raised_minimum_is_not_met_by_keys_that_were_not_counted() {
    let (circuit, _) = breaker(|b| {
        let b = b.failure_rate(percent("50%")).minimum_calls(10);
        b.window(WindowSize::Time(secs(60)))
            .branches(of(1, lenient()))
    });
    for key in ["a", "b", "c", "d"] {
        call(&circuit, key, true);
    }
    for _ in 0..5 {
        call(&circuit, "a", false);
    }
    circuit.set_branches(Some(of(3, lenient())), &tester());
    call(&circuit, "a", false);
    assert_eq!(circuit.state(), State::Closed, "6 of 10 failed, all `a`'s");
    call(&circuit, "b", false);
    call(&circuit, "c", false);
    assert_eq!(circuit.state(), State::Open, "of three keys now");
}

/// Also where the next outcome changes nothing: what was judged by keys is judged anew.
#[test]
fn what_too_few_keys_kept_closed_opens_at_the_next_call_once_keys_do_not_count() {
    for window in [WindowSize::Calls(4), WindowSize::Time(secs(60))] {
        let (circuit, _) = breaker(|b| {
            let b = b.failure_rate(percent("50%")).minimum_calls(4);
            b.window(window).branches(of(3, lenient()))
        });
        for (key, ok) in [("b", true), ("c", true), ("a", false), ("a", false)] {
            call(&circuit, key, ok);
        }
        if window == WindowSize::Time(secs(60)) {
            call(&circuit, "a", false);
        }
        assert_eq!(circuit.state(), State::Closed, "{window:?}: of one key");
        circuit.set_branches(None, &tester());
        circuit.acquire().unwrap().success();
        assert_eq!(circuit.state(), State::Open, "{window:?}");
    }
}

#[test]
fn a_lowered_minimum_is_met_by_what_was_seen_before() {
    let (circuit, _) = breaker(|b| b.consecutive_failures(4).branches(of(3, lenient())));
    call(&circuit, "c", true);
    for key in ["a", "b", "a", "b"] {
        call(&circuit, key, false);
    }
    assert_eq!(circuit.state(), State::Closed);
    circuit.set_branches(Some(of(2, lenient())), &tester());
    call(&circuit, "a", false);
    assert_eq!(circuit.state(), State::Open);
}

#[test]
fn what_happened_while_it_was_not_keyed_ends_a_run() {
    let (circuit, _) = breaker(|b| b.consecutive_failures(5).branches(of(2, lenient())));
    call(&circuit, "a", false);
    circuit.set_branches(None, &tester());
    circuit.acquire().unwrap().success();
    circuit.set_branches(Some(of(2, lenient())), &tester());
    call(&circuit, "c", true);
    for _ in 0..5 {
        call(&circuit, "b", false);
    }
    assert_eq!(circuit.state(), State::Closed, "five in a row, all `b`'s");
}

#[test]
fn keys_leave_with_their_calls_when_a_window_changes_its_length() {
    let counted = |length| {
        Settings::builder()
            .failure_count(4)
            .window(WindowSize::Time(length))
    };
    let (circuit, clock) = breaker(|b| {
        let b = b.failure_count(4).window(WindowSize::Time(secs(10)));
        b.branches(of(2, lenient()))
    });
    for key in ["x", "a"] {
        call(&circuit, key, false);
    }
    call(&circuit, "c", true);
    clock.advance(secs(9));
    let longer = counted(secs(11)).build().unwrap();
    circuit.change_settings(longer, &tester()).unwrap();
    clock.advance(secs(3));
    call(&circuit, "c", true);
    for _ in 0..4 {
        call(&circuit, "b", false);
    }
    assert_eq!(circuit.state(), State::Closed, "the window has only `b`'s");
    call(&circuit, "c", false);
    assert_eq!(circuit.state(), State::Open);
}

#[test]
fn a_circuit_without_branches_any_more_is_a_plain_one() {
    let strict = Settings::builder().consecutive_failures(1).build().unwrap();
    let (circuit, _) = breaker(|b| b.consecutive_failures(2).branches(of(3, strict.clone())));
    let old = circuit.acquire_key("in flight").unwrap();
    call(&circuit, "well", true);
    call(&circuit, "dead", false);
    assert!(circuit.acquire_key("dead").is_err());
    assert!(circuit.hold_branch("held", hold(HoldKind::ForcedOpen, None)));

    circuit.set_branches(None, &tester());
    assert_eq!(circuit.branch_settings(), None);
    assert_eq!(circuit.branches(), BranchStats::default());
    assert!(circuit.worst_branches(9).is_empty() && circuit.branch("dead").is_none());
    assert!(!circuit.hold_branch("dead", hold(HoldKind::Observe, None)));
    circuit.acquire_key("held").unwrap().ignore();
    old.failure(FailureClass::Reset);
    assert_eq!(circuit.state(), State::Open, "two in a row, whosever");

    circuit.reset(&tester());
    circuit.set_branches(Some(of(3, strict)), &tester());
    assert_eq!(circuit.branches().known, 0);
    circuit.acquire_key("dead").unwrap().success();
    assert_eq!(circuit.branch("dead").unwrap().state, State::Closed);
}

#[test]
fn a_permit_from_before_says_nothing_to_the_branch_that_has_its_place_now() {
    let strict = Settings::builder().consecutive_failures(1).build().unwrap();
    let (circuit, _) = breaker(|b| {
        b.consecutive_failures(1_000)
            .branches(of(3, strict.clone()))
    });
    let old = circuit.acquire_key("old").unwrap();
    circuit.set_branches(None, &tester());
    circuit.set_branches(Some(of(3, strict)), &tester());
    call(&circuit, "new", true);
    old.failure(FailureClass::Reset);
    assert_eq!(circuit.branch("new").unwrap().state, State::Closed);
    assert!(circuit.branch("old").is_none());
    assert_eq!(circuit.consecutive_failures(), 1, "the circuit hears of it");
}

fn rated(window: WindowSize) -> SettingsBuilder {
    let settings = Settings::builder().failure_rate(percent("50%"));
    settings.minimum_calls(2).window(window)
}

#[test]
fn a_window_keeps_what_fits_in_quiet_and_in_whole_branches() {
    let of_calls = |n| of(3, rated(WindowSize::Calls(n)).build().unwrap());
    let (circuit, _) = breaker(|b| b.consecutive_failures(1_000).branches(of_calls(10)));
    for turn in 0..8 {
        call(&circuit, "quiet", true);
        call(&circuit, "other", true);
        call(&circuit, "whole", turn != 2);
    }
    let window = |key: &str| {
        let window = circuit.branch(key).unwrap().window;
        (window.calls, window.failures)
    };
    circuit.set_branches(Some(of_calls(20)), &tester());
    call(&circuit, "quiet", true);
    assert_eq!((window("quiet"), window("whole")), ((9, 0), (8, 1)));
    circuit.set_branches(Some(of_calls(5)), &tester());
    assert_eq!((window("quiet"), window("whole")), ((5, 0), (5, 0)));
    assert_eq!(window("other"), (5, 0), "nobody looked at it before");
    let timed = of(3, rated(WindowSize::Time(secs(10))).build().unwrap());
    circuit.set_branches(Some(timed), &tester());
    assert_eq!(
        (window("quiet"), window("whole")),
        ((0, 0), (0, 0)),
        "another unit"
    );
}

#[test]
fn branches_without_settings_of_their_own_follow_their_circuit() {
    let (circuit, _) = breaker(|b| {
        let keyed = BranchSettings::builder().keys_min(1_000);
        b.consecutive_failures(5).branches(keyed.build().unwrap())
    });
    for key in ["a", "b", "c"] {
        call(&circuit, key, true);
    }
    call(&circuit, "a", false);
    let stricter = Settings::builder().consecutive_failures(2).build().unwrap();
    circuit.change_settings(stricter, &tester()).unwrap();
    for key in ["a", "b", "b"] {
        call(&circuit, key, false);
        call(&circuit, "c", true);
    }
    let state = |key: &str| circuit.branch(key).unwrap().state;
    assert_eq!(
        (state("a"), state("b"), state("c")),
        (State::Open, State::Open, State::Closed)
    );
    assert_eq!(circuit.state(), State::Closed);
}

/// A clock whose coarse reading lags.
#[derive(Clone, Debug)]
struct Lagging(ManualClock);

impl Clock for Lagging {
    fn now(&self) -> Tick {
        self.0.now()
    }

    fn coarse(&self) -> Tick {
        Tick::from_nanos(self.0.now().as_nanos().saturating_sub(4_000_000))
    }
}

#[test]
fn a_branch_with_a_short_limit_measures_as_exactly_as_it_needs() {
    let clock = ManualClock::new();
    clock.advance(secs(1));
    let slow = |limit: Duration| {
        let settings = Settings::builder().slow_call_rate(percent("50%"));
        settings.slow_call_duration(limit).build().unwrap()
    };
    let circuit = CircuitBreaker::builder("lagging")
        .settings(slow(secs(1)))
        .branches(of(3, slow(ms(2))))
        .clock(Lagging(clock.clone()))
        .build()
        .unwrap();
    circuit.acquire_key("a").unwrap().success();
    assert_eq!(circuit.branch("a").unwrap().window.slow, 0);
    let permit = circuit.acquire_key("a").unwrap();
    clock.advance(ms(3));
    permit.success();
    assert_eq!(circuit.branch("a").unwrap().window.slow, 1);
}
