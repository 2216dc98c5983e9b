//! Circuits from environment variables, and settings under the names of other libraries.
//!
//! The input is lines of `NAME=VALUE`.
#![no_main]

use std::time::Duration;

use fusebox::compat::{ErrorRatio, FailMax, FailureThreshold, Pybreaker};
use fusebox::environment::{EnvironmentError, Service, Variables};
use fusebox::{Registry, RegistryError, Settings, SettingsError};
use fusebox_fuzz::entries_read_back;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let given: Vec<_> = text
        .lines()
        .filter_map(|line| line.split_once('='))
        .collect();
    let variables: Variables<'_> = given.iter().copied().collect();
    circuits(&variables, &given);
    circuits(
        &given
            .iter()
            .copied()
            .collect::<Variables<'_>>()
            .without_empty(),
        &given,
    );
    match ErrorRatio::from_variables(&variables) {
        Ok(old) => means(
            &old.settings(),
            old.broken_time,
            &["error_ratio", "response_time", "broken_time"],
        ),
        Err(error) => says_which(&error, &given),
    }
    match others(&variables) {
        Ok((number, open_for)) => old_names(number, open_for),
        Err(error) => says_which(&error, &given),
    }
});

fn others(variables: &Variables<'_>) -> Result<(u32, Duration), EnvironmentError> {
    let number = variables.whole("NUMBER", 0..=u32::MAX)?;
    let open_for = variables.seconds("OPEN_FOR")?;
    Ok((number.unwrap_or(0), open_for.unwrap_or(Duration::ZERO)))
}

fn old_names(number: u32, open_for: Duration) {
    let old = Pybreaker {
        fail_max: number,
        reset_timeout: open_for,
    };
    means(&old.settings(), open_for, &["fail_max", "reset_timeout"]);
    let old = FailMax {
        fail_max: number,
        recovery_timeout: open_for,
    };
    means(&old.settings(), open_for, &["fail_max", "recovery_timeout"]);
    let old = FailureThreshold {
        failure_threshold: number,
        recovery_timeout: open_for,
        half_open_max_calls: number % 100,
    };
    let names = [
        "failure_threshold",
        "recovery_timeout",
        "half_open_max_calls",
    ];
    means(&old.settings(), open_for, &names);
}

/// Every opening lasts as long as named, and an error names one of the old fields.
fn means(settings: &Result<Settings, SettingsError>, open_for: Duration, names: &[&str]) {
    match settings {
        Ok(settings) => {
            entries_read_back(settings);
            assert_eq!(settings.open_for(), open_for);
            assert_eq!(settings.open_for_max(), open_for);
        }
        Err(error) => {
            assert!(names.contains(&error.field()), "{error}");
            assert!(!error.allowed().is_empty());
        }
    }
}

/// All circuits or none.
fn circuits(variables: &Variables<'_>, given: &[(&str, &str)]) {
    let registry = Registry::new();
    let services = [
        Service::prefix("BCS").circuits(["orders", "stock"]),
        Service::named("rag").consecutive_failures(3),
    ];
    match registry.configure_from(variables, services) {
        Ok(_) => {
            assert_eq!(registry.names(), ["orders", "rag", "stock"]);
            for listed in registry.list() {
                entries_read_back(&listed.circuit.settings());
            }
        }
        Err(RegistryError::Environment(error)) => {
            says_which(&error, given);
            assert!(registry.names().is_empty());
        }
        Err(error) => panic!("{error}"),
    }
    if let Err(RegistryError::Environment(error)) = registry.switch_off(variables) {
        says_which(&error, given);
    }
}

/// The variable was given, and something is allowed.
fn says_which(error: &EnvironmentError, given: &[(&str, &str)]) {
    let is_it = |(name, _): &(&str, &str)| *name == error.variable();
    assert!(given.iter().any(is_it), "{error}");
    assert!(!error.allowed().is_empty());
}
