//! A group of circuits that share their variables.

use super::EnvironmentError;
use super::value::{self, SECONDS_FORM};
use super::variables::{Given, Variables};
use crate::compat::FailMax;
use crate::registry::{Definition, RegistryError, SetBy};
use crate::settings::{Settings, SettingsBuilder, SettingsError};
use std::sync::Arc;
use std::time::Duration;

/// Circuits that get their settings from the same variables, with the defaults of the program.
/// See [`environment`](crate::environment) for the variables and an example.
#[derive(Clone, Debug)]
#[must_use]
pub struct Service {
    form: Form,
    /// As it was given; also the name of the circuit where none is named.
    name: String,
    consecutive_failures: u32,
    open_for: Duration,
    half_open_successes: u32,
    timeout: Option<Duration>,
    circuits: Vec<Definition>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Prefix,
    Named,
}

const FAILURES_FORM: &str = "a whole number, 1 to 1048576";
const SUCCESSES_FORM: &str = "a whole number, 1 to 64";
/// How much longer than a call a trial may take, as in the gateway's settings.
const TRIAL_GRACE: Duration = Duration::from_secs(5);

impl Service {
    /// Circuits set by `<PREFIX>_CIRCUIT_BREAKER_…`. By default 5 failures, 60 s, 2 successes,
    /// and one circuit that is named as the prefix is given.
    pub fn prefix(prefix: impl Into<String>) -> Self {
        Self::of(Form::Prefix, prefix.into(), 2)
    }

    /// Circuits set by `CIRCUIT_BREAKER_<SERVICE>_…`. By default 5 failures, 60 s, one success,
    /// and one circuit that is named as the service is given.
    pub fn named(service: impl Into<String>) -> Self {
        Self::of(Form::Named, service.into(), 1)
    }

    fn of(form: Form, name: String, half_open_successes: u32) -> Self {
        Self {
            form,
            name,
            consecutive_failures: 5,
            open_for: Duration::from_secs(60),
            half_open_successes,
            timeout: None,
            circuits: Vec::new(),
        }
    }

    /// The default of `FAILURE_THRESHOLD` or `FAIL_MAX`.
    pub fn consecutive_failures(mut self, consecutive_failures: u32) -> Self {
        self.consecutive_failures = consecutive_failures;
        self
    }

    /// The default of `RECOVERY_TIMEOUT`.
    pub fn open_for(mut self, open_for: Duration) -> Self {
        self.open_for = open_for;
        self
    }

    /// The default of `SUCCESS_THRESHOLD`; the form by service has no variable for it.
    pub fn half_open_successes(mut self, half_open_successes: u32) -> Self {
        self.half_open_successes = half_open_successes;
        self
    }

    /// The time-out that the caller puts around each call: a permit dropped after it counts as
    /// a failure (`abandoned_after`), and a trial may take 5 s longer than it, 30 s at least
    /// (`half_open_timeout`). Default none.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// The circuits: names, or definitions without settings. Replaces those named before.
    pub fn circuits<D: Into<Definition>>(mut self, circuits: impl IntoIterator<Item = D>) -> Self {
        self.circuits = circuits.into_iter().map(Into::into).collect();
        self
    }

    /// The circuits with the settings that the variables say, to be added or applied.
    ///
    /// # Errors
    /// [`RegistryError::Environment`] for a value that is not allowed; a definition that has
    /// settings already.
    pub fn definitions(self, variables: &Variables<'_>) -> Result<Vec<Definition>, RegistryError> {
        self.check_name()?;
        let settings = self.settings(variables)?;
        let enabled = variables.truth(&self.variable("ENABLED"))?;
        let fallback_enabled = variables.truth(&self.variable("FALLBACK_ENABLED"))?;
        let set_by = Arc::new(self.set_by());
        let circuits = match self.circuits {
            circuits if circuits.is_empty() => vec![Definition::new(self.name)],
            circuits => circuits,
        };
        let define = |mut circuit: Definition| {
            if circuit.settings.is_some() {
                let allowed = "none here: they come from the environment";
                return Err(refused(
                    &circuit.name,
                    SettingsError::new("settings", "", allowed),
                ));
            }
            circuit.settings = Some(settings.clone());
            circuit.timeout = circuit.timeout.or(self.timeout);
            circuit.enabled = enabled.unwrap_or(circuit.enabled);
            circuit.fallback_enabled = fallback_enabled.unwrap_or(circuit.fallback_enabled);
            circuit.hand_stays = enabled.is_none();
            circuit.set_by = Some(Arc::clone(&set_by));
            Ok(circuit)
        };
        circuits.into_iter().map(define).collect()
    }

