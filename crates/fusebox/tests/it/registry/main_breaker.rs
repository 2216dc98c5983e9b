//! The main breaker of a box (R18).

use super::{fail, rag, registry, told};
use crate::stand::tester;
use fusebox::{Definition, EventKind, Reason, Rejection, State};

fn reason(rejected: Result<fusebox::Permit<'_>, Rejection>) -> Option<Reason> {
    rejected.err().map(Rejection::reason)
}

#[test]
fn it_rejects_the_calls_of_every_circuit_also_of_later_and_removed_ones() {
    let (registry, _clock) = registry();
    let before = registry.add(rag(1)).unwrap();
    let removed = registry.add(Definition::new("removed")).unwrap();
    registry.remove("removed", &tester());
    registry.main().open("invoice dispute", &tester());
    let after = registry.circuit("after").unwrap();
    for circuit in [before, removed, after] {
        assert_eq!(
            reason(circuit.acquire()),
            Some(Reason::Main),
            "{}",
            circuit.name()
        );
    }
    registry.main().close(&tester());
    for circuit in [before, removed, after] {
        assert_eq!(reason(circuit.acquire()), None, "{}", circuit.name());
    }
}

#[test]
fn it_outranks_the_switch() {
    let (registry, _clock) = registry();
    let circuit = registry.add(rag(1)).unwrap();
    registry.set_enabled(false, &tester());
    registry.main().open("invoice dispute", &tester());
    assert_eq!(reason(circuit.acquire()), Some(Reason::Main));
}

#[test]
fn a_circuit_that_is_defined_to_trip_it_does_and_tells_on_the_same_bus() {
    let (registry, _clock) = registry();
    let apollo = registry.add(rag(1).trips_main(true)).unwrap();
    let other = registry.circuit("other").unwrap();
    let mut events = registry.subscribe();
    fail(apollo, 1);
    assert_eq!(apollo.state(), State::Open);
    assert_eq!(reason(other.acquire()), Some(Reason::Main));
    let opened = registry.main().opened().unwrap();
    assert_eq!(opened.circuit.as_deref(), Some("rag"));
    let opened = |event: &fusebox::Event| matches!(event.kind, EventKind::MainOpened(_));
    assert!(told(&mut events).iter().any(opened));
}
