//! A storage in memory: for programs that need no more, and for tests.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use crate::{
    AuditEntry, AuditQuery, Batch, EventQuery, EventRecord, GENESIS, Kept, KeptCircuit, Limits,
    MainChange, MainRecord, OverrideChange, OverrideRecord, Page, ReplayRecord, Storage,
    StoreError, Written,
};

/// The audit log in memory: the newest so many entries.
const AUDIT_MAX: usize = 10_000;

/// Keeps records as long as the process lives. A clone is the same memory, so that a second
/// [`Keeper`](crate::Keeper) can go on where the first one ended.
///
/// The history has the bounds of the keeper's limits; of the audit log the newest 10,000 entries
/// stay.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    circuits: BTreeMap<String, KeptCircuit>,
    main: Option<MainRecord>,
    overrides: BTreeMap<String, OverrideRecord>,
    /// In order of their numbers.
    events: VecDeque<EventRecord>,
    /// The number of the newest event that there ever was.
    last_event: u64,
    /// By the event's number, with the circuit.
    replays: BTreeMap<u64, (String, String)>,
    audit: VecDeque<AuditEntry>,
    last_audit: u64,
}

impl Memory {
    /// An empty memory.
    pub fn new() -> Self {
        Self::default()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Storage for Memory {
    fn load(&mut self) -> Result<Kept, StoreError> {
        let inner = self.lock();
        Ok(Kept {
            circuits: inner.circuits.values().cloned().collect(),
            main: inner.main.clone(),
            overrides: inner.overrides.values().cloned().collect(),
        })
    }

    fn write(&mut self, batch: &Batch) -> Result<Written, StoreError> {
        let mut inner = self.lock();
        inner.put_states(batch);
        let events = batch.events.iter().map(|event| inner.add(event)).collect();
        for replay in &batch.replays {
            inner.attach(replay);
        }
        let audit = batch.audit.iter().map(|draft| {
            let last = inner.audit.back();
            let entry = draft.chained(
                inner.last_audit + 1,
                last.map_or(GENESIS, |entry| &entry.hash),
            );
            inner.last_audit = entry.id;
            inner.audit.push_back(entry.clone());
            entry
        });
        let audit = audit.collect();
        let surplus = inner.audit.len().saturating_sub(AUDIT_MAX);
        inner.audit.drain(..surplus);
        Ok(Written { events, audit })
    }

    fn events(&mut self, query: &EventQuery) -> Result<Page<EventRecord>, StoreError> {
        let inner = self.lock();
        let limit = query.bounded_limit();
        let wanted = inner.events.iter().rev().filter(|event| query.wants(event));
        let found = wanted.take(limit + 1).map(|event| EventRecord {
            has_replay: inner.replays.contains_key(&event.id),
            ..event.clone()
        });
        Ok(Page::cut(found.collect(), limit, |event| event.id))
    }

    fn replay(&mut self, event: u64) -> Result<Option<String>, StoreError> {
        let inner = self.lock();
        Ok(inner.replays.get(&event).map(|(_, text)| text.clone()))
    }

    fn audit(&mut self, query: &AuditQuery) -> Result<Page<AuditEntry>, StoreError> {
        let inner = self.lock();
        let limit = query.bounded_limit();
        let wanted = inner.audit.iter().rev().filter(|entry| query.wants(entry));
        let found = wanted.take(limit + 1).cloned().collect();
        Ok(Page::cut(found, limit, |entry| entry.id))
    }

    fn trim(&mut self, limits: &Limits, now: SystemTime) -> Result<(), StoreError> {
        let mut inner = self.lock();
        let inner = &mut *inner;
        let most = usize::try_from(limits.events_max).unwrap_or(usize::MAX);
        let surplus = inner.events.len().saturating_sub(most);
        inner.events.drain(..surplus);
        let oldest = limits.oldest(now);
        inner.events.retain(|event| event.at >= oldest);
        let events = &inner.events;
        let is_kept = |id: &u64| events.binary_search_by_key(id, |event| event.id).is_ok();
        inner.replays.retain(|id, _| is_kept(id));
        let mut of_circuit: BTreeMap<String, u64> = BTreeMap::new();
        let mut surplus = Vec::new();
        for (id, (circuit, _)) in inner.replays.iter().rev() {
            let count = of_circuit.entry(circuit.clone()).or_default();
            *count += 1;
            if *count > limits.replays_max {
                surplus.push(*id);
            }
        }
        for id in surplus {
            inner.replays.remove(&id);
        }
        Ok(())
    }

    fn audit_last(&mut self) -> Result<Option<u64>, StoreError> {
        Ok(Some(self.lock().last_audit))
    }
}

impl Inner {
    fn put_states(&mut self, batch: &Batch) {
        for name in &batch.removed {
            self.circuits.remove(name);
            self.overrides.remove(name);
        }
        for kept in &batch.circuits {
            let name = kept.record.circuit.clone();
            self.circuits.insert(name, kept.clone());
        }
        match &batch.main {
            Some(MainChange::Open(record)) => self.main = Some(record.clone()),
            Some(MainChange::Closed) => self.main = None,
            None => {}
        }
        for change in &batch.overrides {
            match change {
                OverrideChange::Set(record) => {
                    let name = record.circuit.clone();
                    self.overrides.insert(name, record.clone());
                }
                OverrideChange::Ended(name) => drop(self.overrides.remove(name)),
            }
        }
    }

    fn add(&mut self, event: &EventRecord) -> u64 {
        self.last_event += 1;
        self.events.push_back(EventRecord {
            id: self.last_event,
            has_replay: false,
            ..event.clone()
        });
        self.last_event
    }

    fn attach(&mut self, replay: &ReplayRecord) {
        let led_to = |event: &&EventRecord| {
            event.kind == "transition"
                && event.branch.is_none()
                && event.generation == replay.generation
                && event.circuit == replay.circuit
        };
        if let Some(event) = self.events.iter().rev().find(led_to) {
            let value = (replay.circuit.clone(), replay.text.clone());
            self.replays.insert(event.id, value);
        }
    }
}
