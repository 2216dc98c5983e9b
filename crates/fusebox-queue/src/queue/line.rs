//! One queue as long as the process lives: its settings, what is counted and what is known of it.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::bell::Bell;
use super::stats::QueueStats;
use crate::message::Pushed;
use crate::record::{Death, Depth};
use crate::settings::QueueSettings;
use crate::storage::{Ending, LeasesTaken, PushRefused};

pub(super) struct Line {
    name: Arc<str>,
    settings: Mutex<Arc<QueueSettings>>,
    tally: Mutex<Tally>,
    bell: Arc<Bell>,
}

/// What is counted. Its depth is that of the last look at the storage; only `alive` is exact.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) stats: QueueStats,
    /// Messages that wait or are being sent; `None`: a commit failed, and nobody knows.
    pub(super) alive: Option<u64>,
}

impl Line {
    pub(super) fn new(name: Arc<str>, settings: QueueSettings) -> Self {
        Self {
            name,
            settings: Mutex::new(Arc::new(settings)),
            tally: Mutex::default(),
            bell: Arc::default(),
        }
    }

    pub(super) fn name(&self) -> &Arc<str> {
        &self.name
    }

    pub(super) fn bell(&self) -> &Arc<Bell> {
        &self.bell
    }

    pub(super) fn settings(&self) -> Arc<QueueSettings> {
        let settings = self.settings.lock();
        Arc::clone(&settings.unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn set(&self, settings: QueueSettings) {
        let mut held = self.settings.lock().unwrap_or_else(PoisonError::into_inner);
        *held = Arc::new(settings);
    }

    pub(super) fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn was_pushed(&self, pushed: &Result<Pushed, PushRefused>) {
        let mut tally = self.tally();
        match pushed {
            Ok(pushed) if pushed.is_repeat() => tally.repeats += 1,
            Ok(_) => {
                tally.pushed += 1;
                tally.came(1);
            }
            Err(PushRefused::Messages(_)) => tally.rejected.messages += 1,
            Err(PushRefused::Bytes(_)) => tally.rejected.bytes += 1,
            Err(PushRefused::Mismatch(_)) => tally.rejected.mismatch += 1,
        }
    }

    pub(super) fn was_leased(&self, taken: &LeasesTaken) {
        let mut tally = self.tally();
        tally.leased += u64::try_from(taken.leased.len()).unwrap_or(u64::MAX);
        tally.crashed += taken.crashed;
        tally.expired += taken.expired;
        tally.corrupt += taken.corrupt;
        tally.dead.crashes += taken.dead;
        tally.dead.expired += taken.expired;
        tally.dead.corrupt += taken.corrupt;
        tally.went(taken.dead + taken.expired + taken.corrupt);
    }

    pub(super) fn was_settled(&self, ending: &Ending) {
        let mut tally = self.tally();
        match ending {
            Ending::Delivered { .. } => {
                tally.delivered += 1;
                tally.went(1);
            }
            Ending::Again { .. } => tally.retried += 1,
            Ending::Deferred { .. } => tally.deferred += 1,
            Ending::Dead { death, .. } => {
                let dead = &mut tally.dead;
                let count = match death {
                    Death::Refused => &mut dead.refused,
                    Death::Attempts => &mut dead.attempts,
                    Death::Crashes => &mut dead.crashes,
                    Death::Expired => &mut dead.expired,
                    Death::Corrupt => &mut dead.corrupt,
                };
                *count += 1;
                tally.went(1);
            }
        }
    }

    pub(super) fn has_expired(&self, count: u64) {
        let mut tally = self.tally();
        tally.expired += count;
        tally.dead.expired += count;
        tally.went(count);
    }

    /// What the storage says; one that is not there was never used.
    pub(super) fn looks_like(&self, depths: &[Depth]) {
        let mut depths = depths.iter();
        let depth = depths.find(|depth| *depth.queue == *self.name);
        let depth = depth.cloned().unwrap_or_default();
        let mut tally = self.tally();
        tally.alive = Some(depth.messages);
        tally.stats.depth = depth.messages;
        tally.stats.bytes = depth.bytes;
        tally.stats.dead_letters = depth.dead;
        tally.stats.in_flight = depth.in_flight;
        tally.stats.oldest = depth.oldest;
    }

    /// A commit failed: what is in it is known only after the next look.
    pub(super) fn is_unknown(&self) {
        self.tally().alive = None;
    }

    pub(super) fn stats(&self) -> QueueStats {
        let tally = self.tally();
        let mut stats = tally.stats.clone();
        stats.depth = tally.alive.unwrap_or(stats.depth);
        stats
    }
}

impl Tally {
    fn came(&mut self, count: u64) {
        self.alive = self.alive.map(|alive| alive.saturating_add(count));
    }

    fn went(&mut self, count: u64) {
        self.alive = self.alive.map(|alive| alive.saturating_sub(count));
    }
}

impl std::ops::Deref for Tally {
    type Target = QueueStats;

    fn deref(&self) -> &QueueStats {
        &self.stats
    }
}

impl std::ops::DerefMut for Tally {
    fn deref_mut(&mut self) -> &mut QueueStats {
        &mut self.stats
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Line")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
