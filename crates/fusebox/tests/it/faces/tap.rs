//! Calls one by one, durations and classes, as recorders and exporters see them.

use crate::stand::{breaker, ms, secs};
use fusebox::{
    Durations, FailureClass, HoldKind, HoldRequest, Outcome, RecordedCall, Settlement, TapReader,
};

fn drained(tap: &mut TapReader) -> Vec<RecordedCall> {
    let mut calls = Vec::new();
    assert_eq!(tap.drain(&mut calls), 0);
    calls
}

#[test]
fn every_recorded_call_is_shown_once_with_what_is_known_of_it() {
    let (breaker, clock) = breaker(|b| b.consecutive_failures(2).open_for(secs(10)));
    breaker.acquire().unwrap().success();
    let mut tap = breaker.tap();
    assert_eq!(drained(&mut tap), [], "from now on");

    let late = breaker.acquire().unwrap();
    let slow = breaker.acquire().unwrap();
    clock.advance(ms(250));
    slow.success();
    breaker.acquire().unwrap().ignore();
    let failure = Settlement::new(Outcome::Failure(FailureClass::Status));
    let failure = failure.took(ms(3)).retry_after(secs(7));
    breaker.acquire().unwrap().settle(failure);
    breaker.acquire().unwrap().failure(FailureClass::Connect);
    assert!(breaker.acquire().is_err());
    late.success();

    let shown = drained(&mut tap);
    let outcomes: Vec<_> = shown.iter().map(|call| call.outcome).collect();
    let failed = |class| Outcome::Failure(class);
    let expected = [
        Outcome::Success,
        Outcome::Ignored,
        failed(FailureClass::Status),
        failed(FailureClass::Connect),
    ];
    assert_eq!(
        outcomes, expected,
        "neither the rejection nor the late call"
    );
    assert_eq!(shown[0].took, Some(ms(250)));
    assert_eq!(
        (shown[2].took, shown[2].retry_after),
        (Some(ms(3)), Some(secs(7)))
    );
    let same = |call: &RecordedCall| (call.at.as_nanos(), call.generation) == (250_000_000, 1);
    assert!(shown.iter().all(same), "{shown:?}");
}

#[test]
fn trials_are_shown_also_those_that_ran_out_of_time() {
    let (breaker, clock) = breaker(|b| {
        b.consecutive_failures(1)
            .open_for(secs(10))
            .half_open_timeout(secs(5))
    });
    let mut tap = breaker.tap();
    breaker.acquire().unwrap().failure(FailureClass::Other);
    clock.advance(secs(10));
    let hung = breaker.acquire().unwrap();
    clock.advance(secs(9));
    breaker.state();
    drop(hung);
    let shown = drained(&mut tap);
    assert_eq!(shown.len(), 2, "{shown:?}");
    assert_eq!(shown[1].outcome, Outcome::Failure(FailureClass::Timeout));
    assert_eq!(
        (shown[1].at.as_nanos(), shown[1].generation),
        (15_000_000_000, 3)
    );
}

#[test]
fn disabled_calls_are_not_shown_and_observed_ones_are() {
    let (breaker, _) = breaker(|b| b);
    let mut tap = breaker.tap();
    let set = |kind| {
        let (reason, author) = ("test".to_owned(), fusebox::Author::new("ada"));
        breaker.hold(HoldRequest {
            kind,
            reason,
            author,
            for_: None,
        });
    };
    set(HoldKind::Disabled);
    breaker.acquire().unwrap().success();
    set(HoldKind::Observe);
    breaker.acquire().unwrap().success();
    assert_eq!(drained(&mut tap).len(), 1);
}

#[test]
fn durations_are_kept_where_callers_tell_them() {
    let (breaker, _) = breaker(|b| b);
    breaker.acquire().unwrap().success();
    assert_eq!(breaker.durations(), None);
    for took in [ms(1), ms(2), secs(60)] {
        let settlement = Settlement::new(Outcome::Success).took(took);
        breaker.acquire().unwrap().settle(settlement);
    }
    let durations = breaker.durations().expect("three were told");
    assert_eq!((durations.counts[0], durations.counts[1]), (1, 1));
    assert_eq!(durations.counts[Durations::BOUNDS.len()], 1);
    assert_eq!((durations.count(), durations.sum), (3, ms(60_003)));
}

#[test]
fn failures_are_counted_by_class() {
    let (breaker, _) = breaker(|b| b.consecutive_failures(100));
    for (times, class) in FailureClass::ALL.into_iter().enumerate() {
        for _ in 0..times {
            breaker.acquire().unwrap().failure(class);
        }
    }
    let totals = breaker.snapshot().totals;
    for (times, class) in FailureClass::ALL.into_iter().enumerate() {
        assert_eq!(totals.failures(class), times as u64, "{class:?}");
        assert_eq!(class.as_str().parse(), Ok(class));
    }
    assert_eq!(totals.failure, 15);
}
