//! What hosts know beside their circuits: the metrics `fusebox_*`.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::QueueFact;
use crate::family::Kind::{self, Counter, Gauge, Histogram};
use crate::family::Value::{self, Real, Whole};
use crate::family::{Own, Spread, Word};

/// Where an exporter reads what a host counts itself, at scrape time; the twin of
/// [`fusebox::Source`]. Several are put together in a `Vec<Arc<dyn Facts>>`; `()` has none.
///
/// ```
/// use fusebox::CircuitBreaker;
/// use fusebox_telemetry::{Classic, Exporter, Fact, Facts};
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use std::time::SystemTime;
///
/// /// An event stream's own books.
/// #[derive(Default)]
/// struct Stream {
///     clients: AtomicU64,
/// }
///
/// impl Facts for Stream {
///     fn facts(&self, visit: &mut dyn FnMut(Fact)) {
///         visit(Fact::StreamClients(self.clients.load(Ordering::Relaxed)));
///     }
/// }
///
/// let stream = Stream::default();
/// stream.clients.fetch_add(2, Ordering::Relaxed);
/// let breaker = CircuitBreaker::builder("rag").build()?;
/// let text = Classic::default().export_with(&breaker, &stream, SystemTime::now());
/// assert!(text.contains("\nfusebox_stream_clients 2\n"));
/// # Ok::<(), fusebox::SettingsError>(())
/// ```
///
/// A fact that two parts of a host tell is added up where it counts; of the others (those that say
/// how something is) the first is taken.
pub trait Facts: Send + Sync {
    /// Shows every fact there is. It is called in a scrape and should not wait.
    fn facts(&self, visit: &mut dyn FnMut(Fact));

    /// The same of queues, each fact with the name of its queue; none by default.
    fn queues(&self, visit: &mut dyn FnMut(&str, QueueFact)) {
        let _ = visit;
    }
}

/// One number of a host. Each variant says the metric that it becomes.
///
/// There is no place for a text that is made while the program runs: words are `'static`, and one
/// that is not of 1 to 40 letters `a` to `z`, digits, `_` and `-` becomes `other`. So no label
/// can hold what came in with a request, and the number of series stays bounded.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Fact {
    /// `fusebox_config_last_reload_success`: whether the last reading of the settings was taken
    /// over, the one at the start included.
    ConfigLastReloadSuccess(bool),
    /// `fusebox_config_last_reload_timestamp_seconds`: when settings were last taken over.
    ConfigLastReload(SystemTime),
    /// `fusebox_admin_requests_total{role,action,code}`: answered requests of the admin interface.
    AdminRequests {
        /// Of the caller: `viewer`, `operator`, `admin`, or `none` where nobody was recognised.
        role: &'static str,
        /// What was asked for, as the audit log names it; `read` for all that only reads.
        action: &'static str,
        /// The status of the answer.
        code: u16,
        /// How many since the start.
        count: u64,
    },
    /// `fusebox_stream_clients`: who listens to the event stream now.
    StreamClients(u64),
    /// `fusebox_store_writes_total`: batches that a store has kept.
    StoreWrites(u64),
    /// `fusebox_store_failures_total`: tries to keep one that failed.
    StoreFailures(u64),
    /// `fusebox_store_pending`: what waits to be kept.
    StorePending(u64),
    /// `fusebox_store_lag_seconds`: for how long the oldest of it has waited.
    StoreLag(Duration),
    /// `fusebox_store_healthy`: whether the store keeps what it is given.
    StoreHealthy(bool),
    /// `fusebox_queue_commit_duration_seconds`: how long the commits of all queues took.
    QueueCommits {
        /// Upper bounds, rising.
        bounds: &'static [Duration; 9],
        /// How many took at most as long as each bound but longer than the one before, and last
        /// how many longer than all.
        counts: [u64; 10],
        /// How long all took.
        sum: Duration,
    },
    /// `fusebox_queue_commit_failures_total`: commits that failed.
    QueueCommitFailures(u64),
    /// `fusebox_queue_wal_bytes`: bytes of the write-ahead log of the queues' file.
    QueueWalBytes(u64),
    /// `fusebox_queue_disk_free_bytes`: bytes that are free on the disk of that file.
    QueueDiskFree(u64),
    /// `fusebox_queue_storage_healthy`: whether the last commit was done and there is room.
    QueueStorageHealthy(bool),
}

/// A metric that belongs to no circuit.
pub(crate) struct Described {
    /// Without the suffix of its kind.
    pub(crate) name: &'static str,
    pub(crate) help: &'static str,
    pub(crate) kind: Kind,
}

/// All of them, in the order in which they are written.
pub(crate) const DESCRIBED: &[Described] = &[
    described(
        RELOAD_SUCCESS,
        Gauge,
        "1 if the last reload was taken over.",
    ),
    described(
        RELOAD_TIME,
        Gauge,
        "When settings were last taken over, in Unix time.",
    ),
    described(
        REQUESTS,
        Counter,
        "Answered requests of the admin interface.",
    ),
    described(CLIENTS, Gauge, "Clients of the event stream."),
    described(WRITES, Counter, "Batches that the store has kept."),
    described(FAILURES, Counter, "Tries to keep a batch that failed."),
    described(PENDING, Gauge, "What waits to be kept."),
    described(LAG, Gauge, "For how long the oldest of it has waited."),
    described(HEALTHY, Gauge, "1 while the store keeps what it is given."),
    described(
        QUEUE_COMMITS,
        Histogram,
        "Time that a commit of the queues took.",
    ),
    described(
        QUEUE_FAILURES,
        Counter,
        "Commits of the queues that failed.",
    ),
    described(QUEUE_WAL, Gauge, "Size of the queues' write-ahead log."),
    described(QUEUE_FREE, Gauge, "Free space on the disk of the queues."),
    described(
        QUEUE_HEALTHY,
        Gauge,
        "1 while the queues can be written to.",
    ),
];

