//! Reading a registry: names, listings, counts, and what exporters scrape.

use super::{Entry, Override, Registry};
use crate::breaker::CircuitBreaker;
use crate::settings::Settings;
use crate::snapshot::{Reading, Source};
use std::sync::Arc;
use std::time::Duration;

/// A circuit as a registry lists it.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The circuit.
    pub circuit: &'static CircuitBreaker,
    /// The service that it belongs to; may be empty.
    pub service: String,
    /// 1 is critical, larger numbers less.
    pub priority: u8,
    /// Whether both its own switch and the global one are on.
    pub enabled: bool,
    /// Whether it was only asked for by name, and has the registry's default settings.
    pub defaulted: bool,
    /// The settings of its definition; those in force are the circuit's.
    pub base: Settings,
    /// The override in force.
    pub over: Option<Arc<Override>>,
    /// How long its caller waits for one call, if the definition says.
    pub timeout: Option<Duration>,
    /// Whether its definition says that there is a fallback. The switch of fallbacks is asked of
    /// the circuit.
    pub has_fallback: bool,
    /// What kind of service stands behind it, if the definition says.
    pub service_type: Option<String>,
}

/// What a registry has at one instant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RegistryStats {
    /// Circuits in force.
    pub circuits: usize,
    /// Of these, asked for by name and not defined.
    pub defaulted: usize,
    /// Of these, turned off by their own switch or the global one.
    pub switched_off: usize,
    /// Removed circuits that wait for their names to come back.
    pub parked: usize,
    /// Circuits that may be there, parked ones included.
    pub circuits_max: usize,
}

impl Registry {
    /// The names of all circuits, in order.
    pub fn names(&self) -> Vec<&'static str> {
        let mut names: Vec<_> = self.by_name().keys().copied().collect();
        names.sort_unstable();
        names
    }

    /// All circuits, in order of their names.
    pub fn circuits(&self) -> Vec<&'static CircuitBreaker> {
        self.entries()
            .into_iter()
            .map(|entry| &**entry.circuit)
            .collect()
    }

    /// All circuits with what the registry knows of them, in order of their names.
    pub fn list(&self) -> Vec<Listed> {
        self.entries()
            .iter()
            .map(|entry| self.listed_entry(entry))
            .collect()
    }

    /// One circuit with what the registry knows of it.
    pub fn listed(&self, name: &str) -> Option<Listed> {
        let entry = self.by_name().get(name).cloned();
        entry.map(|entry| self.listed_entry(&entry))
    }

    /// The names that were asked for and are not defined yet, in order. In a running service it
    /// should be empty: a misspelt name ends here.
    pub fn defaulted(&self) -> Vec<&'static str> {
        let circuits = self.by_name();
        let defaulted = circuits.values().filter(|entry| entry.defaulted);
        let mut names: Vec<_> = defaulted.map(|entry| entry.circuit.name()).collect();
        names.sort_unstable();
        names
    }

    /// Counts of circuits.
    pub fn stats(&self) -> RegistryStats {
        let parked = self.bench().parked.len();
        let circuits = self.by_name();
        let count = |is: &dyn Fn(&Entry) -> bool| circuits.values().filter(|e| is(e)).count();
        RegistryStats {
            circuits: circuits.len(),
            defaulted: count(&|entry| entry.defaulted),
            switched_off: count(&|entry| self.is_off(&entry.definition)),
            parked,
            circuits_max: self.inner.circuits_max,
        }
    }

    fn listed_entry(&self, entry: &Entry) -> Listed {
        Listed {
            circuit: entry.circuit,
            service: entry.definition.service_in(&self.inner.service).to_owned(),
            priority: entry.definition.priority,
            enabled: !self.is_off(&entry.definition),
            defaulted: entry.defaulted,
            base: self.base(entry).clone(),
            over: entry.over.clone(),
            timeout: entry.definition.timeout,
            has_fallback: entry.definition.has_fallback,
            service_type: entry.definition.service_type.clone(),
        }
    }

    fn entries(&self) -> Vec<Entry> {
        let mut entries: Vec<_> = self.by_name().values().cloned().collect();
        entries.sort_unstable_by_key(|entry| entry.circuit.name());
        entries
    }
}

impl Source for Registry {
    fn read(&self, visit: &mut dyn FnMut(&Reading<'_>)) {
        for entry in self.entries() {
            visit(&Reading {
                service: entry.definition.service_in(&self.inner.service),
                snapshot: &entry.circuit.snapshot(),
                fallbacks: &entry.circuit.fallbacks(),
                durations: entry.circuit.durations().as_ref(),
            });
        }
    }
}
