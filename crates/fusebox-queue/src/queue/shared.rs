//! What the face and the two threads have in common.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::inbox::Inbox;
use super::line::Line;
use super::pauses::Pauses;
use super::reading::Desk;
use super::stats::QueuesStats;
use crate::clock::{Millis, WallClock, millis};
use crate::record::Depth;
use crate::settings::QueueSettings;

pub(super) struct Shared {
    pub(super) clock: Arc<dyn WallClock>,
    time: Mutex<Time>,
    /// How often the writer does its chores.
    pub(super) tick: Duration,
    pub(super) inbox: Inbox,
    /// For whoever looks at what is there, however long that takes.
    pub(super) desk: Desk,
    /// For the one question that calls wait for.
    pub(super) backlog: Desk,
    pub(super) pauses: Pauses,
    lines: Mutex<Lines>,
    stats: Mutex<QueuesStats>,
    has_room: AtomicBool,
    threads: Threads,
}

/// The queues that this process has settings for.
#[derive(Default)]
struct Lines {
    by_name: BTreeMap<Arc<str>, Arc<Line>>,
    /// How every queue looked when the writer looked last.
    depths: Vec<Depth>,
}

/// How the clock was set back so far.
#[derive(Default)]
struct Time {
    /// What it said last.
    wall: Millis,
    /// By how much the time of the queues is ahead of it.
    ahead: Millis,
}

/// How many threads there are.
#[derive(Default)]
struct Threads {
    running: Mutex<usize>,
    ended: Condvar,
}

impl Shared {
    pub(super) fn new(clock: Arc<dyn WallClock>, tick: Duration) -> Self {
        Self {
            clock,
            time: Mutex::default(),
            tick,
            inbox: Inbox::new(),
            desk: Desk::default(),
            backlog: Desk::default(),
            pauses: Pauses::default(),
            lines: Mutex::default(),
            stats: Mutex::default(),
            has_room: AtomicBool::new(true),
            threads: Threads::default(),
        }
    }

    /// The time of the queues, which never goes back. What the clock is set back by is added from
    /// then on, up to the end of the process: due times and ages are counted in this time, and none
    /// waits for an hour to come a second time.
    pub(super) fn now(&self) -> Millis {
        let wall = millis(self.clock.now());
        let mut time = self.time.lock().unwrap_or_else(PoisonError::into_inner);
        time.ahead += (time.wall - wall).max(0);
        time.wall = wall;
        wall.saturating_add(time.ahead)
    }

    /// It is at least so late: a file of before a clock was set back has messages of then.
    pub(super) fn is_after(&self, past: Millis) {
        let missing = past - self.now();
        let mut time = self.time.lock().unwrap_or_else(PoisonError::into_inner);
        time.ahead += missing.max(0);
    }

    /// The queue of this name, with these settings from now on.
    pub(super) fn line(&self, name: &str, settings: QueueSettings) -> Arc<Line> {
        let mut lines = self.lines();
        if let Some(line) = lines.by_name.get(name) {
            line.set(settings);
            return Arc::clone(line);
        }
        let name: Arc<str> = name.into();
        let line = Arc::new(Line::new(Arc::clone(&name), settings));
        // Without settings it could not change since the writer looked.
        line.looks_like(&lines.depths);
        lines.by_name.insert(name, Arc::clone(&line));
        drop(lines);
        if self.inbox.has_ended() {
            line.bell().close();
        }
        line
    }

    pub(super) fn find_line(&self, name: &str) -> Option<Arc<Line>> {
        self.lines().by_name.get(name).cloned()
    }

    pub(super) fn all_lines(&self) -> Vec<Arc<Line>> {
        self.lines().by_name.values().cloned().collect()
    }

    /// Any of them may have changed.
    pub(super) fn ring_all(&self) {
        for line in self.all_lines() {
            line.bell().ring();
        }
    }

    /// All queues look like this now.
    pub(super) fn look_like(&self, depths: Vec<Depth>) {
        let mut lines = self.lines();
        for line in lines.by_name.values() {
            line.looks_like(&depths);
        }
        lines.depths = depths;
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn stats(&self) -> MutexGuard<'_, QueuesStats> {
        self.stats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether pushes are welcome.
    pub(super) fn has_room(&self) -> bool {
        // Goes with no other memory; a push that comes a moment too early is told by the storage.
        self.has_room.load(Ordering::Relaxed)
    }

    pub(super) fn set_room(&self, has_room: bool) {
        self.has_room.store(has_room, Ordering::Relaxed);
    }

    pub(super) fn close(&self) {
        self.inbox.close();
    }

    /// Waits until all threads are gone, and with them the storage; `false`: they are not yet.
    pub(super) fn wait_for_end(&self, at_most: Duration) -> bool {
        let running = self.threads.running.lock();
        let running = running.unwrap_or_else(PoisonError::into_inner);
        let ended = &self.threads.ended;
        let waited = ended.wait_timeout_while(running, at_most, |running| *running > 0);
        let (running, _) = waited.unwrap_or_else(PoisonError::into_inner);
        *running == 0
    }

    fn count_threads(&self, change: impl FnOnce(&mut usize)) {
        let running = self.threads.running.lock();
        change(&mut running.unwrap_or_else(PoisonError::into_inner));
        self.threads.ended.notify_all();
    }
}

/// A thread is there as long as this is; with the first that goes, the queues end: also if it
/// panicked.
pub(super) struct Presence(Arc<Shared>);

impl Presence {
    pub(super) fn new(shared: &Arc<Shared>) -> Self {
        shared.count_threads(|running| *running += 1);
        Self(Arc::clone(shared))
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.0.inbox.end();
        self.0.desk.end();
        self.0.backlog.end();
        self.0.pauses.close();
        for line in self.0.all_lines() {
            line.bell().close();
        }
        self.0.count_threads(|running| *running -= 1);
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("clock", &self.clock)
            .field("inbox", &self.inbox)
            .finish_non_exhaustive()
    }
}
