//! Turning circuits off and on: the global switch, and one for each circuit.
//!
//! Off is a hold, so that every face shows why the circuit lets all calls pass, and the call path
//! has nothing more to look at.

use super::{Bench, Circuit, Definition, Entry, Registry, RegistryError};
use crate::event::Author;
use crate::sync::Ordering;
use std::sync::Arc;

impl Registry {
    /// The global switch (default on). Off: every circuit, also one that is added later, is held
    /// [`Disabled`](crate::HoldKind::Disabled) by the author `switch`: all calls pass, and nothing
    /// is recorded. On: these holds end, and the circuits that they held are closed (R15), but for
    /// those whose own switch is off. `false`: it was so, and nothing changed.
    ///
    /// A hold that an operator had set is covered meanwhile, and put back with what is left of
    /// its time; if that is over, it ends then. One that an operator sets over the switch's
    /// stays, until off is asked for again: that covers it too. Nobody can release the switch's
    /// hold.
    ///
    /// ```
    /// use fusebox::{Author, HoldKind, Registry};
    ///
    /// let registry = Registry::new();
    /// let rag = registry.circuit("rag")?;
    /// registry.set_enabled(false, &Author::new("ada"));
    /// assert_eq!(rag.snapshot().hold.map(|hold| hold.kind), Some(HoldKind::Disabled));
    /// registry.set_enabled(true, &Author::new("ada"));
    /// assert_eq!(rag.snapshot().hold, None);
    /// # Ok::<(), fusebox::RegistryError>(())
    /// ```
    pub fn set_enabled(&self, enabled: bool, by: &Author) -> bool {
        let mut bench = self.bench();
        let turned = self.turn(&mut bench, enabled, by);
        self.end(bench);
        turned
    }

    /// Whether the global switch is on.
    pub fn is_enabled(&self) -> bool {
        // Acquire, pairs with `turn`.
        self.inner.enabled.load(Ordering::Acquire)
    }

    /// The switch of one circuit; it is on if both this and the global one are. `false`: it was
    /// so, and nothing changed.
    ///
    /// # Errors
    /// [`RegistryError::UnknownCircuit`].
    pub fn set_circuit_enabled(
        &self,
        name: &str,
        enabled: bool,
        by: &Author,
    ) -> Result<bool, RegistryError> {
        let mut bench = self.bench();
        let Some(entry) = self.by_name().get(name).cloned() else {
            return Err(self.unknown(name));
        };
        if entry.definition.enabled == enabled {
            let put_back = !enabled && bench.switch(entry.circuit, true, by);
            self.end(bench);
            return Ok(put_back);
        }
        let (circuit, was_off) = (entry.circuit, self.is_off(&entry.definition));
        let definition = Definition::clone(&entry.definition).enabled(enabled);
        let off = self.is_off(&definition);
        let entry = Entry {
            definition: Arc::new(definition),
            by_hand: true,
            ..entry
        };
        self.by_name_mut().insert(circuit.name(), entry);
        if off != was_off {
            bench.switch(circuit, off, by);
        }
        self.end(bench);
        Ok(true)
    }

    /// Whether one of the two switches turns the circuit off.
    pub(super) fn is_off(&self, definition: &Definition) -> bool {
        !(self.is_enabled() && definition.enabled)
    }

    /// Turns the global switch. Parked circuits are turned with the others: somebody may still
    /// call through them. Off again puts the holds back that others were set over.
    pub(super) fn turn(&self, bench: &mut Bench, enabled: bool, by: &Author) -> bool {
        let was = self.is_enabled();
        if was && enabled {
            return false;
        }
        // Release, pairs with `is_enabled`.
        self.inner.enabled.store(enabled, Ordering::Release);
        let circuits = self.by_name();
        let all = circuits.values().chain(bench.parked.values());
        let turned = all.filter(|entry| !enabled || entry.definition.enabled);
        let turned: Vec<Circuit> = turned.map(|entry| entry.circuit).collect();
        drop(circuits);
        let mut changed = was != enabled;
        for circuit in turned {
            changed |= bench.switch(circuit, !enabled, by);
        }
        changed
    }
}

impl Bench {
    /// Turns one circuit off or on. `false`: it was off.
    pub(super) fn switch(&mut self, circuit: Circuit, off: bool, by: &Author) -> bool {
        if !off {
            circuit.switch_on(self.covered.remove(circuit.name()), by);
            return true;
        }
        let Some(covered) = circuit.switch_off(format!("switched off by {}", by.as_str())) else {
            return false;
        };
        match covered {
            Some(hold) => drop(self.covered.insert(circuit.name(), hold)),
            None => drop(self.covered.remove(circuit.name())),
        }
        true
    }
}
