//! Off and on: the global switch and single ones.

use super::{fail, held, open, own_events, rag, registry};
use crate::stand::{hold, secs, tester};
use fusebox::{Author, Definition, HoldKind, HoldRequest, State, Tick};

const OFF: Option<HoldKind> = Some(HoldKind::Disabled);

#[test]
fn off_while_a_circuit_is_open_lets_calls_pass_and_on_closes_it() {
    let (registry, clock) = registry();
    let circuit = registry.add(rag(2)).unwrap();
    fail(circuit, 2);
    assert!(circuit.acquire().is_err());
    assert!(registry.set_enabled(false, &Author::new("ada")));
    fail(circuit, 10);
    let snapshot = circuit.snapshot();
    assert_eq!(
        (snapshot.state, snapshot.totals.failure),
        (State::Open, 2),
        "not recorded"
    );
    let hold = snapshot.hold.unwrap();
    assert_eq!(
        (hold.author.as_str(), hold.kind),
        ("switch", HoldKind::Disabled)
    );
    assert_eq!(
        (hold.reason.as_str(), hold.until),
        ("switched off by ada", None)
    );
    clock.advance(secs(3_600));
    assert!(registry.set_enabled(true, &tester()));
    assert_eq!((circuit.state(), held(circuit)), (State::Closed, None));
    fail(circuit, 2);
    assert_eq!(circuit.state(), State::Open);
}

#[test]
fn turning_the_switch_to_where_it_is_changes_nothing() {
    let (registry, _clock) = registry();
    let circuit = registry.add(rag(2)).unwrap();
    assert!(registry.is_enabled());
    assert!(!registry.set_enabled(true, &tester()));
    assert_eq!(
        registry.set_circuit_enabled("rag", true, &tester()),
        Ok(false)
    );
    registry.set_enabled(false, &tester());
    assert!(!registry.set_enabled(false, &tester()));
    assert_eq!(held(circuit), OFF);
}

#[test]
fn circuits_added_while_off_are_off_from_their_first_call() {
    let (registry, _clock) = registry();
    registry.set_enabled(false, &tester());
    let added = registry.add(rag(1)).unwrap();
    let asked = registry.circuit("asked").unwrap();
    registry
        .apply(vec![rag(1), Definition::new("applied")], &tester())
        .unwrap();
    let applied = registry.get("applied").unwrap();
    for circuit in [added, asked, applied] {
        assert_eq!(held(circuit), OFF, "{}", circuit.name());
    }
    assert_eq!(registry.stats().switched_off, 3);
    registry.set_enabled(true, &tester());
    for circuit in [added, asked, applied] {
        assert_eq!(held(circuit), None, "{}", circuit.name());
    }
}

#[test]
fn on_ends_only_the_holds_of_the_switch() {
    let (registry, clock) = registry();
    let by_ada = |kind, for_| HoldRequest {
        author: Author::new("ada"),
        ..hold(kind, for_)
    };
    let [held_open, watched, expired, over, free] =
        ["open", "observe", "expired", "over", "free"].map(|name| registry.circuit(name).unwrap());
    held_open.hold(by_ada(HoldKind::ForcedOpen, Some(secs(60))));
    watched.hold(by_ada(HoldKind::Observe, None));
    expired.hold(by_ada(HoldKind::ForcedOpen, Some(secs(5))));
    registry.set_enabled(false, &tester());
    let all = [held_open, watched, expired, over, free];
    assert!(all.iter().all(|circuit| held(circuit) == OFF));
    over.hold(by_ada(HoldKind::Disabled, None));
    clock.advance(secs(10));
    registry.set_enabled(true, &tester());
    let back = held_open.snapshot().hold.unwrap();
    assert_eq!(
        (back.kind, back.author.as_str()),
        (HoldKind::ForcedOpen, "ada")
    );
    assert_eq!(back.until.map(Tick::as_nanos), Some(60_000_000_000));
    assert_eq!(held(watched), Some(HoldKind::Observe));
    assert_eq!(held(expired), None, "its time was over");
    assert_eq!(
        expired.state(),
        State::HalfOpen,
        "as the end of that hold leaves it"
    );
    assert_eq!(held(over), OFF, "an operator set it over the switch's");
    assert_eq!(held(free), None);
}

