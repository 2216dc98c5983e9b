//! Making a batch of what waits.

use std::collections::BTreeSet;

use super::answer::Promise;
use super::inbox::Taken;
use super::read;
use super::shared::Shared;
use crate::{AuditEntry, Batch, MainChange, OverrideChange};

/// A batch until it is written.
pub(super) struct Held {
    pub(super) batch: Batch,
    pub(super) audit: Vec<Promise<AuditEntry>>,
    pub(super) flushes: Vec<Promise<()>>,
}

impl Held {
    /// Reads what is to be written, as it is now.
    pub(super) fn gather(shared: &Shared, taken: Taken, number: u64) -> Self {
        let (mut circuits, mut overrides) = (taken.circuits, taken.overrides);
        if taken.everything {
            let names = shared.registry.names().into_iter().map(str::to_owned);
            let ready: BTreeSet<_> = names.filter(|name| !shared.restoring.holds(name)).collect();
            overrides.extend(ready.iter().cloned());
            circuits.extend(ready);
        }
        let now = shared.dial.now();
        let listed = circuits
            .iter()
            .filter_map(|name| shared.registry.listed(name));
        let branches_max = shared.options.branches_max;
        let circuits = listed.map(|listed| read::circuit(&listed, branches_max, &now));
        let (audit, promises) = taken.audit.into_iter().unzip();
        let batch = Batch {
            number,
            removed: taken.removed,
            circuits: circuits.collect(),
            main: (taken.main || taken.everything).then(|| main(shared)),
            overrides: overrides
                .into_iter()
                .map(|name| override_now(shared, name))
                .collect(),
            events: taken.events,
            replays: taken.replays,
            audit,
        };
        Self {
            batch,
            audit: promises,
            flushes: taken.flushes,
        }
    }

    /// Changes in it.
    pub(super) fn len(&self) -> usize {
        let batch = &self.batch;
        batch.removed.len()
            + batch.circuits.len()
            + usize::from(batch.main.is_some())
            + batch.events.len()
            + batch.replays.len()
            + batch.audit.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0 && self.batch.overrides.is_empty()
    }
}

fn main(shared: &Shared) -> MainChange {
    match shared.registry.main().opened() {
        None => MainChange::Closed,
        Some(opening) => MainChange::Open(read::main(&opening, &shared.dial.now())),
    }
}

fn override_now(shared: &Shared, name: String) -> OverrideChange {
    let listed = shared.registry.listed(&name);
    match listed.and_then(|listed| listed.over) {
        None => OverrideChange::Ended(name),
        Some(over) => {
            let record = read::override_of(&name, &over, &shared.dial.now());
            OverrideChange::Set(record)
        }
    }
}
