//! How the keeper is.

use std::time::Duration;

/// What a keeper shows of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeeperStats {
    /// Batches written.
    pub writes: u64,
    /// Writes and loads that failed, retries included.
    pub failures: u64,
    /// Changes that are not durable yet: circuits, events, actions and replay files.
    pub pending: usize,
    /// Events that nobody could keep. Each gap is a `missed` row of the history.
    pub lost: u64,
    /// Circuits, branches and overrides that were put where they were before the start.
    pub restored: u64,
    /// What the storage said last when it failed.
    pub last_error: Option<String>,
    /// How long the oldest pending change has been waiting.
    pub lag: Duration,
    /// Whether what was kept has been loaded, the last write went well, and nothing has been
    /// waiting for 2 s or longer.
    pub healthy: bool,
}

/// So long a change may wait in a healthy keeper.
pub(super) const LAG_MAX: Duration = Duration::from_secs(2);
