//! The global switch, and those of single circuits and fallbacks.

use super::{configure, configured};
use fusebox::environment::{Service, Variables};
use fusebox::{Definition, HoldKind, Registry, RegistryError};

fn is_off(registry: &Registry, name: &str) -> bool {
    let hold = registry.find(name).unwrap().snapshot().hold;
    hold.is_some_and(|hold| hold.kind == HoldKind::Disabled && hold.author.as_str() == "switch")
}

#[test]
fn truth_is_said_in_eight_words_of_any_case() {
    let on = ["true", "TRUE", "True", "1", "yes", "Yes", "on", "ON"];
    let off = ["false", "FALSE", "False", "0", "no", "No", "off", "OFF"];
    for (words, enabled) in [(on, true), (off, false)] {
        for word in words {
            let variables = [("CIRCUIT_BREAKER_ENABLED", word)];
            let registry = configured(&variables, [Service::prefix("BCS")]).unwrap();
            assert_eq!(
                (registry.is_enabled(), is_off(&registry, "BCS")),
                (enabled, !enabled)
            );
        }
    }
}

#[test]
fn a_global_switch_that_is_not_set_stays_where_it_is() {
    let registry = Registry::new();
    registry.set_enabled(false, &crate::stand::tester());
    configure(&registry, &[], [Service::prefix("BCS")]).unwrap();
    assert!(is_off(&registry, "BCS"));
    let variables = [("CIRCUIT_BREAKER_ENABLED", "true")];
    configure(&registry, &variables, [Service::prefix("BCS")]).unwrap();
    assert!(!is_off(&registry, "BCS"));
}

#[test]
fn the_global_switch_reaches_circuits_that_are_not_from_the_environment() {
    let registry = Registry::new();
    registry.circuit("other").unwrap();
    let variables = [("CIRCUIT_BREAKER_ENABLED", "off")];
    configure(&registry, &variables, [Service::prefix("BCS")]).unwrap();
    assert!(is_off(&registry, "other"));
}

#[test]
fn a_prefix_and_a_service_can_be_switched_off_alone() {
    let variables = [
        ("BCS_CIRCUIT_BREAKER_ENABLED", "false"),
        ("CIRCUIT_BREAKER_RAG_ENABLED", "no"),
    ];
    let services = [
        Service::prefix("BCS").circuits(["a", "b"]),
        Service::prefix("API"),
        Service::named("rag"),
        Service::named("vms"),
    ];
    let registry = configured(&variables, services).unwrap();
    let off: Vec<_> = registry
        .names()
        .into_iter()
        .filter(|name| is_off(&registry, name))
        .collect();
    assert_eq!(off, ["a", "b", "rag"]);
    assert!(registry.is_enabled());
}

#[test]
fn fallbacks_can_be_switched_off_alone() {
    let variables = [
        ("BCS_CIRCUIT_BREAKER_FALLBACK_ENABLED", "0"),
        ("CIRCUIT_BREAKER_RAG_FALLBACK_ENABLED", "off"),
    ];
    let services = [
        Service::prefix("BCS"),
        Service::prefix("API"),
        Service::named("rag"),
        Service::named("vms"),
    ];
    let registry = configured(&variables, services).unwrap();
    let without: Vec<_> = registry
        .circuits()
        .into_iter()
        .filter(|circuit| !circuit.fallback_enabled())
        .map(fusebox::CircuitBreaker::name)
        .collect();
    assert_eq!(without, ["BCS", "rag"]);
    assert!(!is_off(&registry, "BCS"));
}

#[test]
fn a_variable_outranks_the_programs_own_switch() {
    let off = || {
        Definition::new("rag")
            .enabled(false)
            .fallback_enabled(false)
    };
    let service = || Service::named("rag").circuits([off()]);
    let registry = configured(&[], [service()]).unwrap();
    assert!(is_off(&registry, "rag"));
    let variables = [
        ("CIRCUIT_BREAKER_RAG_ENABLED", "true"),
        ("CIRCUIT_BREAKER_RAG_FALLBACK_ENABLED", "true"),
    ];
    configure(&registry, &variables, [service()]).unwrap();
    assert!(!is_off(&registry, "rag"));
    assert!(registry.find("rag").unwrap().fallback_enabled());
}

#[test]
fn a_circuit_that_was_turned_by_hand_stays_so_unless_a_variable_says_otherwise() {
    let registry = configured(&[], [Service::named("vms")]).unwrap();
    let by = crate::stand::tester();
    let off = [("CIRCUIT_BREAKER_VMS_ENABLED", "false")];
    let on = [("CIRCUIT_BREAKER_VMS_ENABLED", "true")];
    let reload = |variables: &[_]| configure(&registry, variables, [Service::named("vms")]);
    registry.set_circuit_enabled("vms", false, &by).unwrap();
    for _ in 0..2 {
        reload(&[]).unwrap();
        assert!(is_off(&registry, "vms"), "by hand");
    }
    reload(&on).unwrap();
    assert!(!is_off(&registry, "vms"), "by variable");
    reload(&off).unwrap();
    assert!(is_off(&registry, "vms"), "by variable");
    reload(&[]).unwrap();
    assert!(
        !is_off(&registry, "vms"),
        "no hand and no variable: the default"
    );
}

#[test]
fn circuits_and_fallbacks_are_switched_off_by_name_all_or_none() {
    let services = || ["rag", "notifier", "vms"].map(Service::named);
    let registry = configured(&[], services()).unwrap();
    let set = |circuits, fallbacks| {
        let set = [("CIRCUITS_OFF", circuits), ("FALLBACKS_OFF", fallbacks)];
        registry.switch_off(&Variables::from_iter(set))
    };
    let off = || {
        let names = ["rag", "notifier", "vms"];
        let fallbacks = names.map(|name| !registry.find(name).unwrap().fallback_enabled());
        (names.map(|name| is_off(&registry, name)), fallbacks)
    };
    for (circuits, fallbacks, wrong) in [
        ("rag, nobody", "vms", "CIRCUITS_OFF"),
        ("rag", "vms,", "FALLBACKS_OFF"),
        ("", "vms", "CIRCUITS_OFF"),
    ] {
        let Err(RegistryError::Environment(error)) = set(circuits, fallbacks) else {
            panic!("{circuits} {fallbacks}");
        };
        assert_eq!(error.variable(), wrong);
        assert_eq!(off(), ([false; 3], [false; 3]), "{error}");
    }
    set("rag, vms", "notifier").unwrap();
    assert_eq!(off(), ([true, false, true], [false, true, false]));
    registry
        .switch_off(&Variables::from_iter([("OTHER", "rag")]))
        .unwrap();
    assert_eq!(off(), ([true, false, true], [false, true, false]));
}
