//! R13: the wait, drawn once, uniform, within its bounds, never above the cap.

use crate::stand::{percent, secs};
use fusebox::{CircuitBreaker, FailureClass, ManualClock, Outcome, Settlement};
use std::time::Duration;

fn waits(jitter: &str, cap: Duration, retry_after: Option<Duration>) -> Vec<Duration> {
    (0..400)
        .map(|seed| {
            let breaker = CircuitBreaker::builder("jitter")
                .consecutive_failures(1)
                .open_for(secs(10))
                .open_for_max(cap)
                .jitter(percent(jitter))
                .clock(ManualClock::new())
                .seed(seed)
                .build()
                .unwrap();
            let mut failure = Settlement::new(Outcome::Failure(FailureClass::Status));
            if let Some(pause) = retry_after {
                failure = failure.retry_after(pause);
            }
            breaker.acquire().unwrap().settle(failure);
            breaker.snapshot().retry_after.unwrap_or_default()
        })
        .collect()
}

#[test]
fn the_wait_spreads_over_the_jitter_and_not_beyond() {
    let waits = waits("20%", secs(60), None);
    assert!(
        waits.iter().all(|wait| (secs(8)..=secs(12)).contains(wait)),
        "{waits:?}"
    );
    for (from, to) in [(8, 9), (9, 10), (10, 11), (11, 12)] {
        let inside = waits
            .iter()
            .filter(|wait| (secs(from)..secs(to)).contains(wait))
            .count();
        // 100 expected; these seeds are fixed, so this cannot fail by chance.
        assert!(
            (60..140).contains(&inside),
            "{inside} of 400 between {from} s and {to} s"
        );
    }
}

#[test]
fn the_cap_holds_for_jitter_and_retry_after() {
    assert!(
        waits("20%", secs(10), None)
            .iter()
            .all(|wait| *wait <= secs(10))
    );
    assert!(
        waits("20%", secs(15), Some(secs(3_600)))
            .iter()
            .all(|wait| *wait == secs(15))
    );
}

#[test]
fn a_retry_after_is_a_least_wait_and_is_not_jittered() {
    let waits = waits("20%", secs(60), Some(secs(10)));
    assert!(
        waits
            .iter()
            .all(|wait| (secs(10)..=secs(12)).contains(wait)),
        "{waits:?}"
    );
    assert!(
        waits.contains(&secs(10)),
        "about half of the draws are below"
    );
}

#[test]
fn the_same_seed_draws_the_same_waits() {
    assert_eq!(waits("20%", secs(60), None), waits("20%", secs(60), None));
}

#[test]
fn an_opening_by_hand_waits_open_for_without_jitter() {
    let breaker = CircuitBreaker::builder("hand")
        .open_for(secs(10))
        .jitter(percent("100%"))
        .clock(ManualClock::new())
        .build()
        .unwrap();
    for _ in 0..10 {
        breaker
            .transition(fusebox::State::Open, &crate::stand::tester())
            .unwrap();
        assert_eq!(breaker.snapshot().retry_after, Some(secs(10)));
        assert_eq!(breaker.snapshot().openings, 0);
        breaker
            .transition(fusebox::State::Closed, &crate::stand::tester())
            .unwrap();
    }
}
