//! Branches: one circuit, judged apart for each key (R19).
//!
//! The circuit's own breaker is the aggregate of all. A call asks it first and its branch second
//! (the other way round on a ramp and in half-open, so that a dead key uses up nobody's share);
//! its outcome enters both, a rejection by the branch neither. Branches stand in a table that is
//! bounded and cut into shards, each behind a lock that is held for some ten nanoseconds:
//!
//! - A branch that nothing is wrong with is *quiet*: a slot of 96 bytes that counts successes
//!   (`quiet.rs`). At its first failure it becomes a whole breaker, the same type that every
//!   circuit has, and goes back once there is nothing to remember. So there is one machine.
//! - `table.rs` keeps slots in lists by class and time of use: closed ones go first when room is
//!   needed, open ones only then, held ones never.
//! - `keys/` knows how many keys the aggregate's failures came from.

mod admission;
mod handle;
mod key;
mod keys;
#[cfg(all(test, loom))]
mod loom_tests;
mod quiet;
mod room;
mod settings;
mod slot;
mod table;

pub(crate) use handle::BranchTicket;
pub use handle::{BranchPermit, Keyed};
pub(crate) use keys::{KeyedOutcome, Keys};
pub use settings::{BranchSettings, BranchSettingsBuilder};

use crate::breaker::CircuitBreaker;
use crate::event::Author;
use crate::settings::Settings;
use crate::sync::{AtomicBool, AtomicU64, Mutex, MutexGuard, Ordering, lock};
use quiet::Rule;
use slot::Class;
use std::borrow::Cow;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use table::{Config, Table};

/// Shards of a large table: enough that threads seldom meet, few enough to look at all of them
/// for the least recently used branch.
const SHARDS: usize = 16;
/// Up to so many keys one shard serves, and "least recently used" is exact.
const ONE_SHARD_MAX: u32 = 1_024;
/// Longer keys are cut, and told apart by a hash at their end: what a client sends must not
/// decide how much memory a key takes.
const KEY_BYTES_MAX: usize = 256;

/// How many branches a circuit has, and what became of others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BranchStats {
    /// Branches in the table.
    pub known: u64,
    /// Those that are open or half-open.
    pub open: u64,
    /// Those under a hold.
    pub held: u64,
    /// Closed branches that went because the table was full, since the start.
    pub evicted: u64,
    /// Open ones that went because all others were open too: their keys begin closed.
    pub evicted_open: u64,
    /// Calls whose key had no place, because every branch is held: judged by the aggregate alone.
    pub unkept: u64,
}

#[derive(Debug)]
pub(crate) struct Branches {
    shards: Box<[Mutex<Table>]>,
    pub(crate) keys: Keys,
    hasher: RandomState,
    /// The settings as they were given.
    settings: Mutex<BranchSettings>,
    /// Orders changes.
    changing: Mutex<()>,
    enabled: AtomicBool,
    keys_max: AtomicU64,
    /// Branches in the table, and places that are promised to new ones.
    known: AtomicU64,
    evicted: AtomicU64,
    evicted_open: AtomicU64,
    unkept: AtomicU64,
}

impl Branches {
    /// For a circuit with these settings. A given clock may stand still, and then times of use
    /// tell nothing: one shard keeps the order itself.
    pub(crate) fn new(circuit: &Settings, settings: BranchSettings, clock_is_given: bool) -> Self {
        let one = clock_is_given || settings.keys_max <= ONE_SHARD_MAX;
        let shards = if one { 1 } else { SHARDS };
        let config = Arc::new(config(circuit, &settings));
        Self {
            shards: (0..shards)
                .map(|_| Mutex::new(Table::new(Arc::clone(&config))))
                .collect(),
            keys: Keys::new(circuit, settings.keys_min),
            hasher: RandomState::new(),
            enabled: AtomicBool::new(true),
            keys_max: AtomicU64::new(u64::from(settings.keys_max)),
            settings: Mutex::new(settings),
            changing: Mutex::new(()),
            known: AtomicU64::new(0),
            evicted: AtomicU64::new(0),
            evicted_open: AtomicU64::new(0),
            unkept: AtomicU64::new(0),
        }
    }

