//! Circuits from environment variables, in the two forms that services commonly use.
//!
//! By prefix, one prefix for one or several circuits:
//!
//! | variable | default | allowed |
//! |---|---|---|
//! | `<PREFIX>_CIRCUIT_BREAKER_FAILURE_THRESHOLD` | 5 | failures in a row, 1 to 1048576 |
//! | `<PREFIX>_CIRCUIT_BREAKER_RECOVERY_TIMEOUT` | 60 | seconds above 0, or `500ms`, `2m`, … |
//! | `<PREFIX>_CIRCUIT_BREAKER_SUCCESS_THRESHOLD` | 2 | successful trials to close, 1 to 64 |
//! | `<PREFIX>_CIRCUIT_BREAKER_ENABLED` | true | the switch of these circuits |
//! | `<PREFIX>_CIRCUIT_BREAKER_FALLBACK_ENABLED` | true | the switch of their fallbacks |
//!
//! ```
//! use fusebox::environment::{Service, Variables};
//! use fusebox::Registry;
//! use std::time::Duration;
//!
//! // A program calls `registry.configure([...])`, which reads its own environment.
//! let variables = Variables::from_iter([("KAFKA_CIRCUIT_BREAKER_FAILURE_THRESHOLD", "12")]);
//! let registry = Registry::new();
//! registry.configure_from(&variables, [
//!     Service::prefix("BCS").circuits(["batch_orchestrator.batch_conductor_client"]),
//!     Service::prefix("KAFKA")
//!         .consecutive_failures(10)
//!         .open_for(Duration::from_secs(30))
//!         .circuits(["batch_orchestrator.kafka_publisher"]),
//! ])?;
//!
//! let kafka = registry.find("batch_orchestrator.kafka_publisher")?.settings();
//! assert_eq!(kafka.consecutive_failures(), Some(12));
//! assert_eq!(kafka.open_for(), Duration::from_secs(30));
//! # Ok::<(), fusebox::RegistryError>(())
//! ```
//!
//! By service, commonly one circuit each:
//!
//! | variable | default | allowed |
//! |---|---|---|
//! | `CIRCUIT_BREAKER_<SERVICE>_FAIL_MAX` | 5 | failures in a row, 1 to 1048576 |
//! | `CIRCUIT_BREAKER_<SERVICE>_RECOVERY_TIMEOUT` | 60 | seconds above 0, or `500ms`, `2m`, … |
//! | `CIRCUIT_BREAKER_<SERVICE>_ENABLED` | true | the switch of the circuit |
//! | `CIRCUIT_BREAKER_<SERVICE>_FALLBACK_ENABLED` | true | the switch of its fallbacks |
//!
//! ```
//! use fusebox::environment::{Service, Variables};
//! use fusebox::{Definition, Registry};
//! use std::time::Duration;
//!
//! let variables = Variables::from_iter([("CIRCUIT_BREAKER_NOTIFIER_RECOVERY_TIMEOUT", "45")]);
//! let registry = Registry::new();
//! let secs = Duration::from_secs;
//! registry.configure_from(&variables, [
//!     Service::named("rag").timeout(secs(30)).circuits([Definition::new("rag_service")]),
//!     Service::named("rule_generation").consecutive_failures(3),
//!     Service::named("notifier").consecutive_failures(4).open_for(secs(30)),
//! ])?;
//!
//! assert_eq!(registry.names(), ["notifier", "rag_service", "rule_generation"]);
//! assert_eq!(registry.find("notifier")?.settings().open_for(), secs(45));
//! # Ok::<(), fusebox::RegistryError>(())
//! ```
//!
//! In both, `CIRCUIT_BREAKER_ENABLED` (default true) is the global switch, and the defaults are
//! those of the program where it names some. The settings mean exactly what they say: failures
//! in a row, an opening that is always as long as named (no backoff, no jitter), one trial at a
//! time.
//!
//! Truth values are `true`, `false`, `1`, `0`, `yes`, `no`, `on`, `off` in any case. What is set
//! to something else is an error, also to nothing at all; and so is a variable that is almost
//! one of these, as a misspelt one would otherwise be without effect: misspelt after what the
//! variables of one of the services begin with, or with the words of the other form, or of
//! other libraries (`TIMEOUT`, `MAX_FAIL`). A misspelt `<PREFIX>` or `<SERVICE>` is never found:
//! it may be another program's.
//!
//! Single ones are switched off by name, with commas between: circuits by `CIRCUITS_OFF`, the
//! fallbacks of circuits by `FALLBACKS_OFF`, in programs that call [`Registry::switch_off`].
//!
//! A circuit that somebody turned off or on by [`Registry::set_circuit_enabled`] stays so when
//! the environment is read again, unless a variable says otherwise.

