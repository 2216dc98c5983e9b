//! `CIRCUIT_BREAKER_<SERVICE>_…`: the orchestrator's variables.

use super::{configure, configured};
use crate::stand::{secs, tester};
use fusebox::environment::{Service, Variables};
use fusebox::{Definition, Registry, RegistryError};

fn orchestrator() -> [Service; 5] {
    let circuit = |name: &str, priority| Definition::new(name).priority(priority);
    [
        Service::named("RAG")
            .timeout(secs(30))
            .circuits([circuit("rag_service", 1)]),
        Service::named("RULE_GENERATION")
            .consecutive_failures(3)
            .timeout(secs(20))
            .circuits([circuit("rule_generation_service", 2)]),
        Service::named("notifier")
            .consecutive_failures(4)
            .open_for(secs(30)),
        Service::named("VMS").consecutive_failures(6),
        Service::named("prediction").consecutive_failures(4),
    ]
}

fn numbers(registry: &Registry, name: &str) -> (Option<u32>, u64, u32) {
    let settings = registry.find(name).unwrap().settings();
    let open_for = settings.open_for();
    (
        settings.consecutive_failures(),
        open_for.as_secs(),
        settings.half_open_successes(),
    )
}

#[test]
fn without_variables_the_programs_defaults_are_in_force() {
    let registry = configured(&[], orchestrator()).unwrap();
    assert_eq!(numbers(&registry, "rag_service"), (Some(5), 60, 1));
    assert_eq!(
        numbers(&registry, "rule_generation_service"),
        (Some(3), 60, 1)
    );
    assert_eq!(numbers(&registry, "notifier"), (Some(4), 30, 1));
    assert_eq!(numbers(&registry, "VMS"), (Some(6), 60, 1));
    assert_eq!(numbers(&registry, "prediction"), (Some(4), 60, 1));
    assert_eq!(registry.listed("rag_service").unwrap().priority, 1);
}

#[test]
fn each_service_has_variables_of_its_own() {
    let variables = [
        ("CIRCUIT_BREAKER_RAG_FAIL_MAX", "8"),
        ("CIRCUIT_BREAKER_NOTIFIER_RECOVERY_TIMEOUT", "15"),
        ("CIRCUIT_BREAKER_RAG_V2_FAIL_MAX", "1"),
        ("REDIS_CIRCUIT_BREAKER_TTL", "3600"),
    ];
    let registry = configured(&variables, orchestrator()).unwrap();
    assert_eq!(numbers(&registry, "rag_service"), (Some(8), 60, 1));
    assert_eq!(numbers(&registry, "notifier"), (Some(4), 15, 1));
    assert_eq!(numbers(&registry, "VMS"), (Some(6), 60, 1));
}

#[test]
fn a_time_out_makes_dropped_calls_failures_and_gives_trials_longer() {
    for (timeout, trial) in [(secs(10), secs(30)), (secs(30), secs(35))] {
        let service = Service::named("rag").timeout(timeout);
        let registry = configured(&[], [service]).unwrap();
        let settings = registry.get("rag").unwrap().settings();
        assert_eq!(settings.abandoned_after(), Some(timeout));
        assert_eq!(settings.half_open_timeout(), trial);
    }
}

/// The variable, and the two names.
fn collision(result: Result<(), RegistryError>) -> (String, [String; 2]) {
    match result {
        Err(RegistryError::SameVariable { variable, circuits }) => (variable, circuits),
        other => panic!("{other:?}"),
    }
}

#[test]
fn two_names_with_the_same_variables_are_refused() {
    let pairs = [("rag-v2", "rag.v2"), ("rag", "RAG"), ("rag_v2", "rag-v2")];
    for (one, other) in pairs {
        let registry = Registry::new();
        let services = [
            Service::named(one),
            Service::named("vms"),
            Service::named(other),
        ];
        let (variable, circuits) = collision(configure(&registry, &[], services).map(drop));
        assert_eq!(circuits, [one, other]);
        let stem = one.to_uppercase().replace('-', "_");
        assert_eq!(variable, format!("CIRCUIT_BREAKER_{stem}_FAIL_MAX"));
        assert!(registry.names().is_empty());
    }
}

#[test]
fn a_name_with_the_variables_of_a_circuit_that_is_there_is_refused() {
    let registry = configured(&[], [Service::named("rag-v2")]).unwrap();
    let services = [Service::named("rag.v2")];
    let (variable, circuits) = collision(configure(&registry, &[], services).map(drop));
    assert_eq!(
        (variable.as_str(), circuits),
        (
            "CIRCUIT_BREAKER_RAG_V2_FAIL_MAX",
            ["rag-v2", "rag.v2"].map(str::to_owned)
        )
    );
    assert_eq!(registry.names(), ["rag-v2"]);
    configure(&registry, &[], [Service::named("rag-v2")]).expect("the same circuit again");
    registry.remove("rag-v2", &tester());
    configure(&registry, &[], [Service::named("rag.v2")]).expect("the other one has left");
}

#[test]
fn a_name_may_take_the_variables_of_a_circuit_that_the_same_list_removes() {
    let registry = configured(&[], [Service::named("rag-v2")]).unwrap();
    let variables = Variables::from_iter([("CIRCUIT_BREAKER_RAG_V2_FAIL_MAX", "8")]);
    let renamed = Service::named("rag.v2").definitions(&variables).unwrap();
    registry.apply(renamed, &tester()).unwrap();
    assert_eq!(registry.names(), ["rag.v2"]);
}

#[test]
fn two_services_with_one_variable_in_common_are_refused() {
    let pairs = [
        (
            [Service::named("rag"), Service::named("rag_fallback")],
            "CIRCUIT_BREAKER_RAG_FALLBACK_ENABLED",
        ),
        (
            [Service::named("rag-fallback"), Service::named("rag")],
            "CIRCUIT_BREAKER_RAG_FALLBACK_ENABLED",
        ),
        (
            [Service::prefix("a-b"), Service::prefix("a.b")],
            "A_B_CIRCUIT_BREAKER_FAILURE_THRESHOLD",
        ),
    ];
    for (services, expected) in pairs {
        let registry = Registry::new();
        let (variable, _) = collision(configure(&registry, &[], services).map(drop));
        assert_eq!(variable, expected);
        assert!(registry.names().is_empty());
    }
}

#[test]
fn one_service_may_have_several_circuits() {
    let services = [Service::named("rag").circuits(["rag-a", "rag-b"])];
    let variables = [("CIRCUIT_BREAKER_RAG_FAIL_MAX", "8")];
    let registry = configured(&variables, services).unwrap();
    for name in ["rag-a", "rag-b"] {
        assert_eq!(numbers(&registry, name), (Some(8), 60, 1));
    }
}

#[test]
fn the_definitions_can_be_applied_with_others() {
    let variables = Variables::from_iter([("CIRCUIT_BREAKER_RAG_FAIL_MAX", "8")]);
    let mut definitions = Service::named("rag").definitions(&variables).unwrap();
    definitions.push(Definition::new("vms"));
    let registry = Registry::new();
    registry.apply(definitions, &tester()).unwrap();
    assert_eq!(registry.names(), ["rag", "vms"]);
    assert_eq!(numbers(&registry, "rag"), (Some(8), 60, 1));
}
