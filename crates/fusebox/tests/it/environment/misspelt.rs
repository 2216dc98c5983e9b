//! Variables that are almost a setting's name.

use super::{configured, refused};
use fusebox::Registry;
use fusebox::environment::{Service, Variables};

fn services() -> [Service; 2] {
    [Service::prefix("BCS"), Service::named("RAG")]
}

#[test]
fn a_misspelt_variable_is_refused_with_the_one_that_was_meant() {
    let table = [
        (
            "BCS_CIRCUIT_BREAKER_FAILURE_TRESHOLD",
            "BCS_CIRCUIT_BREAKER_FAILURE_THRESHOLD",
        ),
        (
            "BCS_CIRCUIT_BREAKER_RECOVERY_TIMOUT",
            "BCS_CIRCUIT_BREAKER_RECOVERY_TIMEOUT",
        ),
        ("BCS_CIRCUIT_BREAKER_ENABLE", "BCS_CIRCUIT_BREAKER_ENABLED"),
        (
            "BCS_CIRCIUT_BREAKER_SUCCESS_THRESHOLD",
            "BCS_CIRCUIT_BREAKER_SUCCESS_THRESHOLD",
        ),
        (
            "BCS_CIRCUITBREAKER_FALLBACK_ENABLED",
            "BCS_CIRCUIT_BREAKER_FALLBACK_ENABLED",
        ),
        (
            "bcs_circuit_breaker_failure_threshold",
            "BCS_CIRCUIT_BREAKER_FAILURE_THRESHOLD",
        ),
        (
            "CIRCUIT_BREAKER_RAG_FAILMAX",
            "CIRCUIT_BREAKER_RAG_FAIL_MAX",
        ),
        (
            "CIRCUIT_BREAKER_RAG_FALL_MAX",
            "CIRCUIT_BREAKER_RAG_FAIL_MAX",
        ),
        (
            "CURCUIT_BREAKER_RAG_RECOVERY_TIMEOUT",
            "CIRCUIT_BREAKER_RAG_RECOVERY_TIMEOUT",
        ),
        ("CIRCUIT_BREAKER_ENABELD", "CIRCUIT_BREAKER_ENABLED"),
        ("CIRCIUT_BREAKER_ENABLED", "CIRCUIT_BREAKER_ENABLED"),
        ("Circuit_Breaker_Enabled", "CIRCUIT_BREAKER_ENABLED"),
    ];
    for (misspelt, meant) in table {
        let (variable, value, allowed) = refused(&[(misspelt, "s3cret")], services());
        assert_eq!((variable.as_str(), value.as_str()), (misspelt, ""));
        assert_eq!(allowed, format!("names no setting (did you mean {meant}?)"));
    }
}

