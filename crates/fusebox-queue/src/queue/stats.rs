//! What is counted, since the queues were opened.

use std::time::{Duration, SystemTime};

use crate::StorageError;

/// Figures of one queue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueueStats {
    /// Messages that were pushed, without repeats.
    pub pushed: u64,
    /// Pushes that were answered with an earlier message.
    pub repeats: u64,
    /// Pushes that were refused.
    pub rejected: PushesRejected,
    /// Leases that were given.
    pub leased: u64,
    /// Messages that arrived.
    pub delivered: u64,
    /// Attempts that failed and are made again.
    pub retried: u64,
    /// Leases that were given back unsent.
    pub deferred: u64,
    /// Messages that became dead letters.
    pub dead: Deaths,
    /// Leases whose sender went away without a word.
    pub crashed: u64,
    /// Messages that grew too old.
    pub expired: u64,
    /// Messages that did not match their checksums.
    pub corrupt: u64,
    /// Messages that wait or are being sent.
    pub depth: u64,
    /// Their bytes and those of the dead letters. This and the rest: about a second ago.
    pub bytes: u64,
    /// Dead letters that are there.
    pub dead_letters: u64,
    /// Messages that are being sent.
    pub in_flight: u64,
    /// When the oldest one that waits was pushed.
    pub oldest: Option<SystemTime>,
    /// Groups that are paused by themselves, as it is now.
    pub paused_groups: u64,
}

/// Pushes that were refused, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PushesRejected {
    /// Too many messages.
    pub messages: u64,
    /// Too many bytes.
    pub bytes: u64,
    /// The message alone is too large.
    pub too_large: u64,
    /// The idempotency key belongs to another message.
    pub mismatch: u64,
    /// The disk is full.
    pub disk_full: u64,
    /// The disk is too far behind.
    pub busy: u64,
    /// The storage failed: some of these may be there.
    pub failed: u64,
}

/// Messages that became dead letters, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Deaths {
    /// Refused for good.
    pub refused: u64,
    /// All tries used up.
    pub attempts: u64,
    /// Senders crashed too often.
    pub crashes: u64,
    /// Too old.
    pub expired: u64,
    /// Damaged.
    pub corrupt: u64,
}

/// Figures of all queues of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueuesStats {
    /// Commits that were done.
    pub commits: u64,
    /// Commits that failed.
    pub failures: u64,
    /// Orders in the commits that were done.
    pub orders: u64,
    /// The largest commit, in orders.
    pub orders_max: u64,
    /// How long all commits took, by the wall clock.
    pub commit_time: Duration,
    /// How long the longest took.
    pub commit_time_max: Duration,
    /// How many commits took at most as long as each of [`COMMIT_TIMES`](Self::COMMIT_TIMES), and
    /// how many longer.
    pub commit_times: [u64; 10],
    /// The last error, as long as no commit has been done since.
    pub last_error: Option<StorageError>,
    /// Whether the last commit was done and there is room.
    pub is_healthy: bool,
    /// Bytes of the write-ahead log.
    pub wal_bytes: u64,
    /// Free bytes of the disk; `None`: nobody knows.
    pub free_bytes: Option<u64>,
}

impl QueuesStats {
    /// Upper bounds of the classes of `commit_times` but the last: from a memory's speed to a disk
    /// that is in trouble.
    pub const COMMIT_TIMES: [Duration; 9] = [
        Duration::from_micros(100),
        Duration::from_micros(300),
        Duration::from_millis(1),
        Duration::from_millis(3),
        Duration::from_millis(10),
        Duration::from_millis(30),
        Duration::from_millis(100),
        Duration::from_millis(300),
        Duration::from_secs(1),
    ];

    pub(super) fn committed(&mut self, orders: usize, took: Duration) {
        let orders = u64::try_from(orders).unwrap_or(u64::MAX);
        self.commits += 1;
        self.orders += orders;
        self.orders_max = self.orders_max.max(orders);
        self.commit_time += took;
        self.commit_time_max = self.commit_time_max.max(took);
        let class = Self::COMMIT_TIMES.partition_point(|bound| *bound < took);
        self.commit_times[class] += 1;
        self.last_error = None;
    }

    pub(super) fn failed(&mut self, error: &StorageError) {
        self.failures += 1;
        self.last_error = Some(error.clone());
    }
}

impl Default for QueuesStats {
    fn default() -> Self {
        Self {
            commits: 0,
            failures: 0,
            orders: 0,
            orders_max: 0,
            commit_time: Duration::ZERO,
            commit_time_max: Duration::ZERO,
            commit_times: [0; 10],
            last_error: None,
            is_healthy: true,
            wal_bytes: 0,
            free_bytes: None,
        }
    }
}
