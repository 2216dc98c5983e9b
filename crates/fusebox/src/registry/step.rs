//! One circuit's part of a change: checked first, then made.

use super::change::{Changes, Others};
use super::{Bench, Circuit, Definition, Entry, Override, Registry, RegistryError, overrides};
use crate::breaker::CircuitBreaker;
use crate::clock::{Clock, ClockSource, Tick};
use crate::event::{Author, EventKind};
use crate::settings::{Settings, SettingsError};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, MutexGuard};

/// A definition, and the circuit that it will be of.
#[derive(Debug)]
pub(super) struct Step {
    definition: Arc<Definition>,
    settings: Settings,
    /// Settings over the definition's, which stay.
    over: Option<Arc<Override>>,
    on: On,
    /// Nobody defined it: its name was asked for.
    pub(super) defaulted: bool,
    /// Its own switch stays as somebody turned it.
    by_hand: bool,
    /// The circuit is as it is to be.
    done: bool,
}

#[derive(Debug)]
enum On {
    /// Not leaked before the change is made: one that fails leaves nothing behind.
    New(Box<CircuitBreaker>),
    Parked(Circuit),
    There(Entry),
}

impl Step {
    pub(super) fn name(&self) -> &str {
        &self.definition.name
    }

    fn circuit(&self) -> Option<Circuit> {
        match &self.on {
            On::New(_) => None,
            On::Parked(circuit) => Some(circuit),
            On::There(entry) => Some(entry.circuit),
        }
    }
}

impl Entry {
    /// Whether the circuit is as the definition says, also where somebody changed it by hand.
    fn is(&self, definition: &Definition, settings: &Settings, off: bool) -> bool {
        !self.defaulted
            && (!off || self.is_held())
            && *self.definition == *definition
            && self.circuit.settings() == *settings
            && self.circuit.branch_settings() == definition.branches
            && self.circuit.trips_main() == definition.trips_main
            && self.circuit.fallback_enabled() == definition.fallback_enabled
    }

    /// Whether there is a hold: the switch's, or one that somebody set over it.
    fn is_held(&self) -> bool {
        self.circuit.snapshot().hold.is_some()
    }
}

impl Registry {
    pub(super) fn steps(
        &self,
        bench: &Bench,
        definitions: Vec<Definition>,
    ) -> Result<Vec<Step>, RegistryError> {
        definitions
            .into_iter()
            .map(|definition| self.step(bench, definition))
            .collect()
    }

    pub(super) fn step(
        &self,
        bench: &Bench,
        mut definition: Definition,
    ) -> Result<Step, RegistryError> {
        let settings = definition.settings.clone();
        let settings = settings.unwrap_or_else(|| self.inner.defaults.clone());
        let name = &*definition.name.clone();
        let there = self.by_name().get(name).cloned();
        let by_hand = definition.hand_stays && there.as_ref().is_some_and(|entry| entry.by_hand);
        if let Some(entry) = there.as_ref().filter(|_| by_hand) {
            definition.enabled = entry.definition.enabled;
        }
        let over = there.as_ref().and_then(|entry| entry.over.clone());
        let (settings, over) = on_top(settings, over);
        let on = match (there, bench.parked.get(name)) {
            (Some(entry), _) => On::There(entry),
            (None, Some(entry)) => On::Parked(entry.circuit),
            (None, None) => {
                let refused = |error: SettingsError| RegistryError::Settings {
                    circuit: name.to_owned(),
                    error,
                };
                On::New(Box::new(
                    self.new_breaker(name, settings.clone()).map_err(refused)?,
                ))
            }
        };
        let off = self.is_off(&definition);
        let done = matches!(&on, On::There(entry) if entry.is(&definition, &settings, off));
        Ok(Step {
            definition: Arc::new(definition),
            settings,
            over,
            on,
            defaulted: false,
            by_hand,
            done,
        })
    }

    fn new_breaker(&self, name: &str, settings: Settings) -> Result<CircuitBreaker, SettingsError> {
        let builder = CircuitBreaker::builder(name)
            .settings(settings)
            .events(Arc::clone(&self.inner.events));
        match &self.inner.clock {
            ClockSource::System => builder.build(),
            ClockSource::Given(clock) => builder.clock(Shared(Arc::clone(clock))).build(),
        }
    }

    /// What is wrong with the steps beside each other and beside what is there.
    pub(super) fn check(
        &self,
        bench: &Bench,
        steps: &[Step],
        others: Others,
    ) -> Result<(), RegistryError> {
        let mut names = HashSet::new();
        if let Some(step) = steps.iter().find(|step| !names.insert(step.name())) {
            let name = step.name().to_owned();
            return Err(RegistryError::DefinedTwice { name });
        }
        self.check_room(bench, steps, self.inner.circuits_max)?;
        self.check_changes(steps)?;
        let circuits = self.by_name();
        let staying = circuits
            .values()
            .filter(|entry| others == Others::Stay && !names.contains(&*entry.definition.name));
        let definitions = staying.map(|entry| &entry.definition);
        check_variables(definitions.chain(steps.iter().map(|step| &step.definition)))
    }

    pub(super) fn check_room(
        &self,
        bench: &Bench,
        steps: &[Step],
        circuits_max: usize,
    ) -> Result<(), RegistryError> {
        let room = circuits_max.saturating_sub(self.by_name().len() + bench.parked.len());
        let new = steps.iter().filter(|step| matches!(step.on, On::New(_)));
        match new.skip(room).map(Step::name).next() {
            None => Ok(()),
            Some(name) => Err(RegistryError::Full {
                name: name.to_owned(),
                circuits_max,
                parked: bench.parked.len(),
            }),
        }
    }

