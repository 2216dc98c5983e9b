//! What other breakers for Rust leave behind, each defect a test. Where a name in brackets stands
//! at a test, the defect was measured there.

use crate::counting::{allocations, live_bytes};
use fusebox::{Author, Builder, CircuitBreaker, FailureClass, ManualClock, State, WindowSize};
use std::time::Duration;

fn breaker(set: impl FnOnce(Builder) -> Builder) -> (CircuitBreaker, ManualClock) {
    let clock = ManualClock::new();
    let builder = CircuitBreaker::builder("leaks").clock(clock.clone());
    (set(builder).build().unwrap(), clock)
}

fn fail(breaker: &CircuitBreaker) {
    breaker.acquire().unwrap().failure(FailureClass::Status);
}

/// [recloser: 102 bytes for every transition]
#[test]
fn transitions_leave_no_memory_behind() {
    let (breaker, clock) = breaker(|b| b.consecutive_failures(1).half_open_successes(1));
    let mut events = breaker.subscribe();
    let mut round = || {
        fail(&breaker);
        clock.advance(Duration::from_secs(120));
        assert_eq!(breaker.state(), State::HalfOpen);
        breaker.acquire().unwrap().success();
        breaker.reset(&Author::system());
        while events.try_next().is_some() {}
    };
    // The ring of events fills first.
    (0..2_000).for_each(|_| round());
    let before = live_bytes();
    (0..10_000).for_each(|_| round());
    assert_eq!(live_bytes() - before, 0);
}

/// [recloser: 164 bytes of every breaker stay]
#[test]
fn a_dropped_breaker_gives_all_its_memory_back() {
    let life = |window| {
        let (breaker, clock) = breaker(|b| b.failure_count(2).window(window));
        let mut tap = breaker.tap();
        let _events = breaker.subscribe();
        for _ in 0..10 {
            fail(&breaker);
            fail(&breaker);
            clock.advance(Duration::from_secs(120));
            drop(breaker.acquire().unwrap());
            breaker.reset(&Author::system());
        }
        let other = fusebox::Settings::builder().consecutive_failures(7);
        let changed = breaker.change_settings(other.build().unwrap(), &Author::system());
        changed.unwrap();
        tap.drain(&mut Vec::new());
    };
    let windows = [
        WindowSize::Calls(100),
        WindowSize::Time(Duration::from_secs(10)),
    ];
    windows.into_iter().for_each(life);
    for window in windows {
        let before = live_bytes();
        (0..100).for_each(|_| life(window));
        assert_eq!(live_bytes() - before, 0, "{window:?}");
    }
}

/// [recloser: 20 MB of what others freed stay while one protected call runs]
#[test]
fn a_call_under_way_holds_back_no_memory_of_others() {
    let (slow, _clock) = breaker(|b| b);
    let trip = || {
        let (breaker, _clock) = breaker(|b| b.consecutive_failures(1));
        fail(&breaker);
        breaker.state()
    };
    let held_back = slow.call(|| {
        let beside = std::thread::spawn(move || {
            trip();
            let before = live_bytes();
            for _ in 0..10_000 {
                trip();
            }
            live_bytes() - before
        });
        beside.join().map_err(drop)
    });
    assert_eq!(held_back, Ok(0));
}

/// [tower-resilience: a log of every call in the window, 24 bytes each, read whole at each call;
/// resilient: a log that nobody prunes]
#[test]
fn a_time_window_is_as_large_however_many_calls_it_holds() {
    let length = Duration::from_secs(60);
    let (breaker, clock) = breaker(|b| {
        let b = b.failure_count(1_000_000).window(WindowSize::Time(length));
        b.open_for(length)
    });
    fail(&breaker);
    let before = (live_bytes(), allocations());
    for _ in 0..59 {
        (0..1_000).for_each(|_| fail(&breaker));
        clock.advance(Duration::from_millis(900));
    }
    assert_eq!((live_bytes(), allocations()), before);
    assert_eq!(breaker.snapshot().window.calls, 59_001);
}
