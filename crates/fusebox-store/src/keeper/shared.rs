//! What the keeper's handles and its two threads share.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::thread::Thread;
use std::time::Duration;

use fusebox::{Clock, Registry, SystemClock, Tick};

use super::answer::Patience;
use super::builder::Options;
use super::dial::Dial;
use super::feed::Followers;
use super::inbox::{Inbox, Stage};
use super::restore::Restoring;
use super::stats::{KeeperStats, LAG_MAX};
use crate::{Kept, StoreError};

/// Locks are taken in this order: `inbox`, then that of `restoring`, then `health`.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) registry: Registry,
    pub(super) dial: Dial,
    pub(super) options: Options,
    pub(super) restoring: Restoring,
    pub(super) followers: Followers,
    pub(super) follower: OnceLock<Thread>,
    inbox: Mutex<Inbox>,
    /// Rings when the inbox has something new, or reaches another stage.
    bell: Condvar,
    health: Mutex<Health>,
    patience: Mutex<Vec<(Tick, Weak<dyn Patience>)>>,
}

/// How the writer is.
#[derive(Debug, Default)]
pub(super) struct Health {
    pub(super) writes: u64,
    pub(super) failures: u64,
    pub(super) restored: u64,
    pub(super) failing: bool,
    pub(super) last_error: Option<String>,
    /// Changes in the writer's hands, and since when the oldest waits.
    pub(super) held: usize,
    pub(super) held_since: Option<Tick>,
}

impl Shared {
    pub(super) fn new(registry: &Registry, options: Options) -> Arc<Self> {
        Arc::new(Self {
            dial: Dial::new(registry, Arc::clone(&options.wall)),
            inbox: Mutex::new(Inbox::new(registry.subscribe(), options.events_waiting_max)),
            registry: registry.clone(),
            options,
            restoring: Restoring::default(),
            followers: Followers::default(),
            follower: OnceLock::new(),
            bell: Condvar::new(),
            health: Mutex::default(),
            patience: Mutex::default(),
        })
    }

    pub(super) fn inbox(&self) -> MutexGuard<'_, Inbox> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The inbox with everything in it that has been told so far.
    pub(super) fn drained(&self) -> MutexGuard<'_, Inbox> {
        let mut inbox = self.inbox();
        if matches!(inbox.stage, Stage::Running | Stage::Closing) {
            inbox.drain(&self.dial.now(), &self.restoring);
        }
        inbox
    }

    pub(super) fn ring(&self) {
        self.bell.notify_all();
    }

    /// Waits for the bell, `at_most` so long.
    pub(super) fn listen<'a>(
        &self,
        inbox: MutexGuard<'a, Inbox>,
        at_most: Duration,
    ) -> MutexGuard<'a, Inbox> {
        let heard = self.bell.wait_timeout(inbox, at_most);
        heard.unwrap_or_else(PoisonError::into_inner).0
    }

    pub(super) fn health(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was kept has been loaded.
    pub(super) fn loaded(&self, kept: Kept) {
        self.restoring.begin(&self.registry, kept, &self.dial.now());
        self.restore_defined();
        let mut inbox = self.inbox();
        inbox.loaded = true;
        inbox.mark_everything();
    }

    /// Restores the circuits that are there by now.
    pub(super) fn restore_defined(&self) {
        for name in self.restoring.names() {
            let now = self.dial.now();
            let Some(restored) = self.restoring.restore(&self.registry, &name, &now) else {
                continue;
            };
            let mut inbox = self.inbox();
            inbox.mark_circuit(&name);
            restored.ended.into_iter().for_each(|e| inbox.add_event(e));
            drop(inbox);
            self.health().restored += restored.count;
            self.ring();
        }
    }

    /// Gives whoever waits for this an answer in time, also if the storage hangs.
    pub(super) fn watch(&self, patience: &Arc<dyn Patience>) {
        let until = SystemClock.now().saturating_add(self.options.answer_within);
        self.waiters().push((until, Arc::downgrade(patience)));
    }

    /// Ends the waits that are due at `now`.
    pub(super) fn end_waits(&self, now: Tick) {
        let mut due = Vec::new();
        self.waiters().retain(|(until, waiter)| {
            let Some(waiter) = waiter.upgrade() else {
                return false;
            };
            let is_due = *until <= now;
            if is_due {
                due.push(waiter);
            }
            !is_due
        });
        // After the lock: it wakes, and wakers are strangers.
        for waiter in due {
            waiter.end(self.options.answer_within);
        }
    }

    fn waiters(&self) -> MutexGuard<'_, Vec<(Tick, Weak<dyn Patience>)>> {
        self.patience.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn stats(&self) -> KeeperStats {
        let now = SystemClock.now();
        let inbox = self.drained();
        let health = self.health();
        let oldest = inbox.since().into_iter().chain(health.held_since).min();
        let lag = oldest.map_or(Duration::ZERO, |since| now.saturating_since(since));
        KeeperStats {
            writes: health.writes,
            failures: health.failures,
            pending: inbox.pending() + health.held,
            lost: inbox.lost,
            restored: health.restored,
            last_error: health.last_error.clone(),
            lag,
            healthy: inbox.loaded
                && !health.failing
                && inbox.stage == Stage::Running
                && lag < LAG_MAX,
        }
    }

    /// Ends the keeper: what waits is written, `close_within` at most.
    pub(super) fn close(&self) -> Result<(), StoreError> {
        let mut inbox = self.drained();
        if inbox.stage == Stage::Running {
            inbox.stage = Stage::Closing;
            inbox.mark_everything();
        }
        self.ring();
        if let Some(follower) = self.follower.get() {
            follower.unpark();
        }
        let after = self.options.close_within;
        let until = SystemClock.now().saturating_add(after);
        loop {
            match inbox.stage {
                Stage::Ended => return Ok(()),
                Stage::Abandoned => return Err(StoreError::Closed),
                Stage::Running | Stage::Closing => {}
            }
            let left = until.saturating_since(SystemClock.now());
            if left.is_zero() {
                break;
            }
            inbox = self.listen(inbox, left);
        }
        inbox.end(Stage::Abandoned);
        drop(inbox);
        self.ring();
        self.end_waits(Tick::NEVER);
        self.followers.close();
        Err(StoreError::Slow { after })
    }
}
