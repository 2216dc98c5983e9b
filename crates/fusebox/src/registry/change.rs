//! Adding, replacing and removing circuits.

use super::step::Step;
use super::{Bench, Definition, Entry, Registry, RegistryError};
use crate::breaker::CircuitBreaker;
use crate::event::Author;
use std::collections::HashSet;
use std::sync::MutexGuard;

/// What a change did, by names in the order of the definitions (the removed ones in order of
/// their names).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// New circuits, and names that came back.
    pub added: Vec<String>,
    /// Circuits that got another definition.
    pub replaced: Vec<String>,
    /// Circuits that are no longer there.
    pub removed: Vec<String>,
    /// Circuits that were as they are to be.
    pub unchanged: Vec<String>,
}

/// What a list of definitions says of the circuits that are not in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Others {
    Stay,
    Leave,
}

impl Registry {
    /// Adds a circuit. One that was only asked for by name is defined by this.
    ///
    /// # Errors
    /// [`RegistryError::NameTaken`], a name that cannot be a circuit's, a registry that is full.
    pub fn add(&self, definition: Definition) -> Result<&'static CircuitBreaker, RegistryError> {
        self.put(definition, |there| !there.defaulted)
    }

    /// Adds a circuit, or puts another definition of it in force, live: settings judge from the
    /// next outcome on, and state and counts stay (R21).
    ///
    /// # Errors
    /// A name that cannot be a circuit's, a registry that is full,
    /// [`RegistryError::TooManyChanges`].
    pub fn define(&self, definition: Definition) -> Result<&'static CircuitBreaker, RegistryError> {
        self.put(definition, |_| false)
    }

    /// Makes the registry have exactly these circuits: adds, replaces and removes. All or
    /// nothing: after an error every circuit is as it was. Circuits that were only asked for by
    /// name stay, as somebody calls through them.
    ///
    /// Afterwards every circuit is as its definition says, also where somebody had changed it
    /// by hand. The global switch, holds and states stay; a circuit that a switch turned off and
    /// that nothing holds any more is off again.
    ///
    /// ```
    /// use fusebox::{Author, Definition, Registry};
    ///
    /// let registry = Registry::new();
    /// let by = Author::new("deploy");
    /// registry.apply(vec![Definition::new("rag"), Definition::new("vms")], &by)?;
    /// let changes = registry.apply(vec![Definition::new("rag").priority(1)], &by)?;
    /// assert_eq!((changes.replaced, changes.removed), (vec!["rag".into()], vec!["vms".into()]));
    /// # Ok::<(), fusebox::RegistryError>(())
    /// ```
    ///
    /// # Errors
    /// A name given twice, a name that cannot be a circuit's, a registry that is full, two
    /// circuits with the same environment variables, [`RegistryError::TooManyChanges`].
    pub fn apply(
        &self,
        definitions: Vec<Definition>,
        by: &Author,
    ) -> Result<Changes, RegistryError> {
        self.change(definitions, Others::Leave, None, by)
    }

    /// Adds or replaces these circuits, and turns the global switch if asked to. All or nothing.
    pub(crate) fn define_all(
        &self,
        definitions: Vec<Definition>,
        enabled: Option<bool>,
        by: &Author,
    ) -> Result<Changes, RegistryError> {
        self.change(definitions, Others::Stay, enabled, by)
    }

    /// Removes a circuit: it is no longer found, listed, or read by exporters. `false`: there is
    /// none of that name.
    ///
    /// Who holds its handle can go on calling, with the settings that it had; the main breaker
    /// and the global switch go on reaching it. When the name comes back, so does the circuit:
    /// closed, without holds, with its new settings. Its counts since the start go on.
    pub fn remove(&self, name: &str, by: &Author) -> bool {
        let mut bench = self.bench();
        let Some(entry) = self.by_name().get(name).cloned() else {
            return false;
        };
        self.park(&mut bench, entry, by);
        self.by_name_mut().remove(name);
        self.end(bench);
        true
    }

    fn change(
        &self,
        definitions: Vec<Definition>,
        others: Others,
        enabled: Option<bool>,
        by: &Author,
    ) -> Result<Changes, RegistryError> {
        let mut bench = self.bench();
        let steps = self.steps(&bench, definitions)?;
        self.check(&bench, &steps, others)?;
        let named: HashSet<&str> = steps.iter().map(Step::name).collect();
        let leaving = match others {
            Others::Stay => Vec::new(),
            Others::Leave => self.leaving(&named),
        };
        // From here on nothing fails. Off comes before the new circuits, so that none of them is
        // on for a moment, and on comes after them.
        if enabled == Some(false) {
            self.turn(&mut bench, false, by);
        }
        let mut changes = Changes::default();
        for entry in leaving {
            changes.removed.push(entry.circuit.name().to_owned());
            self.park(&mut bench, entry, by);
        }
        let made: Vec<Entry> = steps
            .into_iter()
            .map(|step| self.make(&mut bench, step, &mut changes, by))
            .collect();
        // One write, so that no reader sees half of it.
        let mut circuits = self.by_name_mut();
        for name in &changes.removed {
            circuits.remove(name.as_str());
        }
        circuits.extend(made.into_iter().map(|entry| (entry.circuit.name(), entry)));
        drop(circuits);
        if enabled == Some(true) {
            self.turn(&mut bench, true, by);
        }
        self.end(bench);
        Ok(changes)
    }

    fn put(
        &self,
        definition: Definition,
        taken: impl FnOnce(&Entry) -> bool,
    ) -> Result<&'static CircuitBreaker, RegistryError> {
        let by = Author::system();
        let bench = self.bench();
        if self.by_name().get(&*definition.name).is_some_and(taken) {
            let name = definition.name;
            return Err(RegistryError::NameTaken { name });
        }
        let step = self.step(&bench, definition)?;
        let steps = std::slice::from_ref(&step);
        self.check(&bench, steps, Others::Stay)?;
        Ok(self.make_one(bench, step, &by))
    }

    /// A circuit of that name with the defaults, unless there is one by now.
    pub(super) fn add_defaulted(
        &self,
        name: &str,
        circuits_max: usize,
    ) -> Result<&'static CircuitBreaker, RegistryError> {
        let bench = self.bench();
        if let Some(circuit) = self.get(name) {
            return Ok(circuit);
        }
        let mut step = self.step(&bench, Definition::new(name))?;
        step.defaulted = true;
        self.check_room(&bench, std::slice::from_ref(&step), circuits_max)?;
        // A parked circuit that takes no more settings comes back with those that it has: it is
        // wanted for its name.
        Ok(self.make_one(bench, step, &Author::system()))
    }

    /// Makes one step and ends the change.
    fn make_one(
        &self,
        mut bench: MutexGuard<'_, Bench>,
        step: Step,
        by: &Author,
    ) -> &'static CircuitBreaker {
        let entry = self.make(&mut bench, step, &mut Changes::default(), by);
        let circuit = entry.circuit;
        self.by_name_mut().insert(circuit.name(), entry);
        self.end(bench);
        circuit
    }
}
