//! What it came to, for one copy.

use std::time::Duration;

use serde_json::{Value, json};

use super::book::{Book, Recoveries, Users};
use super::document::round;

/// What the clients of one copy counted, over all systems.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Score {
    pub(crate) users: u64,
    pub(crate) answered: u64,
    /// Of those with whom both copies are done; none before the first.
    pub(crate) answered_share: Option<f64>,
    pub(crate) degraded: u64,
    pub(crate) failed: u64,
    pub(crate) cascades: u64,
    pub(crate) calls: u64,
    pub(crate) wasted: u64,
    pub(crate) recoveries: u64,
    pub(crate) recovery_last: Option<Duration>,
    pub(crate) recovery_worst: Option<Duration>,
}

impl Score {
    /// `answered_share` is that of the users with whom both copies are done.
    pub(super) fn of(book: &Book, answered_share: Option<f64>) -> Score {
        let sum = |of: fn(&Users) -> u64| book.systems.iter().map(of).sum::<u64>();
        let Recoveries { count, last, worst } = book.recoveries;
        Score {
            users: sum(|users| users.came),
            answered: sum(|users| users.answered),
            answered_share,
            degraded: sum(|users| users.degraded),
            failed: sum(|users| users.failed),
            cascades: sum(|users| users.cascades),
            calls: book.upstreams.iter().map(|calls| calls.made).sum(),
            wasted: book.upstreams.iter().map(|calls| calls.wasted).sum(),
            recoveries: count,
            recovery_last: last,
            recovery_worst: worst,
        }
    }

    pub(crate) fn to_json(self) -> Value {
        let seconds = |time: Duration| round(time.as_secs_f64());
        json!({
            "users": self.users,
            "answered": self.answered,
            "degraded": self.degraded,
            "failed": self.failed,
            "answered_share": self.answered_share.map(round),
            "calls": self.calls,
            "wasted": self.wasted,
            "cascades": self.cascades,
            "recoveries": self.recoveries,
            "recovery_seconds_last": self.recovery_last.map(seconds),
            "recovery_seconds_worst": self.recovery_worst.map(seconds),
        })
    }
}