#[test]
fn the_other_forms_names_and_other_libraries_words_are_refused() {
    let bcs = "BCS_CIRCUIT_BREAKER";
    let rag = "CIRCUIT_BREAKER_RAG";
    let table = [
        ("CIRCUIT_BREAKERS_ENABLED", "CIRCUIT_BREAKER_ENABLED"),
        ("CIRCUIT_BREAKER_DISABLED", "CIRCUIT_BREAKER_ENABLED"),
        (
            "BCS_CIRCUIT_BREAKER_FAIL_MAX",
            &format!("{bcs}_FAILURE_THRESHOLD"),
        ),
        (
            "BCS_CIRCUIT_BREAKER_TIMEOUT",
            &format!("{bcs}_RECOVERY_TIMEOUT"),
        ),
        ("BCS_CIRCUIT_BREAKERS_ENABLED", &format!("{bcs}_ENABLED")),
        (
            "CIRCUIT_BREAKER_BCS_FAILURE_THRESHOLD",
            &format!("{bcs}_FAILURE_THRESHOLD"),
        ),
        (
            "CIRCUIT_BREAKER_BCS_SUCCESS_THRESHOLD",
            &format!("{bcs}_SUCCESS_THRESHOLD"),
        ),
        (
            "CIRCUIT_BREAKER_RAG_FAILURE_THRESHOLD",
            &format!("{rag}_FAIL_MAX"),
        ),
        ("CIRCUIT_BREAKER_RAG_MAX_FAIL", &format!("{rag}_FAIL_MAX")),
        (
            "CIRCUIT_BREAKER_RAG_RESET_TIMEOUT",
            &format!("{rag}_RECOVERY_TIMEOUT"),
        ),
        ("CIRCUIT_BREAKER_RAG_DISABLED", &format!("{rag}_ENABLED")),
        (
            "CIRCUIT_BREAKER_RAG_FALLBACK_DISABLED",
            &format!("{rag}_FALLBACK_ENABLED"),
        ),
        ("RAG_CIRCUIT_BREAKER_ENABLED", &format!("{rag}_ENABLED")),
    ];
    for (given, meant) in table {
        let (variable, _, allowed) = refused(&[(given, "false")], services());
        assert_eq!(variable, given);
        assert_eq!(
            allowed,
            format!("names no setting (did you mean {meant}?)"),
            "{given}"
        );
    }
    for given in [
        "CIRCUIT_BREAKER_RAG_SUCCESS_THRESHOLD",
        "RAG_CIRCUIT_BREAKER_SUCCESS_THRESHOLD",
    ] {
        let (_, _, allowed) = refused(&[(given, "2")], services());
        assert_eq!(
            allowed,
            "names no setting: CIRCUIT_BREAKER_RAG_* has none for it"
        );
    }
}

#[test]
fn other_programs_and_other_services_are_left_alone() {
    let others = [
        "PATH",
        "BCS_URL",
        "BCS_ENABLED",
        "BCS_RATE_LIMITER_ENABLED",
        "BCS_CIRCUIT_BREAKER_LOG_LEVEL",
        "BCS_CIRCUIT_BREAKER_TIMEOUT_PER_CALL",
        "BCS_V2_CIRCUIT_BREAKER_FAILURE_THRESHOLD",
        "MY_CIRCUIT_BREAKER_ENABLED",
        "KAFKA_CIRCUIT_BREAKER_FAILURE_THRESHOLD",
        "KAFKA_FALLBACK_QUEUE_SIZE",
        "REDIS_CIRCUIT_BREAKER_TTL",
        "CIRCUIT_BREAKER_VMS_FAIL_MAX",
        "CIRCUIT_BREAKER_RAG_V2_FAIL_MAX",
        "CIRCUIT_BREAKER_RAG2_FAIL_MAX",
        "CIRCUIT_BREAKER_X_ENABLED",
        "CIRCUIT_BREAKERS_X_ENABLED",
        "VMS_CIRCUIT_BREAKER_ENABLED",
    ];
    for name in others {
        let result = configured(&[(name, "anything")], services());
        assert!(result.is_ok(), "{name}: {result:?}");
    }
}

#[test]
fn variables_that_cannot_be_listed_are_only_looked_up() {
    let asked = std::cell::RefCell::new(Vec::new());
    let variables = Variables::asked(|name| {
        asked.borrow_mut().push(name.to_owned());
        (name == "BCS_CIRCUIT_BREAKER_FAILURE_THRESHOLD").then(|| "9".into())
    });
    let registry = Registry::new();
    registry
        .configure_from(&variables, [Service::prefix("BCS")])
        .unwrap();
    let settings = registry.get("BCS").unwrap().settings();
    assert_eq!(settings.consecutive_failures(), Some(9));
    drop(variables);
    assert!(
        asked
            .into_inner()
            .contains(&"CIRCUIT_BREAKER_ENABLED".to_owned())
    );
}

#[test]
fn variables_show_no_values_when_they_are_printed() {
    let variables = Variables::from_iter([("API_KEY", "s3cret")]);
    assert_eq!(format!("{variables:?}"), "Variables(\"1 listed\")");
}
