//! Where records are kept: the trait that every storage has, and what is asked of it.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::{
    AuditDraft, AuditEntry, CircuitRecord, EventRecord, MainRecord, OverrideRecord, StoreError,
    wall,
};

/// A place that keeps records. Blocking: only the thread of the [`Keeper`](crate::Keeper) calls
/// it, never a caller of a circuit.
///
/// Every implementation passes the contract suite in this crate's `tests/it/contract.rs`.
pub trait Storage: Send + 'static {
    /// All circuits, the main breaker and the overrides, as last written.
    ///
    /// # Errors
    /// What stands in [`StoreError`]; a record that cannot be read is [`StoreError::Corrupt`].
    fn load(&mut self) -> Result<Kept, StoreError>;

    /// Writes all of a batch or nothing of it. When it returns, a crash of the process loses
    /// nothing of the batch (nor, on disk, does a power cut).
    ///
    /// A batch whose write failed is written again with the same [`Batch::number`]; if it did
    /// arrive the first time, a storage that can know so answers as it did then.
    ///
    /// # Errors
    /// What stands in [`StoreError`].
    fn write(&mut self, batch: &Batch) -> Result<Written, StoreError>;

    /// A page of the history, newest first.
    ///
    /// # Errors
    /// What stands in [`StoreError`].
    fn events(&mut self, query: &EventQuery) -> Result<Page<EventRecord>, StoreError>;

    /// The replay file of a transition, if one was attached and is still kept.
    ///
    /// # Errors
    /// What stands in [`StoreError`].
    fn replay(&mut self, event: u64) -> Result<Option<String>, StoreError>;

    /// A page of the audit log, newest first.
    ///
    /// # Errors
    /// What stands in [`StoreError`].
    fn audit(&mut self, query: &AuditQuery) -> Result<Page<AuditEntry>, StoreError>;

    /// Forgets history beyond the limits. The audit log stays.
    ///
    /// # Errors
    /// What stands in [`StoreError`].
    fn trim(&mut self, limits: &Limits, now: SystemTime) -> Result<(), StoreError>;

    /// The number of the newest entry that the audit log ever had, where the storage knows it
    /// apart from the log: so it shows if the newest entries are gone. Default: unknown.
    ///
    /// # Errors
    /// What stands in [`StoreError`].
    fn audit_last(&mut self) -> Result<Option<u64>, StoreError> {
        Ok(None)
    }

    /// Whether the audit log keeps every entry since its first: then it is a break where the oldest
    /// one is another. Default: no.
    fn audit_is_whole(&self) -> bool {
        false
    }

    /// After what time everything that is in force is to be written again, in case somebody
    /// emptied the place or its records expire. Default 60 s.
    fn rewrite_every(&self) -> Duration {
        Duration::from_secs(60)
    }
}

impl<S: Storage + ?Sized> Storage for Box<S> {
    fn load(&mut self) -> Result<Kept, StoreError> {
        (**self).load()
    }

    fn write(&mut self, batch: &Batch) -> Result<Written, StoreError> {
        (**self).write(batch)
    }

    fn events(&mut self, query: &EventQuery) -> Result<Page<EventRecord>, StoreError> {
        (**self).events(query)
    }

    fn replay(&mut self, event: u64) -> Result<Option<String>, StoreError> {
        (**self).replay(event)
    }

    fn audit(&mut self, query: &AuditQuery) -> Result<Page<AuditEntry>, StoreError> {
        (**self).audit(query)
    }

    fn trim(&mut self, limits: &Limits, now: SystemTime) -> Result<(), StoreError> {
        (**self).trim(limits, now)
    }

    fn audit_last(&mut self) -> Result<Option<u64>, StoreError> {
        (**self).audit_last()
    }

    fn audit_is_whole(&self) -> bool {
        (**self).audit_is_whole()
    }

    fn rewrite_every(&self) -> Duration {
        (**self).rewrite_every()
    }
}

/// What is in force, as last written; in order of names.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Kept {
    /// Circuits with their branches.
    pub circuits: Vec<KeptCircuit>,
    /// The main breaker, if it is open.
    pub main: Option<MainRecord>,
    /// Overrides.
    pub overrides: Vec<OverrideRecord>,
}

/// A circuit with those of its branches that have something to remember, the worst first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeptCircuit {
    /// The circuit itself.
    pub record: CircuitRecord,
    /// Its branches.
    pub branches: Vec<CircuitRecord>,
}

/// What is written at once, in the order of the fields.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// Rises by one with each batch of a keeper; the same when a batch is tried again.
    pub number: u64,
    /// Names of circuits that are gone, with their branches and overrides. A name may stand in
    /// `circuits` too: then it came back.
    pub removed: Vec<String>,
    /// Circuits that take the place of what was kept under their names, branches included.
    pub circuits: Vec<KeptCircuit>,
    /// The main breaker, if it changed.
    pub main: Option<MainChange>,
    /// Overrides that changed.
    pub overrides: Vec<OverrideChange>,
    /// Events in order. Their `id` is 0 and their `has_replay` false: the storage numbers them.
    pub events: Vec<EventRecord>,
    /// Replay files for events of this batch or earlier ones.
    pub replays: Vec<ReplayRecord>,
    /// Entries of the audit log in order.
    pub audit: Vec<AuditDraft>,
}

