//! Places in the table: how many, who has one, and what of those who have none.

use crate::stand::{breaker, hold, percent, secs, tester};
use fusebox::{
    BranchSettings, Builder, CircuitBreaker, FailureClass, HoldKind, ManualClock, Settings, State,
    WindowSize,
};
use std::sync::Arc;

/// Branches that open at their first failure and stay so.
fn bounded(keys_max: u32) -> BranchSettings {
    let hour = secs(3_600);
    let one = Settings::builder().consecutive_failures(1).open_for(hour);
    let one = one.open_for_max(hour).build().unwrap();
    let settings = BranchSettings::builder().keys_max(keys_max).breaker(one);
    settings.build().unwrap()
}

fn keyed(keys_max: u32) -> (Arc<CircuitBreaker>, ManualClock) {
    keyed_and(keys_max, |b| b.consecutive_failures(1_000))
}

fn keyed_and(
    keys_max: u32,
    set: impl FnOnce(Builder) -> Builder,
) -> (Arc<CircuitBreaker>, ManualClock) {
    breaker(|b| set(b.branches(bounded(keys_max))))
}

fn call(circuit: &CircuitBreaker, key: &str, ok: bool) {
    let permit = circuit.acquire_key(key).unwrap();
    match ok {
        true => permit.success(),
        false => permit.failure(FailureClass::Connect),
    };
}

#[test]
fn the_bound_is_kept_exactly_in_a_table_of_every_size() {
    for keys_max in [1, 2, 63, 64, 65, 1_024] {
        let (circuit, clock) = keyed(keys_max);
        for number in 0..u64::from(keys_max) * 2 {
            call(&circuit, &format!("key-{number}"), true);
            clock.advance(secs(1));
            let known = (number + 1).min(u64::from(keys_max));
            assert_eq!(circuit.branches().known, known);
        }
        assert_eq!(circuit.branches().evicted, u64::from(keys_max));
        assert!(circuit.branch("key-0").is_none());
        assert!(circuit.branch(&format!("key-{keys_max}")).is_some());
    }
}

#[test]
fn the_bound_of_a_table_in_shards_is_kept_exactly_and_old_keys_go() {
    // On the system's clock a large table is cut into shards.
    let circuit = CircuitBreaker::builder("shards")
        .consecutive_failures(1_000_000)
        .branches(bounded(2_000))
        .build()
        .unwrap();
    call(&circuit, "dead", false);
    assert!(circuit.hold_branch("held", hold(HoldKind::Observe, None)));
    for number in 0..20_000 {
        call(&circuit, &format!("key-{number}"), true);
        assert!(circuit.branches().known <= 2_000);
    }
    let stats = circuit.branches();
    assert_eq!((stats.known, stats.open, stats.held), (2_000, 1, 1));
    assert_eq!((stats.evicted, stats.evicted_open), (18_002, 0));
    assert!(circuit.branch("key-19999").is_some());
    assert!(circuit.acquire_key("dead").is_err());
}

#[test]
fn when_all_are_open_the_least_recently_used_goes_and_is_counted() {
    let (circuit, _) = keyed(3);
    for key in ["a", "b", "c"] {
        call(&circuit, key, false);
    }
    // A rejected call is a use, too.
    assert!(circuit.acquire_key("a").is_err());
    call(&circuit, "d", true);
    assert_eq!(circuit.branches().evicted_open, 1);
    assert!(circuit.branch("b").is_none() && circuit.branch("a").is_some());
    call(&circuit, "b", true);
    assert!(circuit.branch("d").is_none(), "a closed one goes first");
    assert_eq!(
        (circuit.branches().evicted, circuit.branches().evicted_open),
        (1, 1)
    );
}

#[test]
fn when_all_are_held_a_new_key_is_judged_by_the_aggregate_alone() {
    let (circuit, _) = keyed_and(2, |b| b.consecutive_failures(4));
    for key in ["a", "b"] {
        assert!(circuit.hold_branch(key, hold(HoldKind::Observe, None)));
    }
    assert!(!circuit.hold_branch("c", hold(HoldKind::ForcedOpen, None)));
    for _ in 0..3 {
        call(&circuit, "c", false);
        assert!(circuit.branch("c").is_none());
    }
    assert_eq!(circuit.state(), State::Closed);
    call(&circuit, "c", false);
    assert_eq!(circuit.state(), State::Open);
    assert_eq!(circuit.branches().known, 2);
    assert!(circuit.branches().unkept >= 4);
}

