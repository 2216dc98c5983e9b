//! A storage in Redis, for instances that share what they know and machines without a disk.
//!
//! Written behind, one transaction for a batch (`WATCH`, `MULTI`, `EXEC`; no scripts), one file for
//! each direction: `plan` and `write` put, `read` gets, `trim` forgets. `link` is the only one that
//! speaks to the server, `reply` the only one that takes what it says apart, `keys` the only one
//! that knows names. What is read is not trusted: it is an error or, in the history, left out and
//! told in the log.

mod keys;
mod link;
mod plan;
mod read;
mod reply;
mod settings;
#[cfg(feature = "redis-tls")]
mod tls;
mod trim;
mod write;

use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::{BuildHasher, Hasher};
use std::time::{Duration, SystemTime};

use fusebox::environment::Variables;
pub use settings::RedisSettingsError;

use self::keys::Keys;
use self::link::Link;
use crate::{
    AuditEntry, AuditQuery, Batch, EventQuery, EventRecord, Kept, Limits, Page, Storage,
    StoreError, Written,
};

/// What this version writes.
const SCHEMA: i64 = 1;

/// Keeps records in a Redis server; tested with 7.0. It needs no command newer than 6.0.
///
/// ```no_run
/// use fusebox::environment::Variables;
/// use fusebox_store::Redis;
///
/// // REDIS_URL=rediss://user:password@redis.internal:6380/0
/// // REDIS_CIRCUIT_BREAKER_TTL=3600
/// if let Some(redis) = Redis::from_variables(&Variables::of_process())? {
///     println!("states are kept at {}", redis.place());
/// }
/// # Ok::<(), fusebox_store::RedisSettingsError>(())
/// ```
///
/// - `REDIS_URL` (default none: no Redis): `redis://[USER[:PASSWORD]@]HOST[:PORT][/DATABASE]`, the
///   same with `rediss://` for TLS, or `redis+unix:///PATH`.
/// - `REDIS_CIRCUIT_BREAKER_TTL` (default 3600): whole seconds, 1 to 31536000.
///
/// What stands where (a prefix, if one is set, comes before every name):
///
/// - `circuit_breaker_state:<circuit>`: a hash that lives for the TTL. `service_name` (the name of
///   the circuit), `state` (`closed`, `open`, `half-open`), `timestamp` (RFC 3339), `fail_counter`
///   (failures in a row), and `fusebox`: the whole record with its branches, as JSON.
/// - `circuit_breaker_history:<circuit>`: a stream of the newest 1,000 or so events, for who reads
///   Redis without Fusebox; it lives for the TTL after the last write.
/// - `fusebox:circuits` which circuits there are, `fusebox:main` the main breaker while it is open,
///   `fusebox:overrides` the overrides by circuit.
/// - `fusebox:events` the history under its numbers, `fusebox:events:<circuit>` which of them are a
///   circuit's.
/// - `fusebox:replay:<event>` a replay file; `fusebox:replays:<circuit>` and `fusebox:replayed` say
///   which there are.
/// - `fusebox:audit`: the audit log, only ever appended, its entries chained.
/// - `fusebox:numbers`: the newest number of each list, and the schema.
/// - `fusebox:writer:<id>`: what a storage wrote last, so that a batch that is tried again is
///   written once. It lives for a day.
///
/// Everything is written behind, in one transaction (`WATCH`, `MULTI`, `EXEC`; no scripts). The
/// keeper writes each state again well before its TTL is over, so that a server that was emptied or
/// restarted empty knows all of them again soon. States that nobody writes again, because every
/// instance is down, are gone after the TTL: also a circuit that only a person may close.
///
/// How durable a write is, is what the server's own persistence (`appendonly`) makes of it. A
/// server that is away, hangs, is full or read-only gives [`StoreError::Unavailable`] or
/// [`StoreError::Slow`], after 0.5 s for the connection and 0.5 s for each answer. Redis Cluster is
/// not supported: one batch has keys of several slots.
///
/// A user of its own needs, without a prefix: `~circuit_breaker_* ~fusebox:* +@read +@write
/// +@transaction +@connection -@dangerous`.
///
/// Nothing is connected before the first use, and again after each trouble; so a server that is
/// away is an error of that use and never one of the constructor. The password of the URL is in no
/// text that this type gives.
pub struct Redis {
    link: Link,
    keys: Keys,
    ttl: Duration,
    /// Different in each value of this type, in every process.
    writer: String,
    seen: Seen,
}

