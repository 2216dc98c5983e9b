//! Names: found, unknown, refused, too many.

use super::{failures, rag, registry};
use fusebox::{Definition, Registry, RegistryError, Settings};

#[test]
fn the_same_name_is_the_same_circuit() {
    let (registry, _clock) = registry();
    let added = registry.add(rag(3)).unwrap();
    assert!(std::ptr::eq(added, registry.get("rag").unwrap()));
    assert!(std::ptr::eq(added, registry.find("rag").unwrap()));
    assert!(std::ptr::eq(added, registry.circuit("rag").unwrap()));
    assert!(std::ptr::eq(added, registry.clone().get("rag").unwrap()));
}

#[test]
fn two_registries_share_nothing() {
    let ((one, _), (other, _)) = (registry(), registry());
    let first = one.add(rag(3)).unwrap();
    assert!(other.get("rag").is_none());
    assert!(!std::ptr::eq(first, other.circuit("rag").unwrap()));
}

#[test]
fn an_unknown_name_is_refused_with_the_one_that_was_perhaps_meant() {
    let (registry, _clock) = registry();
    registry.add(Definition::new("notifier")).unwrap();
    registry.add(rag(3)).unwrap();
    let refused = |name: &str, nearest: Option<&str>| {
        let expected = RegistryError::UnknownCircuit {
            name: name.to_owned(),
            nearest: nearest.map(str::to_owned),
        };
        assert_eq!(registry.find(name).unwrap_err(), expected);
        let by = crate::stand::tester();
        assert_eq!(
            registry.set_circuit_enabled(name, false, &by),
            Err(expected)
        );
        assert!(registry.get(name).is_none());
        assert!(!registry.remove(name, &by));
    };
    refused("notifer", Some("notifier"));
    refused("payments", None);
    let text = registry.find("notifer").unwrap_err().to_string();
    assert_eq!(
        text,
        "there is no circuit \"notifer\" (did you mean notifier?)"
    );
    assert_eq!(
        registry.names(),
        ["notifier", "rag"],
        "asking defined nothing"
    );
}

#[test]
fn a_name_that_was_only_asked_for_has_the_registrys_defaults_and_is_listed_as_such() {
    let registry = Registry::builder().defaults(failures(7)).build();
    let rag = registry.circuit("rag").unwrap();
    assert_eq!(rag.settings(), failures(7));
    assert_eq!(registry.defaulted(), ["rag"]);
    assert!(registry.listed("rag").unwrap().defaulted);
    registry.define(super::rag(2)).unwrap();
    assert_eq!(
        rag.settings(),
        failures(2),
        "the real settings are in force, live"
    );
    assert!(registry.defaulted().is_empty());
}

#[test]
fn what_was_only_asked_for_is_defined_also_by_a_definition_that_changes_nothing() {
    let (registry, _clock) = registry();
    let by = crate::stand::tester();
    registry.circuit("rag").unwrap();
    let changes = registry.apply(vec!["rag".into()], &by).unwrap();
    assert_eq!(changes.replaced, ["rag"]);
    assert!(registry.defaulted().is_empty());
}

#[test]
fn a_definition_without_settings_has_the_registrys_defaults() {
    let registry = Registry::builder().defaults(failures(7)).build();
    let rag = registry.add(Definition::new("rag")).unwrap();
    assert_eq!(rag.settings(), failures(7));
    assert_eq!(Registry::new().defaults(), &Settings::defaults());
}

#[test]
fn adding_twice_is_refused_and_changes_nothing() {
    let (registry, _clock) = registry();
    let there = registry.add(rag(3)).unwrap();
    let error = registry.add(rag(9)).unwrap_err();
    let name = "rag".to_owned();
    assert_eq!(error, RegistryError::NameTaken { name });
    assert_eq!(there.settings(), failures(3));
}

#[test]
fn adding_what_was_only_asked_for_defines_it() {
    let (registry, _clock) = registry();
    let asked = registry.circuit("rag").unwrap();
    let added = registry.add(rag(3)).unwrap();
    assert!(std::ptr::eq(asked, added));
    assert_eq!(asked.settings(), failures(3));
    assert!(registry.add(rag(4)).is_err(), "now it is defined");
}

#[test]
fn a_name_that_cannot_be_a_circuits_is_refused_by_every_way_in() {
    let (registry, _clock) = registry();
    let by = crate::stand::tester();
    for name in ["", "health", "stream", "a b", "-rag", &"a".repeat(101)] {
        let ways = [
            registry.add(Definition::new(name)).map(drop),
            registry.define(Definition::new(name)).map(drop),
            registry.circuit(name).map(drop),
            registry.apply(vec![Definition::new(name)], &by).map(drop),
        ];
        for way in ways {
            let Err(RegistryError::Settings { circuit, error }) = way else {
                panic!("{name:?} was accepted");
            };
            assert_eq!((circuit.as_str(), error.field()), (name, "name"));
        }
    }
    assert!(registry.names().is_empty());
}

#[test]
fn a_full_registry_refuses_new_names_and_serves_known_ones() {
    let registry = Registry::builder().circuits_max(2).build();
    let by = crate::stand::tester();
    registry.circuit("a").unwrap();
    registry.add(Definition::new("b")).unwrap();
    let full = |result: Result<(), RegistryError>, parked| {
        let expected = RegistryError::Full {
            name: "c".to_owned(),
            circuits_max: 2,
            parked,
        };
        assert_eq!(result.unwrap_err(), expected);
    };
    full(registry.circuit("c").map(drop), 0);
    full(registry.add(Definition::new("c")).map(drop), 0);
    registry.remove("b", &by);
    full(registry.circuit("c").map(drop), 1);
    assert_eq!(
        registry.circuit("c").unwrap_err().to_string(),
        "no place for circuit c: 2 are allowed, and 1 of them are removed ones that wait for \
         their names to come back"
    );
    registry
        .circuit("b")
        .expect("its parked circuit has a place");
    registry.define(Definition::new("a")).expect("it is there");
    assert_eq!(registry.stats().circuits_max, 2);
}

#[test]
fn a_sealed_registry_refuses_names_that_nobody_defined() {
    let (registry, _clock) = registry();
    let rag = registry.add(rag(3)).unwrap();
    registry.circuit("asked").unwrap();
    assert!(!registry.is_sealed());
    registry.seal();
    assert!(registry.is_sealed());
    let expected = RegistryError::UnknownCircuit {
        name: "rga".to_owned(),
        nearest: Some("rag".to_owned()),
    };
    assert_eq!(registry.circuit("rga").unwrap_err(), expected);
    assert!(std::ptr::eq(registry.circuit("rag").unwrap(), rag));
    registry.circuit("asked").expect("it was there before");
    registry.add(Definition::new("late")).unwrap();
    registry.circuit("late").unwrap();
    registry.remove("late", &crate::stand::tester());
    assert!(registry.circuit("late").is_err());
}
