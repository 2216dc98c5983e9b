//! Values that are not allowed: the error names the variable, the value, and what is allowed.

use super::{configure, configured, refused};
use fusebox::environment::{Service, Variables};
use fusebox::{Definition, Registry, RegistryError, Settings};
use std::ffi::OsString;
use std::time::Duration;

const WHOLE: &str = "a whole number, 1 to 1048576";
const SUCCESSES: &str = "a whole number, 1 to 64";
const SECONDS: &str =
    "seconds above 0 like 60 or 2.5, or a duration like 500ms (units ns, us, ms, s, m, h)";
const TRUTH: &str = "true, false, 1, 0, yes, no, on or off";

#[test]
fn every_variable_refuses_what_is_not_allowed() {
    let numbers: &[&str] = &[
        "abc",
        "",
        " 5",
        "5.0",
        "-1",
        "+5",
        "0",
        "1048577",
        "99999999999",
    ];
    let times: &[&str] = &[
        "abc", "", "0", "0.0", "0s", "-1", "-1s", "60 s", "1e3", "1 000",
    ];
    let truths: &[&str] = &["maybe", "", "2", "tru", "true ", "enabled"];
    let table = [
        ("BCS_CIRCUIT_BREAKER_FAILURE_THRESHOLD", numbers, WHOLE),
        (
            "BCS_CIRCUIT_BREAKER_SUCCESS_THRESHOLD",
            &["0", "65", "two", "-1"],
            SUCCESSES,
        ),
        ("BCS_CIRCUIT_BREAKER_RECOVERY_TIMEOUT", times, SECONDS),
        ("BCS_CIRCUIT_BREAKER_ENABLED", truths, TRUTH),
        ("BCS_CIRCUIT_BREAKER_FALLBACK_ENABLED", truths, TRUTH),
        ("CIRCUIT_BREAKER_RAG_FAIL_MAX", numbers, WHOLE),
        ("CIRCUIT_BREAKER_RAG_RECOVERY_TIMEOUT", times, SECONDS),
        ("CIRCUIT_BREAKER_RAG_ENABLED", truths, TRUTH),
        ("CIRCUIT_BREAKER_RAG_FALLBACK_ENABLED", truths, TRUTH),
        ("CIRCUIT_BREAKER_ENABLED", truths, TRUTH),
    ];
    for (variable, values, form) in table {
        for value in values {
            let services = [
                Service::named("vms"),
                Service::prefix("BCS"),
                Service::named("RAG"),
            ];
            let (named, shown, allowed) = refused(&[(variable, value)], services);
            assert_eq!((named.as_str(), shown), (variable, format!("{value:?}")));
            assert_eq!(allowed, form, "{variable}");
        }
    }
}

#[test]
fn the_limits_themselves_are_allowed() {
    let table = [
        ("BCS_CIRCUIT_BREAKER_FAILURE_THRESHOLD", ["1", "1048576"]),
        ("BCS_CIRCUIT_BREAKER_SUCCESS_THRESHOLD", ["1", "64"]),
        (
            "BCS_CIRCUIT_BREAKER_RECOVERY_TIMEOUT",
            ["0.000000001", "1000000h"],
        ),
    ];
    for (variable, values) in table {
        for value in values {
            let result = configured(&[(variable, value)], [Service::prefix("BCS")]);
            assert!(result.is_ok(), "{variable}={value}");
        }
    }
}

#[test]
fn an_error_is_one_sentence_that_says_all() {
    let variables = [("CIRCUIT_BREAKER_ENABLED", "maybe")];
    let error = configured(&variables, [Service::prefix("BCS")]).unwrap_err();
    let expected = "CIRCUIT_BREAKER_ENABLED = \"maybe\": true, false, 1, 0, yes, no, on or off";
    assert_eq!(error.to_string(), expected);
}

