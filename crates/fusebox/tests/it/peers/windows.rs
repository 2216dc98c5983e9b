//! Windows that do not slide, do not see, or do not forget.

use super::{fail, fail_times, succeed, succeed_times};
use crate::stand::{breaker, ms, percent, secs};
use fusebox::{State, WindowSize};

/// [tower-resilience: after 100,000 successes an outage needs 100,000 failures to open]
#[test]
fn sliding_count_window_slides_after_100000_successes() {
    let (breaker, _clock) = breaker(|b| {
        b.failure_rate(percent("50%"))
            .window(WindowSize::Calls(100))
            .minimum_calls(100)
    });
    succeed_times(&breaker, 100_000);
    fail_times(&breaker, 49);
    assert_eq!(breaker.state(), State::Closed);
    fail(&breaker);
    assert_eq!(breaker.state(), State::Open, "50 of the last 100");
}

/// [circuitbreaker-rs: a rate over the whole life]
#[test]
fn a_time_window_forgets_100000_old_successes() {
    let (breaker, clock) = breaker(|b| {
        b.failure_rate(percent("50%"))
            .window(WindowSize::Time(secs(10)))
    });
    succeed_times(&breaker, 100_000);
    clock.advance(secs(10));
    fail_times(&breaker, 19);
    assert_eq!(breaker.state(), State::Closed);
    fail(&breaker);
    assert_eq!(breaker.state(), State::Open, "20 of 20");
}

/// [tower-resilience, recloser: a window must fill although the minimum is lower]
#[test]
fn the_minimum_is_enough_though_the_window_is_not_full() {
    let (breaker, _clock) = breaker(|b| {
        b.failure_rate(percent("100%"))
            .window(WindowSize::Calls(100))
            .minimum_calls(5)
    });
    fail_times(&breaker, 4);
    assert_eq!(breaker.state(), State::Closed);
    fail(&breaker);
    assert_eq!(breaker.state(), State::Open);
}

/// [recloser: from a cold start at 100 % errors a window of 100 opens at the 101st failure]
#[test]
fn a_window_of_100_opens_at_its_hundredth_failure() {
    let (breaker, _clock) = breaker(|b| {
        b.failure_rate(percent("100%"))
            .window(WindowSize::Calls(100))
            .minimum_calls(100)
    });
    fail_times(&breaker, 99);
    assert_eq!(breaker.state(), State::Closed);
    fail(&breaker);
    assert_eq!(breaker.state(), State::Open);
}

/// [circuitbreaker-rs: its policy of a time window is never fed, 100,000 failures, still closed]
#[test]
fn a_time_window_is_fed_by_every_call() {
    let (breaker, clock) =
        breaker(|b| b.failure_count(1_000).window(WindowSize::Time(secs(3_600))));
    for call in 1..1_000_u64 {
        fail(&breaker);
        succeed(&breaker);
        clock.advance(ms(1_000));
        let window = breaker.snapshot().window;
        assert_eq!((window.failures, window.calls), (call, 2 * call));
    }
    fail(&breaker);
    assert_eq!(breaker.state(), State::Open);
}

/// [recloser: nobody judges the rate when the ring fills with a success]
#[test]
fn a_success_that_completes_the_minimum_opens() {
    for window in [WindowSize::Calls(10), WindowSize::Time(secs(10))] {
        let (breaker, _clock) = breaker(|b| {
            b.failure_rate(percent("90%"))
                .window(window)
                .minimum_calls(10)
        });
        fail_times(&breaker, 9);
        assert_eq!(breaker.state(), State::Closed);
        succeed(&breaker);
        assert_eq!(breaker.state(), State::Open, "9 of 10, {window:?}");
    }
}

/// [failsafe: 29,000 failures in 29 s of its first 30 s are admitted]
#[test]
fn a_time_window_trips_in_its_first_window() {
    let (breaker, clock) = breaker(|b| {
        b.failure_rate(percent("50%"))
            .window(WindowSize::Time(secs(30)))
    });
    for _ in 0..19 {
        fail(&breaker);
        clock.advance(ms(1));
    }
    fail(&breaker);
    assert_eq!(breaker.state(), State::Open);
}

