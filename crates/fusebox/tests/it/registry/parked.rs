//! Removed circuits, and names that come back.

use super::{fail, failures, held, open, rag, registry};
use crate::stand::{hold, secs, tester};
use fusebox::{BranchSettings, Definition, FailureClass, HoldKind, Recovery, Settings, State};
use std::collections::HashSet;

#[test]
fn a_removed_circuit_is_found_no_more_and_goes_on_for_who_holds_it() {
    let (registry, _clock) = registry();
    let circuit = registry.add(rag(2)).unwrap();
    assert!(registry.remove("rag", &tester()));
    assert!(registry.get("rag").is_none());
    assert!(registry.names().is_empty());
    assert_eq!(registry.stats().parked, 1);
    fail(circuit, 2);
    assert_eq!(circuit.state(), State::Open);
    assert!(!registry.remove("rag", &tester()));
}

#[test]
fn a_name_that_comes_back_has_the_same_circuit_reset_and_with_new_settings() {
    let (registry, _clock) = registry();
    let circuit = registry.add(rag(2).trips_main(true)).unwrap();
    fail(circuit, 2);
    registry.remove("rag", &tester());
    let back = registry.add(rag(5)).unwrap();
    assert!(std::ptr::eq(circuit, back));
    let snapshot = back.snapshot();
    assert_eq!(
        (snapshot.state, snapshot.consecutive_failures),
        (State::Closed, 0)
    );
    assert_eq!((snapshot.openings, snapshot.settings), (0, failures(5)));
    assert!(!back.trips_main());
    assert_eq!(
        snapshot.totals.failure, 2,
        "what exporters count never goes back"
    );
}

#[test]
fn a_name_comes_back_from_every_state_and_hold() {
    let manual = Settings::builder()
        .recovery(Recovery::Manual)
        .build()
        .unwrap();
    for settings in [failures(2), manual] {
        for state in [State::Closed, State::Open, State::HalfOpen] {
            for kind in [HoldKind::ForcedOpen, HoldKind::Disabled, HoldKind::Observe] {
                let (registry, _clock) = registry();
                let define = || Definition::new("rag").settings(settings.clone());
                let circuit = registry.add(define()).unwrap();
                circuit.transition(state, &tester()).unwrap();
                circuit.hold(hold(kind, Some(secs(60))));
                registry.remove("rag", &tester());
                registry.add(define()).unwrap();
                assert_eq!(circuit.state(), State::Closed, "{state:?}, {kind:?}");
                assert_eq!(held(circuit), None, "{state:?}, {kind:?}");
            }
        }
    }
}

#[test]
fn a_keyed_circuit_comes_back_without_what_its_branches_knew() {
    let (registry, _clock) = registry();
    let define = || rag(1).branches(BranchSettings::default());
    let circuit = registry.add(define()).unwrap();
    circuit.acquire_key("b").unwrap().success();
    circuit
        .acquire_key("a")
        .unwrap()
        .failure(FailureClass::Connect);
    assert!(circuit.acquire_key("a").is_err());
    registry.remove("rag", &tester());
    registry.add(define()).unwrap();
    circuit.acquire_key("a").unwrap().success();
}

#[test]
fn adding_and_removing_in_a_loop_makes_no_new_circuits() {
    let (registry, _clock) = registry();
    let mut addresses = HashSet::new();
    for turn in 0..2_000_u32 {
        let name = format!("circuit-{}", turn % 10);
        let circuit = match turn % 3 {
            0 => registry.add(Definition::new(name.as_str())).unwrap(),
            1 => registry.define(Definition::new(name.as_str())).unwrap(),
            _ => registry.circuit(&name).unwrap(),
        };
        open(circuit);
        addresses.insert(std::ptr::from_ref(circuit));
        assert!(registry.remove(&name, &tester()));
    }
    assert_eq!(addresses.len(), 10);
    assert_eq!(
        (registry.stats().circuits, registry.stats().parked),
        (0, 10)
    );
}

#[test]
fn a_list_that_fails_leaks_no_circuit() {
    let registry = fusebox::Registry::builder().circuits_max(3).build();
    for _ in 0..100 {
        let list = vec![
            Definition::new("a"),
            Definition::new("b"),
            Definition::new("a b"),
        ];
        registry.apply(list, &tester()).unwrap_err();
    }
    let list = ["a", "b", "c"].map(Definition::new).to_vec();
    registry
        .apply(list, &tester())
        .expect("all three places are free");
}