    fn settings(&self, variables: &Variables<'_>) -> Result<Settings, RegistryError> {
        let [failures_key, recovery_key] = match self.form {
            Form::Prefix => ["FAILURE_THRESHOLD", "RECOVERY_TIMEOUT"],
            Form::Named => ["FAIL_MAX", "RECOVERY_TIMEOUT"],
        };
        let [failures_key, recovery_key] = [failures_key, recovery_key].map(|k| self.variable(k));
        let successes_key = self.variable("SUCCESS_THRESHOLD");
        let failures = variables.given(&failures_key, FAILURES_FORM, value::whole)?;
        let recovery = variables.given(&recovery_key, SECONDS_FORM, value::seconds)?;
        let successes = match self.form {
            Form::Prefix => variables.given(&successes_key, SUCCESSES_FORM, value::whole)?,
            Form::Named => None,
        };
        let failures = failures.unwrap_or_else(|| default(self.consecutive_failures));
        let recovery = recovery.unwrap_or_else(|| default(self.open_for));
        let successes = successes.unwrap_or_else(|| default(self.half_open_successes));
        let old = FailMax {
            fail_max: failures.value,
            recovery_timeout: recovery.value,
        };
        let built = old.builder().and_then(|builder| {
            let builder = builder.half_open_successes(successes.value);
            self.with_timeout(builder).build()
        });
        built.map_err(|error| {
            let (variable, shown, allowed) = match error.field() {
                "fail_max" => (failures_key, failures.shown, FAILURES_FORM),
                "recovery_timeout" => (recovery_key, recovery.shown, SECONDS_FORM),
                "half_open_successes" => (successes_key, successes.shown, SUCCESSES_FORM),
                _ => return refused(&self.name, error),
            };
            EnvironmentError::new(&variable, shown, allowed).into()
        })
    }

    fn with_timeout(&self, builder: SettingsBuilder) -> SettingsBuilder {
        let Some(timeout) = self.timeout else {
            return builder;
        };
        let trial = Settings::defaults().half_open_timeout();
        builder
            .abandoned_after(Some(timeout))
            .half_open_timeout(trial.max(timeout.saturating_add(TRIAL_GRACE)))
    }

    /// What can stand in a variable's name once it is in upper case.
    fn check_name(&self) -> Result<(), EnvironmentError> {
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        if !self.name.is_empty() && self.name.bytes().all(legal) {
            return Ok(());
        }
        let allowed = "the program's part is to be letters, digits, '.', '_' or '-'";
        Err(EnvironmentError::new(
            &self.variable("*"),
            format!("{:?}", self.name),
            allowed,
        ))
    }

    fn set_by(&self) -> SetBy {
        let variable = |key: &&str| self.variable(key);
        SetBy {
            group: self.name.clone(),
            names: self.keys().iter().map(variable).collect(),
        }
    }

    /// What stands for the name in variables.
    fn stem(&self) -> String {
        self.name.to_ascii_uppercase().replace(['-', '.'], "_")
    }

    /// What all variables of this group begin with.
    pub(super) fn beginning(&self) -> String {
        self.beginnings()[0].clone()
    }

    /// The same, and what they would begin with in the other form.
    pub(super) fn beginnings(&self) -> [String; 2] {
        let stem = self.stem();
        let prefix = format!("{stem}_CIRCUIT_BREAKER_");
        let named = format!("CIRCUIT_BREAKER_{stem}_");
        match self.form {
            Form::Prefix => [prefix, named],
            Form::Named => [named, prefix],
        }
    }

    pub(super) fn variable(&self, key: &str) -> String {
        self.beginning() + key
    }

    /// How the variables of this group end.
    pub(super) fn keys(&self) -> &'static [&'static str] {
        match self.form {
            Form::Prefix => &[
                "FAILURE_THRESHOLD",
                "RECOVERY_TIMEOUT",
                "SUCCESS_THRESHOLD",
                "ENABLED",
                "FALLBACK_ENABLED",
            ],
            Form::Named => &[
                "FAIL_MAX",
                "RECOVERY_TIMEOUT",
                "ENABLED",
                "FALLBACK_ENABLED",
            ],
        }
    }
}

fn default<T: std::fmt::Debug>(value: T) -> Given<T> {
    Given {
        shown: format!("{value:?} (the program's default)"),
        value,
    }
}

fn refused(circuit: &str, error: SettingsError) -> RegistryError {
    RegistryError::Settings {
        circuit: circuit.to_owned(),
        error,
    }
}
