//! A circuit: C of the contract.

use fusebox::{BranchStats, Listed, Snapshot};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Breaker, Override};
use crate::wall::Wall;

/// A circuit at one instant.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Circuit {
    name: String,
    #[serde(flatten)]
    breaker: Breaker,
    /// 1 is critical, larger numbers less.
    priority: u8,
    /// The settings in force, in the words of the settings file.
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    settings: Settings,
    /// What of these an operator put over the definition; null: nothing.
    #[serde(rename = "override")]
    #[schema(required)]
    over: Option<Override>,
    /// Null where the circuit is not keyed.
    #[schema(required)]
    branches: Option<BranchCounts>,
}

impl Circuit {
    /// The circuit as it is now.
    pub(crate) fn now(entry: &Listed) -> Self {
        Self::of(entry, entry.circuit.snapshot())
    }

    /// The circuit as it was when the snapshot was taken, a moment ago.
    pub(crate) fn of(entry: &Listed, snapshot: Snapshot) -> Self {
        let breaker = Breaker::of(&snapshot);
        let wall = Wall::of(&snapshot);
        let over = entry.over.as_deref();
        Self {
            name: snapshot.name,
            breaker,
            priority: entry.priority,
            settings: Settings(snapshot.settings.entries()),
            over: over.map(|over| Override::of(over, &wall)),
            branches: snapshot.branches.map(BranchCounts::of),
        }
    }
}

/// Key and text of each setting, in the order of the core's list.
#[derive(Debug)]
struct Settings(Vec<(&'static str, String)>);

impl Serialize for Settings {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

/// The branches of a keyed circuit, as numbers.
#[derive(Debug, Serialize, ToSchema)]
struct BranchCounts {
    known: u64,
    open: u64,
    held: u64,
    evicted: u64,
    evicted_open: u64,
    unkept: u64,
}

impl BranchCounts {
    fn of(stats: BranchStats) -> Self {
        Self {
            known: stats.known,
            open: stats.open,
            held: stats.held,
            evicted: stats.evicted,
            evicted_open: stats.evicted_open,
            unkept: stats.unkept,
        }
    }
}
