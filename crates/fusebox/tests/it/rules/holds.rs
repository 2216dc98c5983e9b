//! R15 and R16 at their edges.

use crate::stand::{breaker, hold, ms, secs, tester};
use fusebox::{
    ControlError, Event, EventKind, FailureClass, HoldKind, Received, Recovery, Settled, State,
    Subscription,
};

fn events(subscription: &mut Subscription) -> Vec<Event> {
    std::iter::from_fn(|| subscription.try_next())
        .filter_map(|received| match received {
            Received::Event(event) => Some(event),
            Received::Missed(_) => None,
        })
        .collect()
}

#[test]
fn a_hold_over_another_replaces_it_and_the_old_one_does_not_end() {
    let (breaker, clock) = breaker(|b| b);
    let mut told = breaker.subscribe();
    breaker.hold(hold(HoldKind::ForcedOpen, Some(secs(1))));
    breaker.hold(hold(HoldKind::Disabled, None));
    clock.advance(secs(10));
    assert_eq!(breaker.snapshot().hold.unwrap().kind, HoldKind::Disabled);
    assert_eq!(breaker.state(), State::Closed);
    let ended = |event: &Event| matches!(event.kind, EventKind::HoldEnded { .. });
    assert!(!events(&mut told).iter().any(ended));
}

#[test]
fn a_hold_that_expired_unseen_ended_at_its_instant() {
    let (breaker, clock) = breaker(|b| b.consecutive_failures(1).open_for(secs(5)));
    breaker.acquire().unwrap().failure(FailureClass::Connect);
    let mut told = breaker.subscribe();
    breaker.hold(hold(HoldKind::ForcedOpen, Some(secs(60))));
    clock.advance(secs(3_600));
    let trial = breaker.acquire().unwrap();
    assert!(trial.is_trial());
    let at: Vec<_> = events(&mut told)
        .iter()
        .map(|event| event.at.as_nanos())
        .collect();
    assert_eq!(
        at,
        [0, 60_000_000_000, 60_000_000_000],
        "set, ended, half-open"
    );
}

#[test]
fn no_timer_runs_under_forced_open_and_disabled() {
    for kind in [HoldKind::ForcedOpen, HoldKind::Disabled] {
        let (breaker, clock) = breaker(|b| b.consecutive_failures(1).open_for(secs(5)));
        breaker.acquire().unwrap().failure(FailureClass::Connect);
        breaker.hold(hold(kind, None));
        clock.advance(secs(3_600));
        assert_eq!(breaker.state(), State::Open, "{kind:?}");
        assert_eq!(breaker.snapshot().transitions, 1, "{kind:?}");
    }
}

#[test]
fn with_manual_recovery_a_forced_open_circuit_goes_back_to_the_state_it_had() {
    for state in [State::Closed, State::Open, State::HalfOpen] {
        let (breaker, _clock) = breaker(|b| b.recovery(Recovery::Manual));
        breaker.transition(state, &tester()).unwrap();
        let before = breaker.snapshot();
        breaker.hold(hold(HoldKind::ForcedOpen, None));
        assert!(breaker.release(&tester()));
        let after = breaker.snapshot();
        assert_eq!(after.state, state);
        assert_eq!(after.transitions, before.transitions, "{state:?}");
        assert!(after.generation > before.generation, "{state:?}");
    }
}

#[test]
fn observe_refuses_to_open_by_hand_and_says_so() {
    let (breaker, _clock) = breaker(|b| b);
    breaker.hold(hold(HoldKind::Observe, None));
    for to in [State::Open, State::HalfOpen] {
        assert_eq!(
            breaker.transition(to, &tester()),
            Err(ControlError::Observed)
        );
    }
    assert_eq!(breaker.transition(State::Closed, &tester()), Ok(false));
}

#[test]
fn observe_tells_each_time_the_verdict_turns_true() {
    let (breaker, _clock) = breaker(|b| b.consecutive_failures(2));
    breaker.hold(hold(HoldKind::Observe, None));
    let mut told = breaker.subscribe();
    for _ in 0..3 {
        for _ in 0..5 {
            breaker.acquire().unwrap().failure(FailureClass::Reset);
        }
        breaker.acquire().unwrap().success();
    }
    let would_open = |event: &&Event| matches!(event.kind, EventKind::WouldOpen { .. });
    assert_eq!(events(&mut told).iter().filter(would_open).count(), 3);
    assert_eq!(breaker.snapshot().totals.failure, 15);
}

#[test]
fn a_call_begun_under_disabled_counts_nowhere_even_when_it_ends_later() {
    let (breaker, _clock) = breaker(|b| b.consecutive_failures(1));
    breaker.hold(hold(HoldKind::Disabled, None));
    let (ended, dropped) = (breaker.acquire().unwrap(), breaker.acquire().unwrap());
    breaker.release(&tester());
    assert_eq!(ended.failure(FailureClass::Connect), Settled::Uncounted);
    drop(dropped);
    let totals = breaker.snapshot().totals;
    assert_eq!((totals.failure, totals.late, totals.abandoned), (0, 0, 0));
    assert_eq!(breaker.state(), State::Closed);
}

#[test]
fn a_call_dropped_under_disabled_counts_nowhere() {
    let (breaker, _clock) = breaker(|b| b.consecutive_failures(1));
    let call = breaker.acquire().unwrap();
    breaker.hold(hold(HoldKind::Disabled, None));
    drop(call);
    let totals = breaker.snapshot().totals;
    assert_eq!((totals.ignored, totals.late, totals.abandoned), (0, 0, 0));
}

#[test]
fn due_instants_are_handled_in_order_however_late_somebody_looks() {
    let (breaker, clock) = breaker(|b| {
        b.consecutive_failures(1)
            .open_for(secs(10))
            .half_open_timeout(secs(3))
            .half_open_calls(2)
            .half_open_failures(2)
    });
    breaker.transition(State::HalfOpen, &tester()).unwrap();
    let first = breaker.acquire().unwrap();
    clock.advance(ms(500));
    let second = breaker.acquire().unwrap();
    let mut told = breaker.subscribe();
    clock.advance(secs(3_600));
    assert_eq!(breaker.state(), State::HalfOpen);
    let moves: Vec<_> = events(&mut told)
        .into_iter()
        .filter_map(|event| match event.kind {
            EventKind::Transition { to, .. } => Some((to, event.at.as_nanos() / 1_000_000)),
            _ => None,
        })
        .collect();
    assert_eq!(moves, [(State::Open, 3_500), (State::HalfOpen, 13_500)]);
    assert_eq!(
        (first.success(), second.success()),
        (Settled::Late, Settled::Late)
    );
}

#[test]
fn a_transition_to_the_state_it_is_in_changes_nothing() {
    let (breaker, clock) = breaker(|b| b.open_for(secs(10)));
    for state in [State::Closed, State::Open, State::HalfOpen] {
        breaker.transition(state, &tester()).unwrap();
        clock.advance(secs(1));
        let before = breaker.snapshot();
        let mut told = breaker.subscribe();
        assert_eq!(breaker.transition(state, &tester()), Ok(false));
        let after = breaker.snapshot();
        assert_eq!(after.generation, before.generation);
        assert_eq!(
            (after.since, after.retry_after),
            (before.since, before.retry_after)
        );
        assert_eq!(told.try_next(), None);
    }
}
