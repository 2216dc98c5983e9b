//! Circuits from environment variables, and settings under the names of other libraries.
//!
//! The input is lines of `NAME=VALUE`.
#![no_main]

use std::sync::OnceLock;
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

/// Reads them as a whole, for a registry that has no room for more: circuits are never freed, so
/// what would be accepted must not become one for each input.
fn circuits(variables: &Variables<'_>, given: &[(&str, &str)]) {
    static REGISTRY: OnceLock<Registry> = OnceLock::new();
    let registry = REGISTRY.get_or_init(|| {
        let registry = Registry::builder().circuits_max(2).build();
        for name in ["orders", "stock"] {
            registry.define(name.into()).expect("a circuit");
        }
        registry
    });
    let services = [
        Service::prefix("BCS").circuits(["orders", "stock"]),
        Service::named("rag").consecutive_failures(3),
    ];
    match registry.configure_from(variables, services) {
        Err(RegistryError::Environment(error)) => says_which(&error, given),
        Err(RegistryError::Full { .. }) => {}
        other => panic!("{other:?}"),
    }
    if let Err(error) = registry.switch_off(variables) {
        match error {
            RegistryError::Environment(error) => says_which(&error, given),
            error => panic!("{error}"),
        }
    }
    assert_eq!(registry.names(), ["orders", "stock"]);
}

/// The variable was given, and something is allowed.
fn says_which(error: &EnvironmentError, given: &[(&str, &str)]) {
    let is_it = |(name, _): &(&str, &str)| *name == error.variable();
    assert!(given.iter().any(is_it), "{error}");
    assert!(!error.allowed().is_empty());
}
