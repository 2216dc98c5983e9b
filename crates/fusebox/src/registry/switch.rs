//! Turning circuits off and on: the global switch, and one for each circuit.
//!
//! Off is a hold, so that every face shows why the circuit lets all calls pass, and the call path
//! has nothing more to look at.

use super::{Bench, Circuit, Definition, Entry, Registry, RegistryError};
use crate::event::{Author, Hold, HoldRequest};
use crate::sync::Ordering;
use crate::word::HoldKind;
use std::sync::Arc;

/// The author of the switch's holds.
const SWITCH: &str = "switch";

impl Registry {
    /// The global switch (default on). Off: every circuit, also one that is added later, is held
    /// [`Disabled`](HoldKind::Disabled) by the author `switch`: all calls pass, and nothing is
    /// recorded. On: these holds end, and the circuits that they held are closed (R15), but for
    /// those whose own switch is off. `false`: it was so, and nothing changed.
    ///
    /// A hold that an operator had set is covered meanwhile, and put back with what is left of
    /// its time. One that an operator sets over the switch's stays.
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
            return Ok(false);
        }
        let (circuit, was_off) = (entry.circuit, self.is_off(&entry.definition));
        let definition = Definition::clone(&entry.definition).enabled(enabled);
        let off = self.is_off(&definition);
        let entry = Entry {
            definition: Arc::new(definition),
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
    /// call through them.
    pub(super) fn turn(&self, bench: &mut Bench, enabled: bool, by: &Author) -> bool {
        if self.is_enabled() == enabled {
            return false;
        }
        // Release, pairs with `is_enabled`.
        self.inner.enabled.store(enabled, Ordering::Release);
        let circuits = self.by_name();
        let on = circuits.values().filter(|entry| entry.definition.enabled);
        let turned: Vec<Circuit> = on.map(|entry| entry.circuit).collect();
        drop(circuits);
        let parked: Vec<Circuit> = bench.parked.values().copied().collect();
        for circuit in turned.into_iter().chain(parked) {
            bench.switch(circuit, !enabled, by);
        }
        true
    }
}

impl Bench {
    /// Turns one circuit off or on.
    pub(super) fn switch(&mut self, circuit: Circuit, off: bool, by: &Author) {
        let hold = circuit.snapshot().hold;
        if off {
            if let Some(hold) = hold.filter(|hold| !is_switch(hold)) {
                self.covered.insert(circuit.name(), hold);
            }
            circuit.hold(HoldRequest {
                kind: HoldKind::Disabled,
                reason: format!("switched off by {}", by.as_str()),
                author: Author::new(SWITCH),
                for_: None,
            });
            return;
        }
        let covered = self.covered.remove(circuit.name());
        if !hold.as_ref().is_some_and(is_switch) {
            return;
        }
        match covered.and_then(|hold| rest(&hold, circuit)) {
            Some(request) => circuit.hold(request),
            None => drop(circuit.release(by)),
        }
    }
}

/// Whether the switch set it.
fn is_switch(hold: &Hold) -> bool {
    hold.kind == HoldKind::Disabled && hold.author.as_str() == SWITCH
}

/// What is left of a covered hold; `None`: its time is over.
fn rest(hold: &Hold, circuit: Circuit) -> Option<HoldRequest> {
    let now = circuit.clock().now();
    let left = hold.until.map(|until| until.saturating_since(now));
    let is_over = left.is_some_and(|left| left.is_zero());
    (!is_over).then(|| HoldRequest {
        kind: hold.kind,
        reason: hold.reason.clone(),
        author: hold.author.clone(),
        for_: left,
    })
}