#[test]
fn nobody_can_release_the_hold_of_the_switch() {
    let (registry, _clock) = registry();
    let own = registry.add(rag(2).enabled(false)).unwrap();
    assert!(!own.release(&tester()));
    assert_eq!(held(own), OFF);
    let other = registry.circuit("other").unwrap();
    registry.set_enabled(false, &tester());
    assert!(!other.release(&tester()));
    assert_eq!(held(other), OFF);
    fail(other, 100);
    assert_eq!(other.state(), State::Closed);
}

#[test]
fn what_was_set_over_the_switchs_hold_ends_in_it() {
    for (global, kind) in [
        (true, HoldKind::ForcedOpen),
        (false, HoldKind::ForcedOpen),
        (true, HoldKind::Observe),
        (false, HoldKind::Disabled),
    ] {
        let (registry, clock) = registry();
        let circuit = registry.add(rag(1).enabled(global)).unwrap();
        if global {
            registry.set_enabled(false, &tester());
        }
        circuit.hold(hold(kind, Some(secs(1))));
        circuit.hold(hold(kind, Some(secs(2))));
        clock.advance(secs(2));
        fail(circuit, 5);
        let back = circuit.snapshot().hold.unwrap();
        assert_eq!(
            (back.kind, back.author.as_str()),
            (HoldKind::Disabled, "switch")
        );
        circuit.hold(hold(kind, None));
        assert!(circuit.release(&tester()));
        assert!(!circuit.release(&tester()));
        assert_eq!((held(circuit), circuit.state()), (OFF, State::Closed));
        assert_eq!(registry.stats().switched_off, 1);
        registry.set_enabled(true, &tester());
        registry
            .set_circuit_enabled("rag", true, &tester())
            .unwrap();
        assert_eq!(held(circuit), None, "and it does not come back");
        circuit.hold(hold(kind, None));
        circuit.release(&tester());
        assert_eq!(held(circuit), None);
    }
}

#[test]
fn off_again_puts_back_what_a_hold_over_the_switchs_had_ended() {
    let (registry, clock) = registry();
    let [rag, vms] = ["rag", "vms"].map(|name| registry.circuit(name).unwrap());
    for expires in [None, Some(secs(1))] {
        registry.set_enabled(false, &tester());
        rag.hold(hold(HoldKind::ForcedOpen, expires));
        rag.release(&tester());
        clock.advance(secs(1));
        registry.set_enabled(false, &tester());
        assert_eq!((held(rag), held(vms)), (OFF, OFF));
        registry.set_enabled(true, &tester());
        registry
            .set_circuit_enabled("rag", false, &tester())
            .unwrap();
        rag.hold(hold(HoldKind::ForcedOpen, expires));
        clock.advance(secs(1));
        rag.release(&tester());
        registry
            .set_circuit_enabled("rag", false, &tester())
            .unwrap();
        assert_eq!((held(rag), held(vms)), (OFF, None));
        registry
            .set_circuit_enabled("rag", true, &tester())
            .unwrap();
        assert_eq!(held(rag), None);
    }
}

#[test]
fn off_again_covers_a_hold_that_an_operator_set_over_the_switchs() {
    let (registry, _clock) = registry();
    let circuit = registry.circuit("rag").unwrap();
    registry.set_enabled(false, &tester());
    circuit.hold(hold(HoldKind::ForcedOpen, None));
    assert!(registry.set_enabled(false, &tester()));
    assert_eq!(held(circuit), OFF);
    registry.set_enabled(true, &tester());
    assert_eq!(held(circuit), Some(HoldKind::ForcedOpen));
}

#[test]
fn a_list_turns_circuits_off_that_have_come_on_by_themselves() {
    let (registry, _clock) = registry();
    let circuit = registry.add(rag(2).enabled(false)).unwrap();
    let list = || vec![rag(2).enabled(false)];
    circuit.hold(hold(HoldKind::Observe, None));
    let changes = registry.apply(list(), &tester()).unwrap();
    assert_eq!(changes.unchanged, ["rag"]);
    assert_eq!(held(circuit), Some(HoldKind::Observe), "holds stay");
    circuit.release(&tester());
    registry.apply(list(), &tester()).unwrap();
    assert_eq!(held(circuit), OFF);
    registry.apply(vec![rag(2)], &tester()).unwrap();
    assert_eq!(held(circuit), None);
}

#[test]
fn an_operators_hold_that_looks_like_the_switchs_is_not_ended_by_it() {
    let (registry, _clock) = registry();
    let circuit = registry.circuit("rag").unwrap();
    let forged = |kind| HoldRequest {
        author: Author::new("switch"),
        reason: "switched off by tester".to_owned(),
        ..hold(kind, None)
    };
    circuit.hold(forged(HoldKind::Disabled));
    registry.set_enabled(false, &tester());
    registry.set_enabled(true, &tester());
    assert_eq!(held(circuit), OFF, "an operator's");
    assert!(circuit.release(&tester()));
}

