//! What a store keeps of a breaker, and what a new breaker makes of it.

use crate::stand::{breaker, hold, secs, tester};
use fusebox::{
    Author, BranchSettings, CircuitBreaker, EventBus, EventKind, FailureClass, HoldKind,
    MainBreaker, ManualClock, Received, Recovery, State,
};
use proptest::prelude::*;
use std::sync::Arc;
use std::time::Duration;

fn fail(breaker: &CircuitBreaker) {
    breaker.acquire().unwrap().failure(FailureClass::Connect);
}

/// A breaker of the same settings that has done nothing, on a clock that is not at its origin.
fn fresh(recovery: Recovery) -> (Arc<CircuitBreaker>, ManualClock) {
    let (breaker, clock) = breaker(|b| {
        b.consecutive_failures(1)
            .open_for(secs(10))
            .open_for_max(secs(60))
            .half_open_successes(1)
            .recovery(recovery)
    });
    clock.advance(secs(1_000));
    (breaker, clock)
}

#[test]
fn an_open_breaker_goes_on_waiting_for_what_is_left_of_its_time() {
    let (before, clock) = fresh(Recovery::Automatic);
    fail(&before);
    clock.advance(secs(3));
    let saved = before.save();
    assert_eq!(saved.open_left, Some(secs(7)));

    let (after, clock) = fresh(Recovery::Automatic);
    let mut told = after.subscribe();
    assert!(after.restore(&saved.after(secs(2))));
    let snapshot = after.snapshot();
    assert_eq!(snapshot.state, State::Open);
    assert_eq!(snapshot.retry_after, Some(secs(5)));
    assert_eq!(snapshot.taken_at.saturating_since(snapshot.since), secs(5));
    assert_eq!(snapshot.why.unwrap().cause.as_str(), "consecutive_failures");
    // Another life: neither a transition nor time spent open of this one.
    assert_eq!(
        (snapshot.transitions, snapshot.open_time),
        (0, Duration::ZERO)
    );
    let restored = EventKind::Restored { state: State::Open };
    assert!(matches!(told.try_next(), Some(Received::Event(e)) if e.kind == restored));

    clock.advance(secs(5));
    assert!(after.acquire().unwrap().is_trial());
    assert_eq!(after.snapshot().open_time, secs(5));
}

#[test]
fn an_open_period_that_was_over_meanwhile_is_half_open() {
    let (before, _) = fresh(Recovery::Automatic);
    fail(&before);
    let (after, _) = fresh(Recovery::Automatic);
    assert!(after.restore(&before.save().after(secs(3_600))));
    assert_eq!(after.state(), State::HalfOpen);
}

#[test]
fn the_position_in_the_backoff_is_kept() {
    let (before, clock) = fresh(Recovery::Automatic);
    fail(&before);
    clock.advance(secs(10));
    fail(&before);
    let (after, clock) = fresh(Recovery::Automatic);
    assert!(after.restore(&before.save()));
    assert_eq!(after.snapshot().openings, 2);
    clock.advance(secs(20));
    fail(&after);
    assert_eq!(after.snapshot().retry_after, Some(secs(40)));
}

#[test]
fn restored_time_is_at_most_what_the_settings_of_today_allow() {
    let (before, _) = fresh(Recovery::Automatic);
    fail(&before);
    let mut saved = before.save();
    saved.open_left = Some(secs(100_000));
    let (after, _) = fresh(Recovery::Automatic);
    assert!(after.restore(&saved));
    assert_eq!(after.snapshot().retry_after, Some(secs(60)));
}

#[test]
fn a_circuit_that_only_a_person_closes_stays_open() {
    let (before, _) = fresh(Recovery::Manual);
    fail(&before);
    let (after, clock) = fresh(Recovery::Manual);
    assert!(after.restore(&before.save().after(secs(86_400))));
    clock.advance(secs(86_400));
    assert_eq!(
        (after.state(), after.snapshot().retry_after),
        (State::Open, None)
    );
    // Made automatic in the file meanwhile: it gets the wait of a first opening.
    let (automatic, _) = fresh(Recovery::Automatic);
    assert!(automatic.restore(&before.save()));
    assert_eq!(automatic.snapshot().retry_after, Some(secs(10)));
}

#[test]
fn a_hold_keeps_its_author_and_what_is_left_of_it() {
    for kind in [HoldKind::ForcedOpen, HoldKind::Disabled, HoldKind::Observe] {
        let (before, clock) = fresh(Recovery::Automatic);
        before.hold(hold(kind, Some(secs(60))));
        clock.advance(secs(10));
        let (after, clock) = fresh(Recovery::Automatic);
        assert!(after.restore(&before.save().after(secs(20))));
        let held = after.snapshot().hold.expect("a hold");
        let (now, was) = (after.snapshot().taken_at, before.snapshot().hold.unwrap());
        assert_eq!(
            (held.kind, &held.reason, &held.author),
            (kind, &was.reason, &was.author)
        );
        assert_eq!(now.saturating_since(held.since), secs(30));
        assert_eq!(
            held.until.map(|until| until.saturating_since(now)),
            Some(secs(30))
        );
        clock.advance(secs(30));
        assert_eq!(after.snapshot().hold, None);
        let ended = if kind == HoldKind::ForcedOpen {
            State::HalfOpen
        } else {
            State::Closed
        };
        assert_eq!(after.state(), ended, "{kind:?}");
    }
}

