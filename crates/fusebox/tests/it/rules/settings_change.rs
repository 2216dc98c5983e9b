//! R21: settings changed while running.

use crate::stand::{breaker, ms, percent, secs, tester};
use fusebox::{
    CircuitBreaker, FailureClass, ManualClock, Recovery, Settings, SettingsBuilder, State,
    WindowSize,
};
use std::sync::Arc;

fn change(breaker: &CircuitBreaker, set: impl FnOnce(SettingsBuilder) -> SettingsBuilder) {
    let builder = Settings::builder().jitter(percent("0%"));
    breaker
        .change_settings(set(builder).build().unwrap(), &tester())
        .unwrap();
}

fn fail(breaker: &CircuitBreaker, times: u32) {
    for _ in 0..times {
        breaker.acquire().unwrap().failure(FailureClass::Status);
    }
}

fn counting(window: WindowSize) -> (Arc<CircuitBreaker>, ManualClock) {
    breaker(|b| b.failure_count(1).failure_count(10).window(window))
}

#[test]
fn they_judge_from_the_next_outcome_not_at_the_change() {
    let (breaker, _clock) = breaker(|b| b.consecutive_failures(10));
    fail(&breaker, 3);
    change(&breaker, |b| b.consecutive_failures(2));
    assert_eq!(breaker.state(), State::Closed);
    fail(&breaker, 1);
    assert_eq!(breaker.state(), State::Open);
}

#[test]
fn the_next_outcome_may_be_a_success_that_finds_the_window_too_bad() {
    for window in [WindowSize::Calls(20), WindowSize::Time(secs(10))] {
        let (breaker, _clock) = counting(window);
        fail(&breaker, 4);
        change(&breaker, |b| b.failure_count(3).window(window));
        assert_eq!(breaker.state(), State::Closed, "{window:?}");
        breaker.acquire().unwrap().success();
        assert_eq!(breaker.state(), State::Open, "{window:?}");
    }
}

#[test]
fn a_running_open_period_keeps_its_end() {
    let (breaker, clock) = breaker(|b| b.consecutive_failures(1).open_for(secs(10)));
    fail(&breaker, 1);
    change(&breaker, |b| b.consecutive_failures(1).open_for(secs(50)));
    assert_eq!(breaker.snapshot().retry_after, Some(secs(10)));
    change(&breaker, |b| {
        b.consecutive_failures(1).recovery(Recovery::Manual)
    });
    clock.advance(secs(10));
    assert_eq!(breaker.state(), State::HalfOpen);
}

#[test]
fn a_running_trial_keeps_its_deadline() {
    let (breaker, clock) = breaker(|b| b.half_open_timeout(secs(30)).half_open_calls(2));
    breaker.transition(State::HalfOpen, &tester()).unwrap();
    let _old = breaker.acquire().unwrap();
    change(&breaker, |b| {
        b.half_open_timeout(secs(5)).half_open_calls(1)
    });
    assert_eq!(
        breaker.acquire().err().unwrap().retry_after(),
        Some(secs(30))
    );
    change(&breaker, |b| {
        b.half_open_timeout(secs(5)).half_open_calls(2)
    });
    let _new = breaker.acquire().unwrap();
    assert_eq!(
        breaker.acquire().err().unwrap().retry_after(),
        Some(secs(5))
    );
    clock.advance(secs(5));
    assert_eq!(breaker.state(), State::Open);
}

#[test]
fn fewer_successes_asked_for_close_at_the_next_one() {
    let (breaker, _clock) = breaker(|b| b.half_open_successes(5));
    breaker.transition(State::HalfOpen, &tester()).unwrap();
    breaker.acquire().unwrap().success();
    breaker.acquire().unwrap().success();
    change(&breaker, |b| b.half_open_successes(2));
    assert_eq!(breaker.state(), State::HalfOpen);
    breaker.acquire().unwrap().success();
    assert_eq!(breaker.state(), State::Closed);
}

#[test]
fn a_count_window_of_another_size_keeps_its_newest_calls() {
    let (breaker, _clock) = counting(WindowSize::Calls(10));
    fail(&breaker, 6);
    for _ in 0..4 {
        breaker.acquire().unwrap().success();
    }
    let window = || {
        let window = breaker.snapshot().window;
        (window.calls, window.failures)
    };
    change(&breaker, |b| {
        b.failure_count(7).window(WindowSize::Calls(7))
    });
    assert_eq!(window(), (7, 3), "the newest seven");
    change(&breaker, |b| {
        b.failure_count(10).window(WindowSize::Calls(100))
    });
    assert_eq!(window(), (7, 3), "what was forgotten stays so");
    fail(&breaker, 1);
    assert_eq!(window(), (8, 4));
}

#[test]
fn a_longer_time_window_keeps_what_the_shorter_one_held() {
    let (breaker, clock) = counting(WindowSize::Time(secs(10)));
    for _ in 0..8 {
        fail(&breaker, 1);
        clock.advance(secs(1));
    }
    change(&breaker, |b| {
        b.failure_count(10).window(WindowSize::Time(secs(100)))
    });
    assert_eq!(breaker.snapshot().window.failures, 8);
    clock.advance(secs(80));
    assert_eq!(
        breaker.snapshot().window.failures,
        8,
        "none is older than 90 s"
    );
    clock.advance(secs(20));
    assert_eq!(
        breaker.snapshot().window.failures,
        0,
        "all are older than 100 s"
    );
}

#[test]
fn a_shorter_time_window_never_holds_what_is_older_than_it() {
    let (breaker, clock) = counting(WindowSize::Time(secs(60)));
    fail(&breaker, 4);
    clock.advance(secs(5));
    change(&breaker, |b| {
        b.failure_count(10).window(WindowSize::Time(secs(5)))
    });
    assert_eq!(breaker.snapshot().window.failures, 0);
    fail(&breaker, 2);
    assert_eq!(breaker.snapshot().window.failures, 2);
}

#[test]
fn a_shorter_time_window_keeps_a_call_that_is_still_young() {
    for offset in 0..60 {
        let (breaker, clock) = counting(WindowSize::Time(secs(60)));
        clock.advance(secs(offset));
        fail(&breaker, 1);
        clock.advance(secs(1));
        change(&breaker, |b| {
            b.failure_count(10).window(WindowSize::Time(secs(5)))
        });
        clock.advance(ms(3_400));
        let failures = || breaker.snapshot().window.failures;
        assert_eq!(failures(), 1, "4.4 s old, begun at {offset} s");
        clock.advance(ms(600));
        assert_eq!(failures(), 0, "5 s old, begun at {offset} s");
    }
}

#[test]
fn a_window_of_another_unit_starts_empty() {
    let (breaker, _clock) = counting(WindowSize::Time(secs(60)));
    fail(&breaker, 4);
    change(&breaker, |b| {
        b.failure_count(10).window(WindowSize::Calls(20))
    });
    assert_eq!(breaker.snapshot().window.calls, 0);
}

#[test]
fn abandoned_after_set_while_a_call_is_in_flight_judges_it() {
    let (breaker, clock) = breaker(|b| b.consecutive_failures(1));
    let call = breaker.acquire().unwrap();
    change(&breaker, |b| {
        b.consecutive_failures(1).abandoned_after(Some(secs(1)))
    });
    clock.advance(secs(5));
    drop(call);
    assert_eq!(
        breaker.state(),
        State::Open,
        "in flight for 5 s, allowed 1 s"
    );
}
