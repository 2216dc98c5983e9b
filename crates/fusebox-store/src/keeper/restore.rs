//! Circuits of before the start, until somebody defines them.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use fusebox::{Author, Registry, Saved};

use super::dial::Now;
use super::{read, told};
use crate::{CircuitRecord, EventRecord, Kept, KeptCircuit, MainRecord, OverrideRecord};

/// What was loaded and not restored yet.
#[derive(Debug, Default)]
pub(super) struct Restoring {
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    circuits: HashMap<String, KeptCircuit>,
    overrides: HashMap<String, OverrideRecord>,
    /// Taken out of the other two, and not where they were yet.
    under_way: HashSet<String>,
}

/// What came of one circuit.
#[derive(Debug, Default)]
pub(super) struct Restored {
    /// Circuit, branches and override that are where they were.
    pub(super) count: u64,
    /// An override that ended instead.
    pub(super) ended: Option<EventRecord>,
}

impl Restoring {
    /// Takes what was kept. The main breaker goes on at once.
    pub(super) fn begin(&self, registry: &Registry, kept: Kept, now: &Now) {
        let named = |kept: KeptCircuit| (kept.record.circuit.clone(), kept);
        let mut waiting = self.lock();
        waiting.circuits = kept.circuits.into_iter().map(named).collect();
        let named = |over: OverrideRecord| (over.circuit.clone(), over);
        waiting.overrides = kept.overrides.into_iter().map(named).collect();
        drop(waiting);
        if let Some(main) = kept.main {
            restore_main(registry, main, now);
        }
    }

    /// Whether the circuit waits to be restored, or just is.
    pub(super) fn holds(&self, name: &str) -> bool {
        let waiting = self.lock();
        waiting.circuits.contains_key(name)
            || waiting.overrides.contains_key(name)
            || waiting.under_way.contains(name)
    }

    /// The names of all that wait.
    pub(super) fn names(&self) -> Vec<String> {
        let waiting = self.lock();
        let names = waiting.circuits.keys().chain(waiting.overrides.keys());
        names.cloned().collect()
    }

    /// The circuit left the registry: if it comes back, it is a new one.
    pub(super) fn forget(&self, name: &str) {
        let mut waiting = self.lock();
        waiting.circuits.remove(name);
        waiting.overrides.remove(name);
    }

    /// Puts a circuit where it was, if it is there; `None`: it is not, or does not wait.
    pub(super) fn restore(&self, registry: &Registry, name: &str, now: &Now) -> Option<Restored> {
        let circuit = registry.get(name)?;
        let mut waiting = self.lock();
        let (kept, over) = (
            waiting.circuits.remove(name),
            waiting.overrides.remove(name),
        );
        if kept.is_none() && over.is_none() {
            return None;
        }
        waiting.under_way.insert(name.to_owned());
        // The circuit tells of it, and wakes strangers.
        drop(waiting);
        let mut restored = Restored::default();
        // First, as a restored time is cut to the settings in force.
        if let Some(over) = over {
            match set_override(registry, &over, now) {
                None => restored.count += 1,
                ended => restored.ended = ended,
            }
        }
        if let Some(kept) = kept {
            let saved = aged(&kept.record, now);
            let counts = !saved.is_at_rest();
            restored.count += u64::from(circuit.restore(&saved) && counts);
            for branch in &kept.branches {
                let key = branch.branch.as_deref().unwrap_or_default();
                let is_back = circuit.restore_branch(key, &aged(branch, now));
                restored.count += u64::from(is_back);
            }
        }
        self.lock().under_way.remove(name);
        Some(restored)
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The record as it would be now.
fn aged(record: &CircuitRecord, now: &Now) -> Saved {
    Saved::from(record.clone()).after(now.since(record.at))
}

fn restore_main(registry: &Registry, main: MainRecord, now: &Now) {
    let by = Author::new(main.author);
    let circuit = main.circuit.map(Into::into);
    registry
        .main()
        .restore(main.reason, &by, now.since(main.since), circuit);
}

/// `Some`: it is not in force again, and the history is told why.
fn set_override(registry: &Registry, over: &OverrideRecord, now: &Now) -> Option<EventRecord> {
    let Some(request) = read::request(over, now) else {
        return Some(told::override_ended(&over.circuit, None, now));
    };
    let error = registry.set_override(&over.circuit, request).err()?;
    tracing::warn!(circuit = over.circuit, %error, "an override does not fit and has ended");
    let why = Some(error.to_string());
    Some(told::override_ended(&over.circuit, why, now))
}
