//! A list of definitions with one mistake changes nothing.

use super::{failures, own_events, rag, registry, told};
use crate::stand::tester;
use fusebox::{CircuitBreaker, Definition, EventKind, Registry, RegistryError};

/// Refused, and everything is as before: circuits, settings, memory.
fn leaves_nothing_behind(registry: &Registry, definitions: Vec<Definition>) -> RegistryError {
    let before: Vec<_> = registry
        .circuits()
        .iter()
        .map(|c| (c.name(), c.settings()))
        .collect();
    let stats = registry.stats();
    let mut events = registry.subscribe();
    let error = registry.apply(definitions, &tester()).unwrap_err();
    let after: Vec<_> = registry
        .circuits()
        .iter()
        .map(|c| (c.name(), c.settings()))
        .collect();
    assert_eq!(before, after);
    assert_eq!(stats, registry.stats());
    assert!(own_events(&mut events).is_empty());
    error
}

#[test]
fn one_bad_name_at_the_end_refuses_the_whole_list() {
    let (registry, _clock) = registry();
    registry.add(rag(3)).unwrap();
    registry.add(Definition::new("vms")).unwrap();
    let list = vec![
        rag(9),
        Definition::new("new"),
        Definition::new("not a name"),
    ];
    let error = leaves_nothing_behind(&registry, list);
    assert!(matches!(error, RegistryError::Settings { circuit, .. } if circuit == "not a name"));
}

#[test]
fn a_name_given_twice_refuses_the_whole_list() {
    let (registry, _clock) = registry();
    registry.add(rag(3)).unwrap();
    let twice = vec![Definition::new("new"), rag(4), rag(4)];
    let error = leaves_nothing_behind(&registry, twice);
    assert_eq!(error.to_string(), "circuit rag is defined twice");
    let new_twice = vec![rag(4), Definition::new("new"), Definition::new("new")];
    let error = leaves_nothing_behind(&registry, new_twice);
    assert_eq!(error.to_string(), "circuit new is defined twice");
}

#[test]
fn a_list_that_does_not_fit_refuses_itself_as_a_whole() {
    let registry = Registry::builder().circuits_max(2).build();
    registry.add(rag(3)).unwrap();
    let list = vec![Definition::new("a"), rag(4), Definition::new("b")];
    let error = leaves_nothing_behind(&registry, list);
    let expected = "no place for circuit b: 2 are allowed";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn a_circuit_whose_settings_take_no_more_changes_refuses_the_whole_list() {
    let (registry, _clock) = registry();
    let first = registry
        .add(Definition::new("first").settings(failures(3)))
        .unwrap();
    let worn = registry
        .add(Definition::new("worn").settings(failures(3)))
        .unwrap();
    let mut changes = 0;
    while worn
        .change_settings(failures(4 + changes % 2), &tester())
        .is_ok()
    {
        changes += 1;
    }
    let in_force = worn.settings();
    let list = vec![
        Definition::new("first").settings(failures(8)),
        Definition::new("worn").settings(failures(8)),
        Definition::new("new"),
    ];
    let error = leaves_nothing_behind(&registry, list);
    let circuit = "worn".to_owned();
    assert_eq!(error, RegistryError::TooManyChanges { circuit });
    assert_eq!(first.settings(), failures(3));
    let as_it_is = Definition::new("worn").settings(in_force);
    registry
        .define(as_it_is.priority(1))
        .expect("all but its settings can change");
}

#[test]
fn a_worn_circuit_that_is_asked_for_after_it_was_removed_comes_back_as_it_was() {
    let (registry, _clock) = registry();
    let worn = registry
        .add(Definition::new("worn").settings(failures(3)))
        .unwrap();
    let mut changes = 0;
    while worn
        .change_settings(failures(4 + changes % 2), &tester())
        .is_ok()
    {
        changes += 1;
    }
    registry.remove("worn", &tester());
    let in_force = worn.settings();
    assert!(std::ptr::eq(worn, registry.circuit("worn").unwrap()));
    assert_eq!(worn.settings(), in_force);
}

#[test]
fn a_list_is_put_before_readers_in_one_step() {
    let (registry, _clock) = registry();
    let sets = [["a", "b", "c"], ["d", "e", "f"]];
    let list = |names: [&str; 3]| names.map(Definition::new).to_vec();
    registry.apply(list(sets[0]), &tester()).unwrap();
    let seen = crate::stand::together(2, |thread| {
        if thread == 0 {
            for turn in 1..300 {
                registry.apply(list(sets[turn % 2]), &tester()).unwrap();
            }
            return 0;
        }
        let mut looks = 0;
        for _ in 0..3_000 {
            let names = registry.names();
            assert!(
                sets.iter().any(|set| names == set),
                "half of a list: {names:?}"
            );
            looks += 1;
        }
        looks
    });
    assert_eq!(seen, [0, 3_000]);
}

#[test]
fn an_error_is_not_told_as_an_event_of_the_settings_that_were_good() {
    let (registry, _clock) = registry();
    registry.add(rag(3)).unwrap();
    let mut events = registry.subscribe();
    let list = vec![rag(9), Definition::new("not a name")];
    registry.apply(list, &tester()).unwrap_err();
    let changed = |event: &fusebox::Event| matches!(event.kind, EventKind::SettingsChanged { .. });
    assert!(!told(&mut events).iter().any(changed));
}

/// Changes the settings until no more than `left` changes are.
fn wear(circuit: &CircuitBreaker, left: u32) {
    for change in 0..4_096 - left {
        let settings = failures(4 + change % 2);
        circuit.change_settings(settings, &tester()).unwrap();
    }
}

#[test]
fn a_refused_list_uses_up_no_change_and_tells_nothing() {
    for left in [1, 2] {
        let (registry, _clock) = registry();
        let [first, worn] = ["first", "worn"].map(|name| registry.circuit(name).unwrap());
        wear(first, left);
        wear(worn, 0);
        let before = first.settings();
        let mut events = registry.subscribe();
        let list = ["first", "worn"].map(|name| Definition::new(name).settings(failures(99)));
        registry.apply(list.to_vec(), &tester()).unwrap_err();
        assert_eq!(first.settings(), before);
        assert_eq!(told(&mut events), []);
        for change in 0..left {
            let settings = failures(50 + change);
            first.change_settings(settings, &tester()).unwrap();
        }
    }
}