#[cfg(unix)]
#[test]
fn a_value_that_is_not_unicode_is_refused_and_a_name_that_is_not_is_left_alone() {
    use std::os::unix::ffi::OsStringExt;

    let odd = || OsString::from_vec(vec![b'5', 0xff]);
    let name = OsString::from("BCS_CIRCUIT_BREAKER_FAILURE_THRESHOLD");
    let variables = Variables::from_iter([(name, odd())]);
    let registry = Registry::new();
    let error = registry
        .configure_from(&variables, [Service::prefix("BCS")])
        .unwrap_err();
    let RegistryError::Environment(error) = error else {
        panic!("{error:?}");
    };
    assert_eq!(error.variable(), "BCS_CIRCUIT_BREAKER_FAILURE_THRESHOLD");
    assert_eq!(error.value(), "\"5\\xFF\"");
    assert_eq!(error.allowed(), format!("not Unicode; allowed is {WHOLE}"));

    let variables = Variables::from_iter([(odd(), OsString::from("5"))]);
    registry
        .configure_from(&variables, [Service::prefix("BCS")])
        .unwrap();
}

#[test]
fn one_wrong_variable_leaves_nothing_of_the_others_behind() {
    let registry = configured(&[], [Service::prefix("BCS")]).unwrap();
    let before = registry.get("BCS").unwrap().settings();
    let variables = [
        ("CIRCUIT_BREAKER_ENABLED", "false"),
        ("BCS_CIRCUIT_BREAKER_FAILURE_THRESHOLD", "9"),
        ("API_CIRCUIT_BREAKER_RECOVERY_TIMEOUT", "soon"),
    ];
    let services = [Service::prefix("BCS"), Service::prefix("API")];
    configure(&registry, &variables, services).unwrap_err();
    assert_eq!(registry.names(), ["BCS"]);
    assert_eq!(registry.get("BCS").unwrap().settings(), before);
    assert!(registry.is_enabled());
}

#[test]
fn a_wrong_default_of_the_program_is_told_as_such() {
    let wrong = Service::prefix("BCS").consecutive_failures(0);
    let (variable, value, allowed) = refused(&[], [wrong]);
    assert_eq!(variable, "BCS_CIRCUIT_BREAKER_FAILURE_THRESHOLD");
    assert_eq!(
        (value.as_str(), allowed.as_str()),
        ("0 (the program's default)", WHOLE)
    );
    let wrong = || Service::named("rag").half_open_successes(65);
    assert!(configured(&[], [wrong()]).is_err());
    let variables = [("BCS_CIRCUIT_BREAKER_FAILURE_THRESHOLD", "4")];
    let wrong = Service::prefix("BCS").consecutive_failures(0);
    assert!(
        configured(&variables, [wrong]).is_ok(),
        "the default is not used"
    );
}

#[test]
fn what_is_wrong_in_the_program_is_told_with_the_circuit() {
    let with_settings = Definition::new("rag").settings(Settings::defaults());
    let wrong = [
        (Service::prefix("BCS").circuits([with_settings]), "settings"),
        (Service::prefix("BCS").circuits(["not a name"]), "name"),
        (
            Service::named("rag").timeout(Duration::ZERO),
            "abandoned_after",
        ),
    ];
    for (service, field) in wrong {
        match configured(&[], [service]) {
            Err(RegistryError::Settings { error, .. }) => assert_eq!(error.field(), field),
            other => panic!("{field}: {other:?}"),
        }
    }
}

#[test]
fn a_name_that_cannot_stand_in_a_variable_is_refused() {
    for name in ["", "a b", "a=b", "\u{e4}"] {
        for service in [Service::prefix(name), Service::named(name)] {
            let (_, value, allowed) = refused(&[], [service.circuits(["rag"])]);
            assert_eq!(value, format!("{name:?}"));
            assert!(allowed.contains("letters, digits"), "{allowed}");
        }
    }
}

#[test]
fn two_circuits_of_one_name_are_refused() {
    let services = [
        Service::prefix("A").circuits(["rag"]),
        Service::prefix("B").circuits(["rag"]),
    ];
    let error = configured(&[], services).unwrap_err();
    let name = "rag".to_owned();
    assert_eq!(error, RegistryError::DefinedTwice { name });
}