    pub(crate) fn is_enabled(&self) -> bool {
        // Relaxed: a switch that guards no data.
        self.enabled.load(Ordering::Relaxed)
    }

    pub(crate) fn settings(&self) -> BranchSettings {
        lock(&self.settings).clone()
    }

    /// Changes how branches are kept (`None` takes them away) and what judges them, in the order
    /// of the calls, down to the breakers that they have.
    pub(crate) fn set(
        &self,
        circuit: &CircuitBreaker,
        settings: Option<BranchSettings>,
        by: &Author,
    ) {
        let changing = lock(&self.changing);
        self.enabled.store(settings.is_some(), Ordering::Relaxed);
        match settings {
            Some(settings) => {
                self.keys_max
                    .store(u64::from(settings.keys_max), Ordering::Relaxed);
                *lock(&self.settings) = settings;
                self.bring_up(circuit, by);
            }
            None => {
                self.clear();
                self.keys.forget();
            }
        }
        drop(changing);
        circuit.wake_readers();
    }

    /// The circuit's own settings changed: the aggregate's keys follow, and the branches that
    /// have none of their own.
    pub(crate) fn follow_circuit(&self, circuit: &CircuitBreaker, by: &Author) {
        let changing = lock(&self.changing);
        self.bring_up(circuit, by);
        drop(changing);
        circuit.wake_readers();
    }

    fn bring_up(&self, circuit: &CircuitBreaker, by: &Author) {
        let (own, settings) = (circuit.settings(), self.settings());
        self.keys
            .change(&own, settings.keys_min, circuit.clock().coarse());
        let config = Arc::new(config(&own, &settings));
        let tables = self.shards.iter();
        let whole: Vec<Whole> = tables
            .flat_map(|shard| lock(shard).change(&config))
            .collect();
        for branch in whole {
            branch.change_settings_quietly(config.settings.clone(), by);
        }
        self.trim();
    }

    pub(crate) fn stats(&self) -> BranchStats {
        self.end_holds();
        let mut stats = BranchStats {
            evicted: self.evicted.load(Ordering::Relaxed),
            evicted_open: self.evicted_open.load(Ordering::Relaxed),
            unkept: self.unkept.load(Ordering::Relaxed),
            ..BranchStats::default()
        };
        for shard in &self.shards {
            let table = lock(shard);
            let of = |class| table.length(class) as u64;
            stats.open += of(Class::Open);
            stats.held += of(Class::Held);
            stats.known += Class::ALL.map(of).iter().sum::<u64>();
        }
        stats
    }

    /// The key as the table keeps it.
    pub(crate) fn named<'a>(&self, key: &'a str) -> NamedKey<'a> {
        let kept = if key.len() <= KEY_BYTES_MAX {
            Cow::Borrowed(key)
        } else {
            let whole = self.hasher.hash_one(key);
            let mut end = KEY_BYTES_MAX - 20;
            while !key.is_char_boundary(end) {
                end -= 1;
            }
            Cow::Owned(format!("{}...{whole:016x}", &key[..end]))
        };
        NamedKey {
            hash: self.hash(&kept),
            kept,
        }
    }

    /// Of a kept key; never 0, which stands for no key.
    #[inline]
    fn hash(&self, kept: &str) -> u64 {
        self.hasher.hash_one(kept).max(1)
    }

    fn shard(&self, hash: u64) -> (u32, MutexGuard<'_, Table>) {
        // The upper bits: the index in a shard uses the lower ones.
        #[allow(clippy::cast_possible_truncation)]
        let number = (hash >> 56) as usize % self.shards.len();
        // At most 16.
        #[allow(clippy::cast_possible_truncation)]
        (number as u32, lock(&self.shards[number]))
    }
}

/// A key on its way to its branch.
pub(crate) struct NamedKey<'a> {
    kept: Cow<'a, str>,
    pub(crate) hash: u64,
}

/// A whole breaker of a branch.
pub(crate) type Whole = Arc<CircuitBreaker>;

fn config(circuit: &Settings, settings: &BranchSettings) -> Config {
    let settings = settings.breaker.as_ref().unwrap_or(circuit).clone();
    Config {
        rule: Rule::of(&settings),
        settings,
    }
}