/// What this value knows to have been in the lists, also when the server was emptied since:
/// numbers go on from there, and the gap in the audit log shows.
#[derive(Debug, Default)]
struct Seen {
    event: u64,
    audit: Option<(u64, String)>,
}

impl Redis {
    /// How long states live: an hour.
    pub const TTL: Duration = Duration::from_secs(3600);

    /// A storage at `redis://[USER[:PASSWORD]@]HOST[:PORT][/DATABASE]`; port 6379 and database 0
    /// where not said. `rediss://` encrypts (feature `redis-tls`) and trusts the machine's roots;
    /// `redis+unix:///PATH` is a socket of this machine.
    ///
    /// # Errors
    /// A URL that is none of these. The text says what is allowed, and nothing of what was given.
    pub fn open(url: &str) -> Result<Self, RedisSettingsError> {
        let random = || RandomState::new().build_hasher().finish();
        Ok(Self {
            link: settings::link(url)?,
            keys: Keys::default(),
            ttl: Self::TTL,
            writer: format!("{:016x}{:016x}", random(), random()),
            seen: Seen::default(),
        })
    }

    /// What `REDIS_URL` and `REDIS_CIRCUIT_BREAKER_TTL` say; `None`: `REDIS_URL` is not set.
    ///
    /// # Errors
    /// A variable that is set to something else than the table above allows, also to nothing.
    pub fn from_variables(variables: &Variables<'_>) -> Result<Option<Self>, RedisSettingsError> {
        settings::from_variables(variables)
    }

    /// How long states and histories live in the server after they were last written, in whole
    /// seconds of at least 1; what is finer is cut off. Default [`Redis::TTL`]. Each is written
    /// again after a third of it, and after 60 s at the latest.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = settings::within_bounds(ttl);
        self
    }

    /// Put before every key, for programs that share one database: `shop:` gives
    /// `shop:circuit_breaker_state:<circuit>`. Default none.
    pub fn prefix(mut self, prefix: &str) -> Self {
        self.keys = Keys::after(prefix);
        self
    }

    /// Where it is: the URL without user and password.
    pub fn place(&self) -> &str {
        self.link.place()
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis")
            .field("place", &self.place())
            .field("ttl", &self.ttl)
            .field("keys", &self.keys)
            .finish_non_exhaustive()
    }
}

impl Storage for Redis {
    fn load(&mut self) -> Result<Kept, StoreError> {
        read::load(self)
    }

    fn write(&mut self, batch: &Batch) -> Result<Written, StoreError> {
        write::batch(self, batch)
    }

    fn events(&mut self, query: &EventQuery) -> Result<Page<EventRecord>, StoreError> {
        read::events(self, query)
    }

    fn replay(&mut self, event: u64) -> Result<Option<String>, StoreError> {
        read::replay(self, event)
    }

    fn audit(&mut self, query: &AuditQuery) -> Result<Page<AuditEntry>, StoreError> {
        read::audit(self, query)
    }

    fn trim(&mut self, limits: &Limits, now: SystemTime) -> Result<(), StoreError> {
        trim::trim(self, limits, now)
    }

    fn audit_last(&mut self) -> Result<Option<u64>, StoreError> {
        read::audit_last(self).map(Some)
    }

    /// A third of the TTL, so that a write may fail once and a state still does not expire.
    fn rewrite_every(&self) -> Duration {
        (self.ttl / 3).min(Duration::from_secs(60))
    }
}
