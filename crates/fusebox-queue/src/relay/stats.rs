//! What a relay shows of itself.

use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fusebox::Reason;
use tokio::time::Instant;

/// What a relay did since its start, and what it waits for.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RelayStats {
    /// Its queue.
    pub queue: Arc<str>,
    /// Messages that arrived.
    pub delivered: u64,
    /// Attempts that failed, panics included.
    pub failed: u64,
    /// Messages that the receiver refused for good, or that cannot be sent.
    pub refused: u64,
    /// Messages that used up their attempts.
    pub exhausted: u64,
    /// Messages that the receiver asked to send later.
    pub throttled: u64,
    /// Messages that were put off because the circuit, a branch or the relay's end let nothing
    /// pass.
    pub deferred: u64,
    /// Panics of the sink.
    pub panics: u64,
    /// Leases that had ended before it was written down how the sending went.
    pub lost: u64,
    /// Orders that the storage did not carry out.
    pub storage_errors: u64,
    /// What the storage said last, until it is well again.
    pub storage_error: Option<String>,
    /// Messages that are being sent.
    pub in_flight: u64,
    /// Messages per second that are allowed now.
    pub rate: f64,
    /// What it waits for.
    pub waits: Waits,
}

/// What a relay waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Waits {
    /// For a message that is due.
    Idle,
    /// For the circuit to let something pass.
    Circuit {
        /// Why it does not.
        reason: Reason,
        /// When it may; `None`: nobody knows.
        retry_after: Option<Duration>,
    },
    /// For the trial of a half-open circuit.
    Trial,
    /// For its pace, or because the receiver asked for a rest.
    Pace,
    /// For one of the messages that are being sent.
    Parallel,
    /// For the end of a pause.
    Paused,
    /// For the storage.
    Storage,
    /// For what is under way, to stop.
    Stopping,
    /// It has stopped.
    Stopped,
}

impl Waits {
    /// The same as a word: `idle`, `circuit`, `trial`, `pace`, `parallel`, `paused`, `storage`,
    /// `stopping`, `stopped`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Circuit { .. } => "circuit",
            Self::Trial => "trial",
            Self::Pace => "pace",
            Self::Parallel => "parallel",
            Self::Paused => "paused",
            Self::Storage => "storage",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
        }
    }
}

/// Shows what a relay does. A clone shows the same relay.
#[derive(Clone, Debug)]
pub struct RelayWatch(Arc<Shown>);

/// Counters of their own, and what changes together under one lock.
#[derive(Debug)]
struct Shown {
    queue: Arc<str>,
    counts: Counts,
    now: Mutex<Now>,
}

/// All relaxed: each is a figure for itself.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) delivered: AtomicU64,
    pub(super) failed: AtomicU64,
    pub(super) refused: AtomicU64,
    pub(super) exhausted: AtomicU64,
    pub(super) throttled: AtomicU64,
    pub(super) deferred: AtomicU64,
    pub(super) panics: AtomicU64,
    pub(super) lost: AtomicU64,
    pub(super) storage_errors: AtomicU64,
    pub(super) in_flight: AtomicU64,
    /// Tasks that cannot write down how a sending went: while there are some, nothing is leased.
    pub(super) unwritten: AtomicUsize,
    /// What the relay's own calls did to the breaker's totals.
    pub(super) own_good: AtomicI64,
    pub(super) own_bad: AtomicI64,
}

#[derive(Debug)]
struct Now {
    storage_error: Option<String>,
    rate: f64,
    waits: Waits,
    /// Since when, so that the time left is right whenever somebody looks.
    since: Option<Instant>,
}

impl RelayWatch {
    pub(super) fn new(queue: &Arc<str>) -> Self {
        let now = Now {
            storage_error: None,
            rate: 0.0,
            waits: Waits::Idle,
            since: None,
        };
        Self(Arc::new(Shown {
            queue: Arc::clone(queue),
            counts: Counts::default(),
            now: Mutex::new(now),
        }))
    }

    /// What it did, and what it waits for.
    pub fn stats(&self) -> RelayStats {
        let counts = &self.0.counts;
        let read = |count: &AtomicU64| count.load(Relaxed);
        let now = self.now();
        RelayStats {
            queue: Arc::clone(&self.0.queue),
            delivered: read(&counts.delivered),
            failed: read(&counts.failed),
            refused: read(&counts.refused),
            exhausted: read(&counts.exhausted),
            throttled: read(&counts.throttled),
            deferred: read(&counts.deferred),
            panics: read(&counts.panics),
            lost: read(&counts.lost),
            storage_errors: read(&counts.storage_errors),
            storage_error: now.storage_error.clone(),
            in_flight: read(&counts.in_flight),
            rate: now.rate,
            waits: now.waits_now(),
        }
    }

    pub(super) fn counts(&self) -> &Counts {
        &self.0.counts
    }

    pub(super) fn show(&self, waits: Waits, rate: f64, at: Instant) {
        let mut now = self.now();
        now.waits = waits;
        now.rate = rate;
        now.since = Some(at);
    }

    pub(super) fn has_stopped(&self) {
        self.now().waits = Waits::Stopped;
    }

    /// The storage did not do something.
    pub(super) fn storage_failed(&self, error: &crate::QueueError) {
        self.0.counts.storage_errors.fetch_add(1, Relaxed);
        let before = self.now().storage_error.replace(error.to_string());
        if before.is_none() {
            let queue = &*self.0.queue;
            tracing::warn!(queue, %error, "the relay waits for the queue's storage");
        }
    }

    pub(super) fn storage_is_well(&self) {
        if self.0.counts.unwritten.load(Relaxed) == 0 {
            self.now().storage_error = None;
        }
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        self.0.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Now {
    fn waits_now(&self) -> Waits {
        let passed = self.since.map(|since| since.elapsed()).unwrap_or_default();
        match self.waits {
            Waits::Circuit {
                reason,
                retry_after: Some(left),
            } => Waits::Circuit {
                reason,
                retry_after: Some(left.saturating_sub(passed)),
            },
            waits => waits,
        }
    }
}