/// The main breaker's new position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MainChange {
    /// It is open.
    Open(MainRecord),
    /// It is closed: nothing is kept.
    Closed,
}

/// An override's new value.
#[derive(Clone, Debug, PartialEq)]
pub enum OverrideChange {
    /// It takes the place of the circuit's earlier one.
    Set(OverrideRecord),
    /// The circuit of that name has none any more.
    Ended(String),
}

/// What led to a transition, as a replay file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplayRecord {
    /// The circuit's name.
    pub circuit: String,
    /// The generation that the transition began. It belongs to the newest `transition` event of
    /// the circuit itself (no branch) with this generation; if there is none it is dropped.
    pub generation: u32,
    /// The file.
    pub text: String,
}

/// What a write gave.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Written {
    /// The numbers of the batch's events, in order: they rise, and none is ever used twice, also
    /// not after the newest event is gone.
    pub events: Vec<u64>,
    /// The entries of the audit log as they are kept, in order.
    pub audit: Vec<AuditEntry>,
}

/// Which events are asked for. The default is the newest 100 of all circuits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventQuery {
    /// Only of this circuit.
    pub circuit: Option<String>,
    /// Only of this branch.
    pub branch: Option<String>,
    /// Only of these kinds; empty: of all.
    pub kinds: Vec<String>,
    /// Only events with a smaller number: the cursor of the page before.
    pub before: Option<u64>,
    /// Only events with a larger number.
    pub after: Option<u64>,
    /// How many at most, 1 to [`Page::LIMIT_MAX`]; what is outside is cut.
    pub limit: usize,
}

/// Which entries of the audit log are asked for. The default is the newest 100.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditQuery {
    /// Only of this person or program.
    pub who: Option<String>,
    /// Only this action.
    pub action: Option<String>,
    /// Only on this target.
    pub target: Option<String>,
    /// Only entries with a smaller number: the cursor of the page before.
    pub before: Option<u64>,
    /// How many at most, 1 to [`Page::LIMIT_MAX`]; what is outside is cut.
    pub limit: usize,
}

/// Part of a list, newest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// The cursor of the next page (its `before`); `None`: there is nothing more.
    pub next: Option<u64>,
}

/// How much history is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Events older than this go; default 30 days.
    pub events_age: Duration,
    /// The newest so many events stay; default 100,000.
    pub events_max: u64,
    /// The newest so many replay files of each circuit stay; default 100.
    pub replays_max: u64,
}

impl<T> Page<T> {
    /// The largest page.
    pub const LIMIT_MAX: usize = 1_000;

    /// The page of what was found, if one item more than `limit` was asked for: that one shows
    /// whether there is more. `id` tells an item's number.
    pub fn cut(mut items: Vec<T>, limit: usize, id: impl Fn(&T) -> u64) -> Self {
        let more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| more).map(id);
        Self { items, next }
    }
}

impl EventQuery {
    /// The limit within its bounds.
    pub fn bounded_limit(&self) -> usize {
        self.limit.clamp(1, Page::<EventRecord>::LIMIT_MAX)
    }

    /// Whether the event is asked for, apart from the limit.
    pub fn wants(&self, event: &EventRecord) -> bool {
        self.circuit.as_ref().is_none_or(|c| *c == event.circuit)
            && self.branch.is_none_or_is(event.branch.as_deref())
            && (self.kinds.is_empty() || self.kinds.contains(&event.kind))
            && self.before.is_none_or(|before| event.id < before)
            && self.after.is_none_or(|after| event.id > after)
    }
}

impl AuditQuery {
    /// The limit within its bounds.
    pub fn bounded_limit(&self) -> usize {
        self.limit.clamp(1, Page::<AuditEntry>::LIMIT_MAX)
    }

    /// Whether the entry is asked for, apart from the limit.
    pub fn wants(&self, entry: &AuditEntry) -> bool {
        self.who.is_none_or_is(Some(&entry.who))
            && self.action.is_none_or_is(Some(&entry.action))
            && self.target.is_none_or_is(Some(&entry.target))
            && self.before.is_none_or(|before| entry.id < before)
    }
}

impl Limits {
    /// The time of the oldest event that may stay.
    pub fn oldest(&self, now: SystemTime) -> SystemTime {
        now.checked_sub(self.events_age)
            .unwrap_or_else(|| wall::from_unix_millis(i64::MIN))
    }
}

impl Default for EventQuery {
    fn default() -> Self {
        Self {
            circuit: None,
            branch: None,
            kinds: Vec::new(),
            before: None,
            after: None,
            limit: 100,
        }
    }
}

impl Default for AuditQuery {
    fn default() -> Self {
        Self {
            who: None,
            action: None,
            target: None,
            before: None,
            limit: 100,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            events_age: Duration::from_secs(30 * 24 * 3600),
            events_max: 100_000,
            replays_max: 100,
        }
    }
}

/// A filter that may be absent.
trait Filter {
    fn is_none_or_is(&self, value: Option<&str>) -> bool;
}

impl Filter for Option<String> {
    fn is_none_or_is(&self, value: Option<&str>) -> bool {
        self.is_none() || self.as_deref() == value
    }
}