/// [failsafe: its average weighs by time, so a burst of failures does not trip]
#[test]
fn a_thousand_failures_in_a_millisecond_weigh_as_much_as_any() {
    let (breaker, clock) = breaker(|b| {
        b.failure_rate(percent("50%"))
            .window(WindowSize::Time(secs(30)))
            .minimum_calls(100)
    });
    for _ in 0..200 {
        succeed_times(&breaker, 5);
        clock.advance(ms(100));
    }
    fail_times(&breaker, 999);
    assert_eq!(breaker.state(), State::Closed, "999 of 1,999");
    fail(&breaker);
    assert_eq!(breaker.state(), State::Open, "1,000 of 2,000");
}

/// [failsafe: a windowed sum over 5 s, fed every 1.9 s, reports 4 where 2 or 3 are inside]
#[test]
fn a_time_window_never_holds_what_is_older_than_it() {
    let (breaker, clock) = breaker(|b| b.failure_count(1_000).window(WindowSize::Time(secs(5))));
    for call in 0..200_u64 {
        fail(&breaker);
        let inside = breaker.snapshot().window.failures;
        // Ages 0, 1.9 and 3.8 s are inside, 5.7 s is not.
        assert_eq!(inside, (call + 1).min(3));
        clock.advance(ms(1_900));
    }
}

/// [breaker-machines: at most 1000 events, so above 17 a second "60 s" is shorter]
#[test]
fn a_fast_stream_does_not_shorten_the_window() {
    let (breaker, clock) = breaker(|b| b.failure_count(100_000).window(WindowSize::Time(secs(60))));
    for _ in 0..500 {
        succeed_times(&breaker, 100);
        clock.advance(ms(100));
    }
    assert_eq!(breaker.snapshot().window.calls, 50_000);
}

/// [`circuit_breaker`: successes never end the run, 3 failures in 30,001 calls open]
#[test]
fn failures_far_apart_are_no_run() {
    let (breaker, _clock) = breaker(|b| b.consecutive_failures(3));
    for _ in 0..10 {
        fail_times(&breaker, 2);
        succeed_times(&breaker, 1_000);
    }
    assert_eq!(
        (breaker.state(), breaker.snapshot().consecutive_failures),
        (State::Closed, 0)
    );
}

/// [breaker-machines: the failure log survives a recovery, one failure opens again]
#[test]
fn after_a_recovery_one_failure_does_not_open() {
    let (breaker, clock) = breaker(|b| {
        b.consecutive_failures(5)
            .failure_count(5)
            .open_for(secs(1))
            .half_open_successes(1)
    });
    fail_times(&breaker, 5);
    clock.advance(secs(1));
    succeed(&breaker);
    fail_times(&breaker, 4);
    assert_eq!(breaker.state(), State::Closed);
    fail(&breaker);
    assert_eq!(breaker.state(), State::Open);
}

/// [failsafe: parts of a second are cut off, and a window of 0.9 s is none at all]
#[test]
fn a_window_with_parts_of_a_second_is_not_cut() {
    let (breaker, clock) = breaker(|b| b.failure_count(2).window(WindowSize::Time(ms(1_900))));
    fail(&breaker);
    clock.advance(ms(1_700));
    assert_eq!(
        breaker.snapshot().window.failures,
        1,
        "1.7 s are less than 0.9 of 1.9 s"
    );
    fail(&breaker);
    assert_eq!(breaker.state(), State::Open);
}

/// [failsafe: after 1,000 successes a window that was cut to nothing opens at one failure]
#[test]
fn a_window_too_short_to_keep_is_refused() {
    let builder = fusebox::CircuitBreaker::builder("short").failure_rate(percent("50%"));
    let refused = builder.window(WindowSize::Time(ms(900))).build();
    assert!(refused.unwrap_err().to_string().contains("window"));
}
