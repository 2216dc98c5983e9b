//! Other definitions of circuits that are in use (R21).

use super::{fail, failures, rag, registry};
use crate::stand::tester;
use fusebox::{BranchSettings, CircuitBreaker, Definition, FailureClass, State};

#[test]
fn defining_anew_keeps_state_and_counts_and_judges_from_the_next_outcome() {
    let (registry, _clock) = registry();
    let circuit = registry.add(rag(5)).unwrap();
    fail(circuit, 2);
    let same = registry.define(rag(3)).unwrap();
    assert!(std::ptr::eq(circuit, same));
    assert_eq!(circuit.consecutive_failures(), 2);
    assert_eq!(circuit.state(), State::Closed);
    fail(circuit, 1);
    assert_eq!(circuit.state(), State::Open);
    registry.define(rag(9)).unwrap();
    assert_eq!(circuit.state(), State::Open, "an opening stays");
    assert_eq!(circuit.snapshot().totals.failure, 3);
}

#[test]
fn a_definition_says_everything_so_what_it_does_not_name_has_its_default_again() {
    let (registry, _clock) = registry();
    let full = rag(3)
        .branches(BranchSettings::default())
        .trips_main(true)
        .fallback_enabled(false)
        .enabled(false)
        .service("essay")
        .priority(1);
    let circuit = registry.define(full).unwrap();
    let listed = registry.listed("rag").unwrap();
    assert_eq!(
        (listed.priority, &*listed.service, listed.enabled),
        (1, "essay", false)
    );
    assert!(circuit.trips_main() && !circuit.fallback_enabled());
    assert_eq!(circuit.branch_settings(), Some(BranchSettings::default()));
    registry.define(Definition::new("rag")).unwrap();
    let listed = registry.listed("rag").unwrap();
    assert_eq!(
        (listed.priority, &*listed.service, listed.enabled),
        (2, "", true)
    );
    assert!(!circuit.trips_main() && circuit.fallback_enabled());
    assert_eq!(circuit.branch_settings(), None);
    assert_eq!(circuit.settings(), *registry.defaults());
}

#[test]
fn applying_adds_replaces_removes_and_leaves_alone() {
    let (registry, _clock) = registry();
    let definitions = |names: &[&str]| names.iter().map(|&name| name.into()).collect::<Vec<_>>();
    registry
        .apply(definitions(&["a", "b", "c"]), &tester())
        .unwrap();
    let mut next = definitions(&["d", "a"]);
    next.push(Definition::new("c").settings(failures(2)));
    let changes = registry.apply(next, &tester()).unwrap();
    assert_eq!(changes.added, ["d"]);
    assert_eq!(changes.replaced, ["c"]);
    assert_eq!(changes.removed, ["b"]);
    assert_eq!(changes.unchanged, ["a"]);
    assert_eq!(registry.names(), ["a", "c", "d"]);
    assert_eq!(registry.get("c").unwrap().settings(), failures(2));
}

#[test]
fn applying_keeps_what_was_only_asked_for() {
    let (registry, _clock) = registry();
    let asked = registry.circuit("asked").unwrap();
    registry.apply(vec![rag(3)], &tester()).unwrap();
    assert!(std::ptr::eq(asked, registry.get("asked").unwrap()));
    let changes = registry.apply(Vec::new(), &tester()).unwrap();
    assert_eq!(changes.removed, ["rag"]);
    assert_eq!(registry.defaulted(), ["asked"]);
}

#[test]
fn applying_the_same_again_undoes_what_was_changed_by_hand() {
    type ByHand = fn(&CircuitBreaker);
    let changes: [ByHand; 4] = [
        |circuit| circuit.change_settings(failures(9), &tester()).unwrap(),
        |circuit| circuit.set_trips_main(true),
        |circuit| circuit.set_fallback_enabled(false),
        |circuit| circuit.set_branches(Some(BranchSettings::default()), &tester()),
    ];
    let (registry, _clock) = registry();
    let circuit = registry.add(rag(3)).unwrap();
    for by_hand in changes {
        by_hand(circuit);
        let changed = registry.apply(vec![rag(3)], &tester()).unwrap();
        assert_eq!(changed.replaced, ["rag"]);
        let changed = registry.apply(vec![rag(3)], &tester()).unwrap();
        assert_eq!(changed.unchanged, ["rag"]);
    }
    assert_eq!(circuit.settings(), failures(3));
    assert!(!circuit.trips_main() && circuit.fallback_enabled());
    assert_eq!(circuit.branch_settings(), None);
}

#[test]
fn a_keyed_definition_judges_each_key_apart() {
    let (registry, _clock) = registry();
    let ofd = Definition::new("ofd").settings(failures(1));
    let ofd = registry
        .add(ofd.branches(BranchSettings::default()))
        .unwrap();
    ofd.acquire_key("pos-2").unwrap().success();
    ofd.acquire_key("pos-3").unwrap().success();
    ofd.acquire_key("pos-1")
        .unwrap()
        .failure(FailureClass::Connect);
    assert!(ofd.acquire_key("pos-1").is_err());
    ofd.acquire_key("pos-2").unwrap().success();
}