#[test]
fn a_removed_circuit_whose_own_switch_is_off_stays_off_under_the_global_one() {
    let (registry, _clock) = registry();
    let circuit = registry.add(rag(1).enabled(false)).unwrap();
    registry.remove("rag", &tester());
    registry.set_enabled(false, &tester());
    registry.set_enabled(true, &tester());
    assert_eq!(held(circuit), OFF);
}

#[test]
fn one_circuit_is_switched_off_alone() {
    let (registry, _clock) = registry();
    let [rag, vms] = ["rag", "vms"].map(|name| registry.circuit(name).unwrap());
    assert_eq!(
        registry.set_circuit_enabled("rag", false, &tester()),
        Ok(true)
    );
    assert_eq!((held(rag), held(vms)), (OFF, None));
    assert!(!registry.listed("rag").unwrap().enabled);
    registry.set_enabled(false, &tester());
    assert_eq!((held(rag), held(vms)), (OFF, OFF));
    registry.set_enabled(true, &tester());
    assert_eq!(
        (held(rag), held(vms)),
        (OFF, None),
        "its own switch is still off"
    );
    assert_eq!(
        registry.set_circuit_enabled("rag", true, &tester()),
        Ok(true)
    );
    assert_eq!(held(rag), None);
}

#[test]
fn a_circuit_switched_on_alone_stays_off_under_the_global_switch() {
    let (registry, _clock) = registry();
    let circuit = registry.add(rag(1).enabled(false)).unwrap();
    assert_eq!(held(circuit), OFF);
    registry.set_enabled(false, &tester());
    registry
        .set_circuit_enabled("rag", true, &tester())
        .unwrap();
    assert_eq!(held(circuit), OFF);
    assert!(!registry.listed("rag").unwrap().enabled);
    registry.set_enabled(true, &tester());
    assert_eq!(held(circuit), None);
}

#[test]
fn a_definition_turns_the_circuits_own_switch() {
    let (registry, _clock) = registry();
    let circuit = registry.add(rag(1)).unwrap();
    registry.define(rag(1).enabled(false)).unwrap();
    assert_eq!(held(circuit), OFF);
    let mut events = registry.subscribe();
    registry.define(rag(1)).unwrap();
    assert_eq!(held(circuit), None);
    assert_eq!(own_events(&mut events), ["replaced rag"]);
    registry
        .set_circuit_enabled("rag", false, &tester())
        .unwrap();
    registry.apply(vec![rag(1)], &tester()).unwrap();
    assert_eq!(held(circuit), None, "as its definition says");
}

#[test]
fn the_switch_reaches_removed_circuits_that_are_still_called() {
    let (registry, _clock) = registry();
    let circuit = registry.add(rag(1)).unwrap();
    registry.remove("rag", &tester());
    registry.set_enabled(false, &tester());
    assert_eq!(held(circuit), OFF);
    registry.set_enabled(true, &tester());
    assert_eq!(held(circuit), None);
}

#[test]
fn a_covered_hold_of_a_removed_circuit_comes_back_to_it_but_not_to_its_name() {
    let (registry, _clock) = registry();
    let circuit = registry.add(rag(1)).unwrap();
    circuit.hold(hold(HoldKind::ForcedOpen, None));
    registry.set_enabled(false, &tester());
    registry.remove("rag", &tester());
    registry.set_enabled(true, &tester());
    assert_eq!(held(circuit), Some(HoldKind::ForcedOpen));
    registry.set_enabled(false, &tester());
    registry.add(rag(1)).unwrap();
    registry.set_enabled(true, &tester());
    assert_eq!(held(circuit), None);
}

#[test]
fn a_circuit_that_was_off_comes_back_as_the_switch_and_its_definition_say() {
    for (global, own) in [(true, true), (true, false), (false, true), (false, false)] {
        let (registry, _clock) = registry();
        let circuit = registry.add(rag(1).enabled(false)).unwrap();
        open(circuit);
        registry.remove("rag", &tester());
        registry.set_enabled(global, &tester());
        registry.add(rag(1).enabled(own)).unwrap();
        let expected = if global && own { None } else { OFF };
        assert_eq!(held(circuit), expected, "global {global}, own {own}");
        assert_eq!(circuit.state(), State::Closed);
    }
}
