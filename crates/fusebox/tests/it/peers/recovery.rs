//! Ways back.

use super::{fail, succeed};
use crate::stand::{breaker, secs, tester};
use fusebox::{Recovery, State};

#[test]
fn the_state_is_half_open_at_the_end_of_the_period_without_any_call() {
    let (breaker, clock) = breaker(|b| b.consecutive_failures(1).open_for(secs(60)));
    let mut events = breaker.subscribe();
    fail(&breaker);
    clock.advance(secs(600));
    assert_eq!(breaker.state(), State::HalfOpen);
    let at = std::iter::from_fn(|| events.try_next())
        .filter_map(|received| match received {
            fusebox::Received::Event(event) => Some(event.at.as_nanos()),
            fusebox::Received::Missed(_) => None,
        })
        .collect::<Vec<_>>();
    assert_eq!(
        at,
        [0, 60_000_000_000],
        "dated to the instant, not to the reader"
    );
}

#[test]
fn the_wait_grows_with_each_failed_trial_and_starts_anew_after_a_long_close() {
    let (breaker, clock) = breaker(|b| {
        b.consecutive_failures(1)
            .open_for(secs(1))
            .open_for_max(secs(60))
            .half_open_successes(1)
    });
    for wait in [1, 2, 4, 8] {
        fail(&breaker);
        assert_eq!(breaker.snapshot().retry_after, Some(secs(wait)));
        clock.advance(secs(wait));
    }
    succeed(&breaker);
    clock.advance(secs(7));
    fail(&breaker);
    assert_eq!(
        breaker.snapshot().retry_after,
        Some(secs(16)),
        "closed for less than 8 s"
    );
    clock.advance(secs(16));
    succeed(&breaker);
    clock.advance(secs(16));
    fail(&breaker);
    assert_eq!(
        breaker.snapshot().retry_after,
        Some(secs(1)),
        "closed for 16 s"
    );
}

#[test]
fn a_manual_recovery_waits_for_a_person() {
    let (breaker, clock) = breaker(|b| {
        b.consecutive_failures(1)
            .recovery(Recovery::Manual)
            .half_open_successes(1)
    });
    fail(&breaker);
    clock.advance(secs(1_000_000));
    assert_eq!(breaker.state(), State::Open);
    assert_eq!(breaker.acquire().err().unwrap().retry_after(), None);
    assert!(breaker.transition(State::HalfOpen, &tester()).unwrap());
    succeed(&breaker);
    assert_eq!(breaker.state(), State::Closed);
}

/// A reset wins over everything that was in flight. [asked for in failsafe #23, #24]
#[test]
fn a_reset_closes_and_starts_the_waits_anew() {
    let (breaker, clock) = breaker(|b| b.consecutive_failures(1).open_for(secs(1)));
    for wait in [1, 2, 4] {
        fail(&breaker);
        clock.advance(secs(wait));
    }
    let trial = breaker.acquire().unwrap();
    breaker.reset(&tester());
    assert_eq!(breaker.state(), State::Closed);
    assert_eq!(
        trial.failure(fusebox::FailureClass::Other),
        fusebox::Settled::Late
    );
    fail(&breaker);
    assert_eq!(breaker.snapshot().retry_after, Some(secs(1)));
}