const RELOAD_SUCCESS: &str = "fusebox_config_last_reload_success";
const RELOAD_TIME: &str = "fusebox_config_last_reload_timestamp_seconds";
const REQUESTS: &str = "fusebox_admin_requests";
const CLIENTS: &str = "fusebox_stream_clients";
const WRITES: &str = "fusebox_store_writes";
const FAILURES: &str = "fusebox_store_failures";
const PENDING: &str = "fusebox_store_pending";
const LAG: &str = "fusebox_store_lag_seconds";
const HEALTHY: &str = "fusebox_store_healthy";
const QUEUE_COMMITS: &str = "fusebox_queue_commit_duration_seconds";
const QUEUE_FAILURES: &str = "fusebox_queue_commit_failures";
const QUEUE_WAL: &str = "fusebox_queue_wal_bytes";
const QUEUE_FREE: &str = "fusebox_queue_disk_free_bytes";
const QUEUE_HEALTHY: &str = "fusebox_queue_storage_healthy";

/// Long enough for every word that a program uses, too short for a token or a URL.
const WORD_MAX: usize = 40;

pub(crate) const fn described(name: &'static str, kind: Kind, help: &'static str) -> Described {
    Described { name, help, kind }
}

impl Fact {
    /// The metric that it belongs to, its labels and its value.
    pub(crate) fn sample(self) -> (&'static str, Own, Value) {
        let (name, value) = match self {
            Self::ConfigLastReloadSuccess(good) => (RELOAD_SUCCESS, Whole(good.into())),
            Self::ConfigLastReload(at) => {
                let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
                (RELOAD_TIME, Real(since.as_secs_f64()))
            }
            Self::AdminRequests { count, .. } => (REQUESTS, Whole(count)),
            Self::StreamClients(clients) => (CLIENTS, Whole(clients)),
            Self::StoreWrites(writes) => (WRITES, Whole(writes)),
            Self::StoreFailures(failures) => (FAILURES, Whole(failures)),
            Self::StorePending(pending) => (PENDING, Whole(pending)),
            Self::StoreLag(lag) => (LAG, Real(lag.as_secs_f64())),
            Self::StoreHealthy(healthy) => (HEALTHY, Whole(healthy.into())),
            Self::QueueCommits {
                bounds,
                counts,
                sum,
            } => (QUEUE_COMMITS, spread(bounds, counts, sum)),
            Self::QueueCommitFailures(failures) => (QUEUE_FAILURES, Whole(failures)),
            Self::QueueWalBytes(bytes) => (QUEUE_WAL, Whole(bytes)),
            Self::QueueDiskFree(bytes) => (QUEUE_FREE, Whole(bytes)),
            Self::QueueStorageHealthy(healthy) => (QUEUE_HEALTHY, Whole(healthy.into())),
        };
        (name, self.own(), value)
    }

    fn own(self) -> Own {
        let Self::AdminRequests {
            role, action, code, ..
        } = self
        else {
            return Own::None;
        };
        Own::Many(Box::new([
            ("role", word(role)),
            ("action", word(action)),
            ("code", status(code)),
        ]))
    }
}

fn spread(bounds: &[Duration; 9], counts: [u64; 10], sum: Duration) -> Value {
    let bounds = bounds.iter().map(Duration::as_secs_f64);
    let buckets = bounds.chain([f64::INFINITY]).zip(counts);
    Value::Spread(Box::new(Spread {
        buckets: buckets.collect(),
        sum: sum.as_secs_f64(),
    }))
}

/// A label's value, if it is a plain word.
pub(crate) fn word(text: &'static str) -> Word {
    let plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-');
    let fits = (1..=WORD_MAX).contains(&text.len()) && text.bytes().all(plain);
    Word::Fixed(if fits { text } else { OTHER })
}

fn status(code: u16) -> Word {
    match code {
        100..=599 => Word::Named(code.to_string().into()),
        _ => Word::Fixed(OTHER),
    }
}

const OTHER: &str = "other";

impl Facts for () {
    fn facts(&self, _: &mut dyn FnMut(Fact)) {}
}

impl<F: Facts + ?Sized> Facts for &F {
    fn facts(&self, visit: &mut dyn FnMut(Fact)) {
        (**self).facts(visit);
    }

    fn queues(&self, visit: &mut dyn FnMut(&str, QueueFact)) {
        (**self).queues(visit);
    }
}

impl<F: Facts + ?Sized> Facts for Arc<F> {
    fn facts(&self, visit: &mut dyn FnMut(Fact)) {
        (**self).facts(visit);
    }

    fn queues(&self, visit: &mut dyn FnMut(&str, QueueFact)) {
        (**self).queues(visit);
    }
}

impl<F: Facts> Facts for Vec<F> {
    fn facts(&self, visit: &mut dyn FnMut(Fact)) {
        self.iter().for_each(|facts| facts.facts(visit));
    }

    fn queues(&self, visit: &mut dyn FnMut(&str, QueueFact)) {
        self.iter().for_each(|facts| facts.queues(visit));
    }
}
