//! Whose failures decide whether the circuit opens as a whole, beyond what the model draws.

use crate::stand::{breaker, hold, percent, secs};
use fusebox::{
    BranchPermit, BranchSettings, Builder, CircuitBreaker, EventKind, FailureClass, HoldKind,
    ManualClock, Received, Seen, Settings, State, TripPolicy, WindowSize,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// A circuit whose branches never open.
fn keyed(
    keys_min: u32,
    set: impl FnOnce(Builder) -> Builder,
) -> (Arc<CircuitBreaker>, ManualClock) {
    let lenient = Settings::builder().consecutive_failures(1_048_576).build();
    let branches = BranchSettings::builder().breaker(lenient.unwrap());
    let branches = branches.keys_min(keys_min).build().unwrap();
    breaker(|b| set(b.branches(branches)))
}

fn call(circuit: &CircuitBreaker, key: &str, ok: bool) {
    let permit = circuit.acquire_key(key).unwrap();
    match ok {
        true => permit.success(),
        false => permit.failure(FailureClass::Connect),
    };
}

/// Half of at least four calls slower than a second.
fn watchful(builder: Builder) -> Builder {
    let builder = builder.slow_call_rate(percent("50%")).minimum_calls(4);
    let builder = builder.slow_call_duration(secs(1));
    builder.failure_rate(percent("100%"))
}

fn hanging<'a>(circuit: &'a CircuitBreaker, key: &str, calls: usize) -> Vec<BranchPermit<'a>> {
    let begin = |_| circuit.acquire_key(key).unwrap();
    (0..calls).map(begin).collect()
}

#[test]
fn a_run_of_one_key_does_not_hide_a_rate_that_many_keys_reached() {
    let (circuit, _) = keyed(3, |b| {
        let b = b.consecutive_failures(3).failure_rate(percent("50%"));
        b.minimum_calls(8).window(WindowSize::Calls(8))
    });
    for key in ["a", "b"] {
        call(&circuit, key, false);
        call(&circuit, key, true);
    }
    call(&circuit, "d", true);
    for _ in 0..2 {
        call(&circuit, "c", false);
    }
    assert_eq!(circuit.state(), State::Closed);
    call(&circuit, "c", false);
    assert_eq!(circuit.state(), State::Open, "5 of 8, from a, b and c");
}

#[test]
fn one_key_whose_calls_hang_does_not_open_the_circuit() {
    let (circuit, clock) = keyed(3, watchful);
    call(&circuit, "healthy", true);
    let mut calls = hanging(&circuit, "a", 4);
    clock.advance(secs(1));
    calls.iter_mut().for_each(BranchPermit::overdue);
    assert_eq!(circuit.state(), State::Closed, "only `a` is slow");
    assert_eq!(circuit.branch("a").unwrap().state, State::Closed);
}

#[test]
fn calls_that_no_longer_hang_do_not_vouch_for_their_keys() {
    let (circuit, clock) = keyed(2, watchful);
    for key in ["a", "b", "c"] {
        call(&circuit, key, true);
    }
    let mut first = circuit.acquire_key("a").unwrap();
    let mut other = circuit.acquire_key("b").unwrap();
    clock.advance(secs(2));
    first.overdue();
    other.overdue();
    assert_eq!(circuit.state(), State::Closed, "2 of 5 are slow");
    other.ignore();
    let mut more = hanging(&circuit, "a", 3);
    clock.advance(secs(1));
    more.iter_mut().for_each(BranchPermit::overdue);
    assert_eq!(circuit.state(), State::Closed, "4 of 7, all of them `a`'s");
    let mut one_more = circuit.acquire_key("c").unwrap();
    clock.advance(secs(1));
    one_more.overdue();
    assert_eq!(circuit.state(), State::Open, "5 of 8, from a and c");
}

/// Branches that open at their first failure and stay so.
fn strict(keys_max: u32) -> BranchSettings {
    let hour = secs(3_600);
    let one = Settings::builder().consecutive_failures(1).open_for(hour);
    let one = one.open_for_max(hour).build().unwrap();
    let settings = BranchSettings::builder().breaker(one).keys_max(keys_max);
    settings.build().unwrap()
}

#[test]
fn under_observe_outcomes_past_open_branches_keep_their_keys() {
    let (circuit, _) = breaker(|b| {
        let b = b.failure_rate(percent("50%")).minimum_calls(10);
        b.window(WindowSize::Calls(10)).branches(strict(100))
    });
    for key in ["a", "b", "c"] {
        call(&circuit, key, false);
    }
    circuit.hold(hold(HoldKind::Observe, None));
    let mut told = circuit.subscribe();
    for _ in 0..3 {
        for key in ["a", "b", "c", "d"] {
            call(&circuit, key, key == "d");
        }
    }
    let would = std::iter::from_fn(|| told.try_next()).filter(
        |r| matches!(r, Received::Event(e) if matches!(e.kind, EventKind::WouldOpen { .. })),
    );
    assert_eq!(would.count(), 1, "nine of twelve failed, from three keys");
}

#[test]
fn keys_without_a_place_are_told_apart_by_the_aggregate() {
    let (circuit, _) = breaker(|b| b.consecutive_failures(6).branches(strict(1)));
    assert!(circuit.hold_branch("held", hold(HoldKind::Observe, None)));
    call(&circuit, "held", true);
    call(&circuit, "d", true);
    for _ in 0..2 {
        for key in ["a", "b", "c"] {
            assert_eq!(circuit.state(), State::Closed);
            call(&circuit, key, false);
        }
    }
    assert_eq!(circuit.branches().unkept, 7);
    assert_eq!(
        circuit.state(),
        State::Open,
        "six in a row, from three keys"
    );
}

#[derive(Debug)]
struct Asked(Arc<AtomicU32>);

impl TripPolicy for Asked {
    fn name(&self) -> &'static str {
        "asked"
    }

    fn opens(&self, seen: &Seen) -> bool {
        self.0.fetch_add(1, Ordering::Relaxed);
        seen.run >= 4
    }
}

#[test]
fn own_policies_are_asked_about_every_outcome_and_need_enough_keys_too() {
    let asked = Arc::new(AtomicU32::new(0));
    let policy = Asked(Arc::clone(&asked));
    let (circuit, _) = keyed(2, |b| b.consecutive_failures(1).trip_policy(policy));
    call(&circuit, "b", true);
    call(&circuit, "c", true);
    for _ in 0..5 {
        call(&circuit, "a", false);
    }
    assert_eq!(circuit.state(), State::Closed);
    assert_eq!(asked.load(Ordering::Relaxed), 7);
    call(&circuit, "b", false);
    assert_eq!(circuit.state(), State::Open);
}