mod error;
mod misspelt;
mod service;
mod value;
mod variables;

pub use error::EnvironmentError;
pub use service::Service;
pub use variables::Variables;

use crate::breaker::CircuitBreaker;
use crate::event::Author;
use crate::registry::{Changes, Registry, RegistryError};

/// The global switch.
const ENABLED: &str = "CIRCUIT_BREAKER_ENABLED";
const CIRCUITS_OFF: &str = "CIRCUITS_OFF";
const FALLBACKS_OFF: &str = "FALLBACKS_OFF";

impl Registry {
    /// Adds or replaces the circuits of `services` with settings from the process's environment,
    /// and turns the global switch if `CIRCUIT_BREAKER_ENABLED` is set. All or nothing; other
    /// circuits stay as they are. See [`environment`](crate::environment) for the variables.
    ///
    /// ```no_run
    /// use fusebox::environment::Service;
    ///
    /// fusebox::registry().configure([
    ///     Service::prefix("BCS").circuits(["spell_checker.content", "assessment.content"]),
    ///     Service::prefix("KAFKA").consecutive_failures(10),
    /// ])?;
    /// # Ok::<(), fusebox::RegistryError>(())
    /// ```
    ///
    /// # Errors
    /// [`RegistryError::Environment`] for a value that is not allowed or a misspelt variable,
    /// [`RegistryError::SameVariable`], and those of [`define`](Registry::define).
    pub fn configure(
        &self,
        services: impl IntoIterator<Item = Service>,
    ) -> Result<Changes, RegistryError> {
        self.configure_from(&Variables::of_process(), services)
    }

    /// The same with variables from elsewhere.
    ///
    /// # Errors
    /// Those of [`configure`](Registry::configure).
    pub fn configure_from(
        &self,
        variables: &Variables<'_>,
        services: impl IntoIterator<Item = Service>,
    ) -> Result<Changes, RegistryError> {
        let services: Vec<Service> = services.into_iter().collect();
        misspelt::check(variables, &services)?;
        let enabled = variables.truth(ENABLED)?;
        let mut definitions = Vec::new();
        for service in services {
            definitions.extend(service.definitions(variables)?);
        }
        self.define_all(definitions, enabled, &Author::new("environment"))
    }
    /// Switches off the circuits that `CIRCUITS_OFF` names, and the fallbacks of those that
    /// `FALLBACKS_OFF` names, with commas between. To be called when all circuits are there; what
    /// is not named stays as it is. All or nothing.
    ///
    /// ```
    /// use fusebox::environment::{Service, Variables};
    /// use fusebox::Registry;
    ///
    /// let variables = Variables::from_iter([("FALLBACKS_OFF", "rag, notifier")]);
    /// let registry = Registry::new();
    /// registry.configure_from(&variables, [Service::named("rag"), Service::named("notifier")])?;
    /// registry.switch_off(&variables)?;
    /// assert!(!registry.find("rag")?.fallback_enabled());
    /// # Ok::<(), fusebox::RegistryError>(())
    /// ```
    ///
    /// # Errors
    /// [`RegistryError::Environment`]: a name that no circuit has.
    pub fn switch_off(&self, variables: &Variables<'_>) -> Result<(), RegistryError> {
        let circuits = self.named_by(CIRCUITS_OFF, variables)?;
        for circuit in self.named_by(FALLBACKS_OFF, variables)? {
            circuit.set_fallback_enabled(false);
        }
        for circuit in circuits {
            self.set_circuit_enabled(circuit.name(), false, &Author::new("environment"))?;
        }
        Ok(())
    }

    fn named_by(
        &self,
        variable: &str,
        variables: &Variables<'_>,
    ) -> Result<Vec<&'static CircuitBreaker>, EnvironmentError> {
        let allowed = "names of circuits that there are, with commas";
        let find = |name: &str| self.find(name.trim()).ok();
        let named = |text: &str| text.split(',').map(find).collect();
        Ok(variables
            .read(variable, allowed, named)?
            .unwrap_or_default())
    }
}
