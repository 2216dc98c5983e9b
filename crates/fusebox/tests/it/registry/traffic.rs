//! Changes while threads call.

use super::{failures, rag, registry};
use crate::stand::{Dice, tester, together};
use fusebox::{CircuitBreaker, Definition, FailureClass, HoldKind, State};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Thread 0 changes, the others call; what is left over holds for all of them.
const THREADS: usize = 4;

#[test]
fn settings_changed_under_traffic_lose_no_call_and_end_as_the_last_definition() {
    const CALLS: u64 = 5_000;
    let (registry, _clock) = registry();
    let circuit = registry.add(rag(1_000_000)).unwrap();
    together(THREADS, |thread| {
        if thread == 0 {
            for turn in 0..200 {
                registry.define(rag(1_000_000 - turn % 7)).unwrap();
            }
            return;
        }
        let mut dice = Dice::new(thread as u64);
        for _ in 0..CALLS {
            let permit = registry.get("rag").unwrap().acquire().unwrap();
            if dice.below(2) == 0 {
                permit.success();
            } else {
                permit.failure(FailureClass::Connect);
            }
        }
    });
    let totals = circuit.snapshot().totals;
    assert_eq!(
        totals.success + totals.failure,
        CALLS * (THREADS as u64 - 1)
    );
    assert_eq!(circuit.settings(), failures(1_000_000 - 199 % 7));
}

#[test]
fn a_lower_threshold_defined_under_traffic_opens() {
    let (registry, _clock) = registry();
    let circuit = registry.add(rag(1_000_000)).unwrap();
    together(THREADS, |thread| {
        if thread == 0 {
            registry.define(rag(3)).unwrap();
            return;
        }
        for _ in 0..1_000_000 {
            match circuit.acquire() {
                Ok(permit) => drop(permit.failure(FailureClass::Connect)),
                Err(_) => return,
            }
        }
        panic!("a million failures did not open it");
    });
    assert_eq!(circuit.state(), State::Open);
}

#[test]
fn names_asked_for_by_two_threads_at_once_are_made_once() {
    let (registry, _clock) = registry();
    let mut events = registry.subscribe();
    let arrived = AtomicUsize::new(0);
    let found = together(2, |_| {
        let circuits = (0..400).map(|number| {
            // Both ask for each name within nanoseconds: a barrier wakes one after the other.
            arrived.fetch_add(1, Ordering::SeqCst);
            while arrived.load(Ordering::SeqCst) < 2 * (number + 1) {
                std::hint::spin_loop();
            }
            registry.circuit(&format!("circuit-{number}")).unwrap()
        });
        let address = |circuit| std::ptr::from_ref::<CircuitBreaker>(circuit) as usize;
        circuits.map(address).collect::<Vec<_>>()
    });
    assert_eq!(found[0], found[1]);
    let told = super::own_events(&mut events);
    assert_eq!(told.len(), 400);
    assert!(told.iter().all(|event| event.starts_with("defaulted")));
}

#[test]
fn adding_removing_and_switching_at_once_ends_in_a_state_that_fits() {
    let (registry, _clock) = registry();
    together(THREADS, |thread| {
        let mut dice = Dice::new(40 + thread as u64);
        for _ in 0..1_000 {
            let name = ["a", "b", "c"][dice.below(3) as usize];
            match dice.below(6) {
                0 => drop(registry.remove(name, &tester())),
                1 => drop(registry.set_enabled(dice.below(2) == 0, &tester())),
                2 => drop(registry.set_circuit_enabled(name, dice.below(2) == 0, &tester())),
                3 => drop(registry.define(Definition::new(name)).unwrap()),
                4 => drop(
                    registry
                        .apply(vec![name.into(), rag(3)], &tester())
                        .unwrap(),
                ),
                _ => drop(registry.circuit(name).unwrap().acquire()),
            }
        }
    });
    for listed in registry.list() {
        let held = super::held(listed.circuit);
        let expected = (!listed.enabled).then_some(HoldKind::Disabled);
        assert_eq!(held, expected, "{}", listed.circuit.name());
    }
    let stats = registry.stats();
    assert_eq!(stats.circuits + stats.parked, 4);
}
