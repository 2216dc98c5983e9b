//! Branches: one circuit, judged apart for each key (R19).
//!
//! The circuit's own breaker is the aggregate of all. A call asks it first and its branch second;
//! its outcome enters both, a rejection by the branch neither. Branches stand in a table that is
//! bounded and cut into shards, each behind a lock that is held for some ten nanoseconds:
//!
//! - A branch that nothing is wrong with is *quiet*: a slot of 96 bytes that counts successes
//!   (`quiet.rs`). At its first failure it becomes a whole breaker, the same type that every
//!   circuit has, and goes back once there is nothing to remember. So there is one machine.
//! - `table.rs` keeps slots in lists by class and time of use: closed ones go first when room is
//!   needed, open ones only then, held ones never.
//! - `keys.rs` knows how many keys the aggregate's failures came from.

mod admission;
mod handle;
mod key;
mod keys;
mod quiet;
mod room;
mod settings;
mod slot;
mod table;

pub(crate) use handle::BranchTicket;
pub use handle::{BranchPermit, Keyed};
pub(crate) use keys::{KeyedOutcome, Keys};
pub use settings::{BranchSettings, BranchSettingsBuilder};

use crate::clock::Tick;
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
    /// The settings as they were given; also orders their changes.
    settings: Mutex<BranchSettings>,
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

    /// The circuit's settings or those of its branches changed; `None` takes the branches away.
    /// The breakers that have to change too.
    pub(crate) fn change(
        &self,
        circuit: &Settings,
        settings: Option<BranchSettings>,
        now: Tick,
    ) -> Vec<Whole> {
        let mut kept = lock(&self.settings);
        self.enabled.store(settings.is_some(), Ordering::Relaxed);
        let Some(settings) = settings else {
            drop(kept);
            self.clear();
            return Vec::new();
        };
        *kept = settings.clone();
        self.keys_max
            .store(u64::from(settings.keys_max), Ordering::Relaxed);
        self.keys.change(circuit, settings.keys_min, now);
        let config = Arc::new(config(circuit, &settings));
        let mut whole = Vec::new();
        for shard in &self.shards {
            whole.extend(lock(shard).change(&config));
        }
        drop(kept);
        while self.known.load(Ordering::Relaxed) > u64::from(settings.keys_max) {
            if !self.evict_one() {
                break;
            }
        }
        whole
    }

    pub(crate) fn stats(&self) -> BranchStats {
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
    fn kept<'a>(&self, key: &'a str) -> Cow<'a, str> {
        if key.len() <= KEY_BYTES_MAX {
            return Cow::Borrowed(key);
        }
        let whole = self.hasher.hash_one(key);
        let mut end = KEY_BYTES_MAX - 20;
        while !key.is_char_boundary(end) {
            end -= 1;
        }
        Cow::Owned(format!("{}...{whole:016x}", &key[..end]))
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

/// A whole breaker of a branch.
pub(crate) type Whole = Arc<crate::breaker::CircuitBreaker>;

fn config(circuit: &Settings, settings: &BranchSettings) -> Config {
    let settings = settings.breaker.as_ref().unwrap_or(circuit).clone();
    Config {
        rule: Rule::of(&settings),
        settings,
    }
}