    /// Whether every circuit that is there takes the settings of its step. Only asks: a list that
    /// is refused uses up no changes, and tells nothing.
    fn check_changes(&self, steps: &[Step]) -> Result<(), RegistryError> {
        let takes = |step: &Step| {
            let circuit = step.circuit();
            circuit.is_none_or(|circuit| circuit.can_change_to(&step.settings))
        };
        match steps.iter().find(|step| !takes(step)) {
            None => Ok(()),
            Some(step) => Err(RegistryError::TooManyChanges {
                circuit: step.name().to_owned(),
            }),
        }
    }

    /// Makes a step that was checked. The readers do not see it yet.
    pub(super) fn make(
        &self,
        bench: &mut Bench,
        step: Step,
        changes: &mut Changes,
        by: &Author,
    ) -> Entry {
        let (definition, defaulted) = (step.definition, step.defaulted);
        let name = definition.name.clone();
        let by_whom = by.clone();
        let (circuit, was_off) = match step.on {
            On::There(entry) if step.done => {
                changes.unchanged.push(name);
                return entry;
            }
            On::There(entry) => {
                self.tell(entry.circuit, EventKind::Replaced { by: by_whom });
                changes.replaced.push(name);
                if entry.over.is_some() && step.over.is_none() {
                    self.tell(entry.circuit, overrides::ended(Some(by)));
                }
                (
                    entry.circuit,
                    self.is_off(&entry.definition) && entry.is_held(),
                )
            }
            On::New(breaker) => {
                let circuit: Circuit = Box::leak(Box::new(Arc::new(*breaker)));
                self.inner.main.join(circuit);
                let by = by_whom;
                self.tell(circuit, EventKind::Added { defaulted, by });
                changes.added.push(name);
                (circuit, false)
            }
            On::Parked(circuit) => {
                bench.parked.remove(circuit.name());
                bench.covered.remove(circuit.name());
                self.tell(
                    circuit,
                    EventKind::Added {
                        defaulted,
                        by: by_whom,
                    },
                );
                circuit.release_any(by);
                circuit.reset(by);
                // What its branches knew is as old as its own state.
                circuit.set_branches(None, by);
                changes.added.push(name);
                (circuit, false)
            }
        };
        // Refused only if somebody changed this circuit by hand since the check, and used up its
        // last change: that is then as if it had come after this one.
        let _ = circuit.change_settings(step.settings, by);
        circuit.set_branches(definition.branches.clone(), by);
        circuit.set_trips_main(definition.trips_main);
        circuit.set_fallback_enabled(definition.fallback_enabled);
        let off = self.is_off(&definition);
        if off != was_off {
            bench.switch(circuit, off, by);
        }
        Entry {
            circuit,
            definition,
            over: step.over,
            defaulted,
            by_hand: step.by_hand,
        }
    }

    /// Circuits in force that are neither named nor only asked for, in order of their names.
    pub(super) fn leaving(&self, named: &HashSet<&str>) -> Vec<Entry> {
        let circuits = self.by_name();
        let leave = |entry: &&Entry| !entry.defaulted && !named.contains(entry.circuit.name());
        let mut leaving: Vec<_> = circuits.values().filter(leave).cloned().collect();
        leaving.sort_by_key(|entry| entry.circuit.name());
        leaving
    }

    /// Puts a circuit aside until its name comes back.
    pub(super) fn park(&self, bench: &mut Bench, mut entry: Entry, by: &Author) {
        let circuit = entry.circuit;
        if entry.over.take().is_some() {
            self.tell(circuit, overrides::ended(Some(by)));
        }
        bench.parked.insert(circuit.name(), entry);
        self.tell(circuit, EventKind::Removed { by: by.clone() });
    }

    /// Ends a change: gives the lock back, then wakes who waits for events.
    pub(super) fn end(&self, bench: MutexGuard<'_, Bench>) {
        drop(bench);
        self.inner.events.wake();
    }
}

/// The definition's settings with the override on top; without it, where the two do not fit.
fn on_top(settings: Settings, over: Option<Arc<Override>>) -> (Settings, Option<Arc<Override>>) {
    let changed = over.as_ref().map(|over| settings.changed_by(&over.change));
    match changed {
        Some(Ok(changed)) => (changed, over),
        Some(Err(_)) | None => (settings, None),
    }
}

/// Whether every environment variable sets the circuits of one group only.
fn check_variables<'a>(
    definitions: impl Iterator<Item = &'a Arc<Definition>>,
) -> Result<(), RegistryError> {
    let mut seen: HashMap<&str, (&str, &str)> = HashMap::new();
    for definition in definitions {
        let Some(set_by) = &definition.set_by else {
            continue;
        };
        let circuit = definition.name.as_str();
        for variable in &set_by.names {
            let (group, other) = *seen.entry(variable).or_insert((&set_by.group, circuit));
            if group != set_by.group {
                return Err(RegistryError::SameVariable {
                    variable: variable.clone(),
                    circuits: [other.to_owned(), circuit.to_owned()],
                });
            }
        }
    }
    Ok(())
}

/// The registry's clock for one of its breakers.
#[derive(Debug)]
struct Shared(Arc<dyn Clock>);

impl Clock for Shared {
    fn now(&self) -> Tick {
        self.0.now()
    }

    fn coarse(&self) -> Tick {
        self.0.coarse()
    }
}
