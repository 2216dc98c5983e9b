//! `<PREFIX>_CIRCUIT_BREAKER_…`: the essay platform's variables.

use super::{configure, configured};
use crate::stand::{ms, percent, secs};
use fusebox::environment::Service;
use fusebox::{FailureClass, ManualClock, Registry, Settings, State};

fn platform() -> [Service; 3] {
    [
        Service::prefix("BCS").circuits(["batch_orchestrator.batch_conductor_client"]),
        Service::prefix("KAFKA")
            .consecutive_failures(10)
            .open_for(secs(30))
            .circuits(["batch_orchestrator.kafka_publisher"]),
        Service::prefix("API")
            .consecutive_failures(3)
            .open_for(secs(120))
            .circuits([
                "cj_assessment.anthropic_provider",
                "cj_assessment.openai_provider",
            ]),
    ]
}

/// Failures, seconds open, successes.
fn numbers(registry: &Registry, name: &str) -> (Option<u32>, u64, u32) {
    let settings = registry.get(name).unwrap().settings();
    let open_for = settings.open_for();
    (
        settings.consecutive_failures(),
        open_for.as_secs(),
        settings.half_open_successes(),
    )
}

#[test]
fn without_variables_the_programs_defaults_are_in_force() {
    let registry = configured(&[], platform()).unwrap();
    let of = |name| numbers(&registry, name);
    assert_eq!(
        of("batch_orchestrator.batch_conductor_client"),
        (Some(5), 60, 2)
    );
    assert_eq!(of("batch_orchestrator.kafka_publisher"), (Some(10), 30, 2));
    assert_eq!(of("cj_assessment.anthropic_provider"), (Some(3), 120, 2));
    assert_eq!(of("cj_assessment.openai_provider"), (Some(3), 120, 2));
    assert!(registry.is_enabled() && registry.defaulted().is_empty());
}

#[test]
fn variables_outrank_the_defaults_for_every_circuit_of_the_prefix() {
    let variables = [
        ("API_CIRCUIT_BREAKER_FAILURE_THRESHOLD", "7"),
        ("API_CIRCUIT_BREAKER_RECOVERY_TIMEOUT", "45"),
        ("API_CIRCUIT_BREAKER_SUCCESS_THRESHOLD", "4"),
        ("KAFKA_FALLBACK_QUEUE_SIZE", "1000"),
        ("PATH", "/bin"),
    ];
    let registry = configured(&variables, platform()).unwrap();
    for name in [
        "cj_assessment.anthropic_provider",
        "cj_assessment.openai_provider",
    ] {
        assert_eq!(numbers(&registry, name), (Some(7), 45, 4));
    }
    let kafka = numbers(&registry, "batch_orchestrator.kafka_publisher");
    assert_eq!(kafka, (Some(10), 30, 2));
}

#[test]
fn the_settings_mean_exactly_what_they_say() {
    let registry = configured(&[], platform()).unwrap();
    let settings = registry
        .get("batch_orchestrator.kafka_publisher")
        .unwrap()
        .settings();
    let exact = Settings::builder()
        .consecutive_failures(10)
        .open_for(secs(30))
        .open_for_max(secs(30))
        .backoff(1.0)
        .jitter(percent("0%"))
        .half_open_calls(1)
        .half_open_successes(2)
        .half_open_failures(1);
    assert_eq!(settings, exact.build().unwrap());
}

#[test]
fn every_opening_lasts_as_long_as_named() {
    let clock = ManualClock::new();
    let registry = Registry::builder().clock(clock.clone()).build();
    configure(&registry, &[], platform()).unwrap();
    let circuit = registry.get("cj_assessment.openai_provider").unwrap();
    for _ in 0..3 {
        circuit.acquire().unwrap().failure(FailureClass::Connect);
    }
    for _ in 0..5 {
        assert_eq!(
            circuit.acquire().unwrap_err().retry_after(),
            Some(secs(120))
        );
        clock.advance(secs(120) - ms(1));
        assert_eq!(circuit.state(), State::Open);
        clock.advance(ms(1));
        circuit.acquire().unwrap().failure(FailureClass::Connect);
    }
}

#[test]
fn recovery_times_may_have_decimals_or_a_unit() {
    for (text, expected) in [("0.5", ms(500)), ("90s", secs(90)), ("2m", secs(120))] {
        let variables = [("BCS_CIRCUIT_BREAKER_RECOVERY_TIMEOUT", text)];
        let registry = configured(&variables, [Service::prefix("bcs")]).unwrap();
        assert_eq!(
            registry.get("bcs").unwrap().settings().open_for(),
            expected,
            "{text}"
        );
    }
}

#[test]
fn a_prefix_without_circuits_has_one_of_its_own_name() {
    let variables = [("SPELL_CHECKER_V2_CIRCUIT_BREAKER_FAILURE_THRESHOLD", "9")];
    let registry = configured(&variables, [Service::prefix("spell-checker.v2")]).unwrap();
    assert_eq!(numbers(&registry, "spell-checker.v2"), (Some(9), 60, 2));
}

#[test]
fn configuring_again_changes_live_and_lets_other_circuits_be() {
    let registry = configured(&[], platform()).unwrap();
    let other = registry.circuit("other").unwrap();
    let circuit = registry
        .get("batch_orchestrator.batch_conductor_client")
        .unwrap();
    for _ in 0..4 {
        circuit.acquire().unwrap().failure(FailureClass::Connect);
    }
    let variables = [("BCS_CIRCUIT_BREAKER_FAILURE_THRESHOLD", "6")];
    let changes = configure(&registry, &variables, platform()).unwrap();
    assert_eq!(
        changes.replaced,
        ["batch_orchestrator.batch_conductor_client"]
    );
    assert_eq!((changes.unchanged.len(), changes.removed.len()), (3, 0));
    assert_eq!(circuit.consecutive_failures(), 4);
    assert!(std::ptr::eq(other, registry.get("other").unwrap()));
}
