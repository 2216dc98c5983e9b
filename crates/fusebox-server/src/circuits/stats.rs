//! What the gateway counts for each circuit, beside what the breaker counts itself.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use crate::settings::Trouble;

/// Upper bounds of the latency buckets in microseconds; one more bucket holds what is slower.
pub const LATENCY_BOUNDS_US: [u64; 13] = [
    1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000,
    5_000_000, 10_000_000,
];

/// How a request ended, before any fallback took its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The upstream answered 1xx (101, an upgrade).
    Informational,
    /// The upstream answered 2xx.
    Successful,
    /// The upstream answered 3xx.
    Redirected,
    /// The upstream answered 4xx.
    Refused,
    /// The upstream answered 5xx.
    Failed,
    /// The breaker did not admit the call.
    Rejected,
    /// The upstream could not be connected to.
    Connect,
    /// The upstream did not answer in time.
    Timeout,
    /// The upstream broke off before its answer had come, or the answer could not be read.
    Reset,
    /// The client went away or broke off its request.
    Client,
    /// It waits behind others in the circuit's queue; it was not tried.
    Queued,
    /// The gateway had no room for its body; it was not tried.
    NoRoom,
}

impl Answer {
    /// All of them, in the order of the counters.
    pub const ALL: [Self; 12] = [
        Self::Informational,
        Self::Successful,
        Self::Redirected,
        Self::Refused,
        Self::Failed,
        Self::Rejected,
        Self::Connect,
        Self::Timeout,
        Self::Reset,
        Self::Client,
        Self::Queued,
        Self::NoRoom,
    ];

    /// The word for it in metrics and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Informational => "1xx",
            Self::Successful => "2xx",
            Self::Redirected => "3xx",
            Self::Refused => "4xx",
            Self::Failed => "5xx",
            Self::Rejected => "rejected",
            Self::Connect => "connect",
            Self::Timeout => "timeout",
            Self::Reset => "reset",
            Self::Client => "client",
            Self::Queued => "queued",
            Self::NoRoom => "buffer-full",
        }
    }

    /// What an upstream's status counts as.
    #[must_use]
    pub fn of_status(status: http::StatusCode) -> Self {
        match status.as_u16() {
            100..=199 => Self::Informational,
            200..=299 => Self::Successful,
            300..=399 => Self::Redirected,
            400..=499 => Self::Refused,
            _ => Self::Failed,
        }
    }
}

/// The kinds of fallbacks: one for each trouble, and the last for the next circuit.
const FALLBACKS: usize = Trouble::ALL.len() + 1;

/// Counters of one circuit, indexed by the variants of [`Answer`] and [`Trouble`]. They outlive
/// reloads. All are relaxed: each is read for itself.
#[derive(Debug, Default)]
pub struct CircuitStats {
    answers: [AtomicU64; Answer::ALL.len()],
    fallbacks: [AtomicU64; FALLBACKS],
    begun: AtomicU64,
    ended: AtomicU64,
    latency: [AtomicU64; LATENCY_BOUNDS_US.len() + 1],
    latency_sum_us: AtomicU64,
}

/// The latency histogram at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Latency {
    /// Requests per bucket (not cumulative): up to [`LATENCY_BOUNDS_US`], and one for the slower.
    pub buckets: [u64; LATENCY_BOUNDS_US.len() + 1],
    /// The sum of all latencies in microseconds.
    pub sum_us: u64,
}

impl Latency {
    /// How many requests were measured.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }
}

impl CircuitStats {
    /// Requests that were routed to this circuit.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.begun.load(Relaxed)
    }

    /// Requests whose answer is not yet sent to its end.
    #[must_use]
    pub fn in_flight(&self) -> u64 {
        // `ended` first: the other order could show an end without its beginning.
        let ended = self.ended.load(Relaxed);
        self.begun.load(Relaxed).saturating_sub(ended)
    }

    /// How many requests ended so.
    #[must_use]
    pub fn answers(&self, answer: Answer) -> u64 {
        self.answers[answer as usize].load(Relaxed)
    }

    /// Fallbacks by the trouble they stood in for, in words; `next` are the calls that another
    /// circuit answered.
    #[must_use]
    pub fn fallbacks(&self) -> [(&'static str, u64); FALLBACKS] {
        let mut counts = [("next", 0); FALLBACKS];
        for (count, trouble) in counts.iter_mut().zip(Trouble::ALL) {
            count.0 = trouble.as_str();
        }
        for (count, counter) in counts.iter_mut().zip(&self.fallbacks) {
            count.1 = counter.load(Relaxed);
        }
        counts
    }

    /// All fallbacks.
    #[must_use]
    pub fn fallbacks_total(&self) -> u64 {
        self.fallbacks
            .iter()
            .map(|counter| counter.load(Relaxed))
            .sum()
    }

    /// Time from the request's head to the answer's head, of requests that were answered.
    #[must_use]
    pub fn latency(&self) -> Latency {
        let mut latency = Latency {
            sum_us: self.latency_sum_us.load(Relaxed),
            ..Latency::default()
        };
        for (bucket, counter) in latency.buckets.iter_mut().zip(&self.latency) {
            *bucket = counter.load(Relaxed);
        }
        latency
    }

    pub(super) fn fell_back(&self, trouble: Trouble) {
        self.fallbacks[trouble as usize].fetch_add(1, Relaxed);
    }

    pub(super) fn fell_back_to_next(&self) {
        self.fallbacks[FALLBACKS - 1].fetch_add(1, Relaxed);
    }

    pub(super) fn begin(&self) {
        self.begun.fetch_add(1, Relaxed);
    }

    pub(super) fn end(&self) {
        self.ended.fetch_add(1, Relaxed);
    }

    pub(super) fn answered(&self, answer: Answer, took: Option<Duration>) {
        self.answers[answer as usize].fetch_add(1, Relaxed);
        let Some(took) = took else { return };
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bucket = LATENCY_BOUNDS_US.partition_point(|bound| *bound < us);
        self.latency[bucket].fetch_add(1, Relaxed);
        self.latency_sum_us.fetch_add(us, Relaxed);
    }
}