#[test]
fn a_hold_that_is_over_by_then_has_ended() {
    let (before, _) = fresh(Recovery::Automatic);
    before.hold(hold(HoldKind::ForcedOpen, Some(secs(60))));
    let (after, _) = fresh(Recovery::Automatic);
    assert!(after.restore(&before.save().after(secs(61))));
    assert_eq!(
        (after.state(), after.snapshot().hold),
        (State::HalfOpen, None)
    );
}

#[test]
fn a_breaker_with_a_history_of_its_own_is_left_alone() {
    let (open, _) = fresh(Recovery::Automatic);
    fail(&open);
    let saved = open.save();
    let changes: [fn(&CircuitBreaker); 4] = [
        |b| fail(b),
        |b| b.hold(hold(HoldKind::Observe, None)),
        |b| b.reset(&tester()),
        |b| assert!(b.transition(State::HalfOpen, &tester()).unwrap()),
    ];
    for change in changes {
        let (after, _) = fresh(Recovery::Automatic);
        change(&after);
        let before = after.save();
        assert!(!after.restore(&saved));
        assert_eq!(after.save(), before);
    }
    assert!(!open.restore(&saved), "nor one that was restored into");
}

#[test]
fn calls_in_flight_are_late_after_a_restore() {
    let (open, _) = fresh(Recovery::Automatic);
    fail(&open);
    let (after, _) = fresh(Recovery::Automatic);
    let early = after.acquire().unwrap();
    assert!(after.restore(&open.save()));
    early.success();
    assert_eq!(after.snapshot().totals.late, 1);
}

#[test]
fn branches_and_the_main_breaker_come_back_too() {
    let keyed = |b: fusebox::Builder| {
        b.consecutive_failures(2)
            .open_for(secs(10))
            .branches(BranchSettings::default())
    };
    let (before, _) = breaker(keyed);
    for _ in 0..2 {
        before
            .acquire_key("pos-1")
            .unwrap()
            .failure(FailureClass::Connect);
        before.acquire_key("pos-2").unwrap().success();
    }
    assert!(before.hold_branch("pos-3", hold(HoldKind::ForcedOpen, None)));
    let saved = before.save_branches(10);
    let keys: Vec<_> = saved.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(keys, ["pos-3", "pos-1"]);

    let (after, clock) = breaker(keyed);
    for (key, saved) in saved {
        assert!(after.restore_branch(&key, &saved.after(secs(4))));
    }
    assert_eq!(after.branch("pos-1").unwrap().retry_after, Some(secs(6)));
    assert_eq!(after.branches().held, 1);
    clock.advance(secs(6));
    assert_eq!(after.branch("pos-1").unwrap().state, State::HalfOpen);

    let clock = ManualClock::new();
    clock.advance(secs(100));
    let main = MainBreaker::with_clock(EventBus::new(4), clock.clone());
    let (by, circuit) = (Author::new("ada"), Some(Arc::from("apollo")));
    assert!(main.restore("unpaid invoice", &by, secs(30), circuit));
    let opened = main.opened().expect("open");
    assert_eq!(opened.since.as_nanos(), 70_000_000_000);
    assert_eq!(
        (opened.reason.as_str(), opened.by.as_str()),
        ("unpaid invoice", "ada")
    );
    assert_eq!(opened.circuit.as_deref(), Some("apollo"));
    assert!(!main.restore("another", &by, secs(1), None));
}

proptest! {
    /// Whatever happened before: from the restart on, time and trials do to the restored breaker
    /// what they do to one that was never restarted.
    #[test]
    fn a_restored_breaker_goes_on_as_the_one_that_went_on(
        life in prop::collection::vec((0_u8..6, 0_u64..40), 1..12),
        down in 0_u64..90,
        rest in prop::collection::vec(0_u64..40, 1..8),
    ) {
        let (old, clock) = fresh(Recovery::Automatic);
        for (what, seconds) in life {
            clock.advance(secs(seconds));
            match what {
                0 | 1 => drop(old.acquire().map(|permit| permit.failure(FailureClass::Other))),
                2 => drop(old.acquire().map(fusebox::PermitOf::success)),
                3 => old.hold(hold(HoldKind::ForcedOpen, Some(secs(20)))),
                4 => drop(old.release(&tester())),
                _ => drop(old.transition(State::Open, &tester())),
            }
        }
        let saved = old.save();
        clock.advance(secs(down));
        let (new, new_clock) = fresh(Recovery::Automatic);
        prop_assert!(new.restore(&saved.after(secs(down))));
        for seconds in rest {
            let told = |b: &CircuitBreaker| {
                let s = b.snapshot();
                (s.state, s.hold.map(|h| h.kind), s.retry_after, s.openings)
            };
            prop_assert_eq!(told(&old), told(&new));
            let fail = |b: &CircuitBreaker| {
                b.acquire().map(|permit| permit.failure(FailureClass::Other)).ok()
            };
            prop_assert_eq!(fail(&old), fail(&new));
            clock.advance(secs(seconds));
            new_clock.advance(secs(seconds));
        }
    }
}