#[test]
fn an_outcome_of_an_evicted_key_reaches_the_aggregate_and_nobody_else() {
    let (circuit, _) = keyed_and(1, |b| {
        let b = b.failure_rate(percent("100%")).minimum_calls(100);
        b.window(WindowSize::Calls(100))
    });
    let permits: Vec<_> = (0..4)
        .map(|_| circuit.acquire_key("gone").unwrap())
        .collect();
    call(&circuit, "here", true);
    assert!(circuit.branch("gone").is_none());
    let [failed, good, ignored, dropped] = permits.try_into().unwrap();
    failed.failure(FailureClass::Reset);
    good.success();
    ignored.ignore();
    drop(dropped);
    let snapshot = circuit.snapshot();
    assert_eq!((snapshot.window.calls, snapshot.window.failures), (3, 1));
    assert_eq!(snapshot.totals.ignored, 2);
    let here = circuit.branch("here").unwrap();
    assert_eq!((here.state, here.consecutive_failures), (State::Closed, 0));
    assert!(
        circuit.branch("gone").is_none(),
        "it does not come back by that"
    );
}

#[test]
fn a_trial_of_an_evicted_branch_is_no_trial_of_its_successor() {
    let (circuit, clock) = keyed(1);
    call(&circuit, "a", false);
    clock.advance(secs(3_600));
    let trial = circuit.acquire_key("a").unwrap();
    assert!(trial.is_trial());
    call(&circuit, "b", false);
    assert_eq!(circuit.branches().evicted_open, 1);
    clock.advance(secs(3_600));
    assert_eq!(circuit.branch("b").unwrap().state, State::HalfOpen);
    trial.failure(FailureClass::Reset);
    assert_eq!(circuit.branch("b").unwrap().state, State::HalfOpen);
    assert!(circuit.acquire_key("b").unwrap().is_trial());
}

#[test]
fn every_text_is_a_key() {
    let (circuit, _) = keyed(100);
    let long = "x".repeat(1_000_000);
    let other = format!("{long}y");
    let umlauts = "ä".repeat(200);
    let keys = [
        "",
        "a\0b",
        "a",
        " a",
        &long,
        &other,
        &umlauts,
        &umlauts[..398],
    ];
    for key in keys {
        call(&circuit, key, true);
    }
    assert_eq!(
        circuit.branches().known,
        keys.len() as u64,
        "all told apart"
    );
    call(&circuit, &long, false);
    call(&circuit, "", false);
    assert!(circuit.acquire_key(&long).is_err() && circuit.acquire_key("").is_err());
    assert!(circuit.acquire_key(&other).is_ok() && circuit.acquire_key("a").is_ok());
    assert_eq!(circuit.branch(&long).unwrap().state, State::Open);
    let worst = circuit.worst_branches(usize::MAX);
    assert!(
        worst.iter().all(|(key, _)| key.len() <= 256),
        "a long key is cut"
    );
    let kept = &worst
        .iter()
        .find(|(key, _)| key.starts_with("xx"))
        .unwrap()
        .0;
    assert!(long.starts_with(&kept[..200]), "{kept}");
}

#[test]
fn a_hold_that_expired_no_longer_keeps_its_branch() {
    let (circuit, clock) = keyed(2);
    for key in ["a", "b"] {
        assert!(circuit.hold_branch(key, hold(HoldKind::Observe, Some(secs(1)))));
    }
    clock.advance(secs(2));
    call(&circuit, "c", true);
    assert_eq!((circuit.branches().unkept, circuit.branches().held), (0, 0));
    assert!(circuit.branch("c").is_some());
}

#[test]
fn ending_what_an_unknown_key_never_had_takes_no_place() {
    let (circuit, _) = keyed(1);
    call(&circuit, "a", false);
    assert!(!circuit.release_branch("typo", &tester()));
    assert!(!circuit.reset_branch("typo", &tester()));
    let moved = circuit.transition_branch("typo", State::Closed, &tester());
    assert_eq!(moved, Ok(false));
    assert!(
        circuit.branch("typo").is_none(),
        "looking makes none either"
    );
    assert_eq!(circuit.branch("a").unwrap().state, State::Open);
    assert_eq!(circuit.branches().evicted_open, 0);
}

#[test]
fn a_lowered_bound_is_kept_at_once_and_holds_give_way_when_they_end() {
    let (circuit, _) = keyed(4);
    let keys = ["a", "b", "c", "d"];
    keys.iter().for_each(|key| call(&circuit, key, true));
    circuit.set_branches(Some(bounded(2)), &tester());
    assert_eq!(circuit.branches().known, 2);
    assert!(circuit.branch("a").is_none() && circuit.branch("d").is_some());

    circuit.set_branches(Some(bounded(4)), &tester());
    for key in keys {
        assert!(circuit.hold_branch(key, hold(HoldKind::Observe, None)));
    }
    circuit.set_branches(Some(bounded(2)), &tester());
    assert_eq!(circuit.branches().known, 4, "a held one never goes");
    for key in keys {
        assert!(circuit.release_branch(key, &tester()));
    }
    assert_eq!(circuit.branches().known, 2);
}
