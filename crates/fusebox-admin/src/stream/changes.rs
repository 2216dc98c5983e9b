//! Which circuits changed since they were told.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use fusebox::{
    BranchStats, Listed, Override, Reason, Registry, Settings, Snapshot, Totals, WindowStats,
};

use crate::view::Circuit;

/// Every circuit as it was told last.
#[derive(Debug, Default)]
pub(super) struct Changes {
    told: HashMap<&'static str, Mark>,
}

/// What makes a circuit worth telling anew. What only follows from the time that goes by (time
/// left, instants) is not in it: who was told can count.
#[derive(Debug, PartialEq)]
struct Mark {
    generation: u32,
    rejecting: Option<Reason>,
    totals: Totals,
    window: WindowStats,
    consecutive_failures: u32,
    in_flight: u32,
    settings: Settings,
    branches: Option<BranchStats>,
    priority: u8,
    over: Option<Arc<Override>>,
}

impl Mark {
    fn of(entry: &Listed, snapshot: &Snapshot) -> Self {
        Self {
            generation: snapshot.generation,
            rejecting: snapshot.rejecting,
            totals: snapshot.totals,
            window: snapshot.window,
            consecutive_failures: snapshot.consecutive_failures,
            in_flight: snapshot.in_flight,
            settings: snapshot.settings.clone(),
            branches: snapshot.branches,
            priority: entry.priority,
            over: entry.over.clone(),
        }
    }
}

impl Changes {
    /// From here on: everything as it is now counts as told.
    pub(super) fn since_now(registry: &Registry) -> Self {
        let listed = registry.list();
        let told = listed.iter().map(|entry| {
            let snapshot = entry.circuit.snapshot();
            (entry.circuit.name(), Mark::of(entry, &snapshot))
        });
        Self {
            told: told.collect(),
        }
    }

    /// The circuit, if it changed.
    pub(super) fn changed(&mut self, entry: &Listed) -> Option<Circuit> {
        let snapshot = entry.circuit.snapshot();
        let mark = Mark::of(entry, &snapshot);
        let name = entry.circuit.name();
        if self.told.get(name) == Some(&mark) {
            return None;
        }
        self.told.insert(name, mark);
        Some(Circuit::of(entry, snapshot))
    }

    /// Circuits that were told and are not among these, which are all.
    pub(super) fn gone(&mut self, listed: &[Listed]) -> Vec<&'static str> {
        let here: HashSet<_> = listed.iter().map(|entry| entry.circuit.name()).collect();
        let mut gone: Vec<_> = self.told.keys().copied().collect();
        gone.retain(|name| !here.contains(name));
        gone.sort_unstable();
        self.told.retain(|name, _| here.contains(name));
        gone
    }
}
