//! What is counted.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::PushError;

/// What a publisher did since its start. What the queue and its relay did, they tell themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct KafkaStats {
    /// Events that Kafka took at once.
    pub live: u64,
    /// Events that were queued behind others of their key.
    pub behind: u64,
    /// Events that were queued because the circuit let nothing pass.
    pub rejected: u64,
    /// Events that were queued because librdkafka's queue was full.
    pub pressure: u64,
    /// Events that were sent, did not arrive and were queued.
    pub spilled: u64,
    /// Of these, those that may have arrived: no more repeats than these can come of them.
    pub unknown: u64,
    /// Events that were queued unsent because the publisher was being closed.
    pub closing: u64,
    /// Events that were refused for good: their callers were told.
    pub refused: u64,
    /// Events that the queue did not take: their callers were told.
    pub not_kept: u64,
    /// Of these, those that found it full.
    pub overflowed: u64,
    /// Events that failed or were rejected without a queue, or panicked: their callers were told.
    pub failed: u64,
    /// Of these, those whose carrying panicked.
    pub panics: u64,
    /// Events that were not taken because too many waited: their callers were told.
    pub busy: u64,
    /// Events that have no answer yet.
    pub unanswered: u64,
    /// Producers that took the place of one that had come to its end.
    pub rebuilds: u64,
}

impl KafkaStats {
    /// Events that went to the queue, for whatever reason.
    pub const fn queued(&self) -> u64 {
        self.behind + self.rejected + self.pressure + self.spilled + self.closing
    }
}

#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) live: AtomicU64,
    pub(super) behind: AtomicU64,
    pub(super) rejected: AtomicU64,
    pub(super) pressure: AtomicU64,
    pub(super) spilled: AtomicU64,
    pub(super) unknown: AtomicU64,
    pub(super) closing: AtomicU64,
    pub(super) refused: AtomicU64,
    pub(super) not_kept: AtomicU64,
    pub(super) overflowed: AtomicU64,
    pub(super) failed: AtomicU64,
    pub(super) panics: AtomicU64,
    pub(super) busy: AtomicU64,
}

pub(super) fn add(count: &AtomicU64) {
    count.fetch_add(1, Relaxed);
}

impl Counts {
    /// The queue did not take an event; whether it was full.
    pub(super) fn was_not_kept(&self, error: &PushError) -> bool {
        add(&self.not_kept);
        let is_full = matches!(error, PushError::Full { .. } | PushError::DiskFull { .. });
        if is_full {
            add(&self.overflowed);
        }
        is_full
    }

    pub(super) fn read(&self, unanswered: usize, rebuilds: u64) -> KafkaStats {
        let read = |count: &AtomicU64| count.load(Relaxed);
        KafkaStats {
            live: read(&self.live),
            behind: read(&self.behind),
            rejected: read(&self.rejected),
            pressure: read(&self.pressure),
            spilled: read(&self.spilled),
            unknown: read(&self.unknown),
            closing: read(&self.closing),
            refused: read(&self.refused),
            not_kept: read(&self.not_kept),
            overflowed: read(&self.overflowed),
            failed: read(&self.failed),
            panics: read(&self.panics),
            busy: read(&self.busy),
            unanswered: u64::try_from(unanswered).unwrap_or(u64::MAX),
            rebuilds,
        }
    }
}
