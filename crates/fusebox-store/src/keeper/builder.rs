//! Making a keeper.

use std::fmt;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, SystemTime};

use fusebox::Registry;

use super::answer::promise;
use super::shared::Shared;
use super::writer::Writer;
use super::{Keeper, follower};
use crate::{Limits, Storage, StoreError};

/// Builds a [`Keeper`] that is not as [`Keeper::start`] makes it.
#[derive(Clone, Debug)]
#[must_use]
pub struct KeeperBuilder {
    options: Options,
}

#[derive(Clone)]
pub(super) struct Options {
    pub(super) limits: Limits,
    pub(super) tick: Duration,
    pub(super) wall: Arc<dyn Fn() -> SystemTime + Send + Sync>,
    pub(super) branches_max: usize,
    pub(super) events_waiting_max: usize,
    pub(super) start_within: Duration,
    pub(super) answer_within: Duration,
    pub(super) close_within: Duration,
}

impl KeeperBuilder {
    pub(super) fn new() -> Self {
        let options = Options {
            limits: Limits::default(),
            tick: Duration::from_millis(100),
            wall: Arc::new(SystemTime::now),
            branches_max: 1_000,
            events_waiting_max: 10_000,
            start_within: Duration::from_secs(2),
            answer_within: Duration::from_secs(5),
            close_within: Duration::from_secs(5),
        };
        Self { options }
    }

    /// How much history is kept; default [`Limits::default`].
    pub fn limits(mut self, limits: Limits) -> Self {
        self.options.limits = limits;
        self
    }

    /// How often the keeper looks for overrides and waits whose time is over; default 100 ms, at
    /// least 1 ms.
    pub fn tick(mut self, tick: Duration) -> Self {
        self.options.tick = tick.max(Duration::from_millis(1));
        self
    }

    /// Another wall clock than the system's: for tests.
    pub fn wall(mut self, now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.options.wall = Arc::new(now);
        self
    }

    /// How many branches of one circuit are kept; default 1,000, held and open ones first.
    pub fn branches_max(mut self, branches_max: usize) -> Self {
        self.options.branches_max = branches_max;
        self
    }

    /// How many events wait for a storage that is away; default 10,000. Then the oldest go, and the
    /// history gets a `missed` row.
    pub fn events_waiting_max(mut self, events_waiting_max: usize) -> Self {
        self.options.events_waiting_max = events_waiting_max;
        self
    }

    /// How long the start waits for what was kept; default 2 s. What comes later is restored then,
    /// where circuits have no history of their own yet.
    pub fn start_within(mut self, start_within: Duration) -> Self {
        self.options.start_within = start_within;
        self
    }

    /// After what time an [`Answer`](crate::Answer) is [`StoreError::Slow`]; default 5 s.
    pub fn answer_within(mut self, answer_within: Duration) -> Self {
        self.options.answer_within = answer_within;
        self
    }

    /// How long the end of the keeper waits for the last write; default 5 s.
    pub fn close_within(mut self, close_within: Duration) -> Self {
        self.options.close_within = close_within;
        self
    }

    /// See [`Keeper::start`].
    ///
    /// # Errors
    /// As [`Keeper::start`].
    pub fn start(self, registry: &Registry, storage: impl Storage) -> Result<Keeper, StoreError> {
        let start_within = self.options.start_within;
        let shared = Shared::new(registry, self.options);
        let (promise, loaded) = promise();
        let writer = Writer::new(storage, &shared, promise);
        spawn("fusebox-store", move || writer.run())?;
        let keeper = Keeper::of(Arc::clone(&shared));
        spawn("fusebox-follow", move || follower::run(shared))?;
        match loaded.wait(start_within) {
            Err(error) if error.is_lasting() => Err(error),
            Err(error) => {
                tracing::warn!(%error, "the store is away: going on without what it kept");
                Ok(keeper)
            }
            Ok(()) => Ok(keeper),
        }
    }
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<(), StoreError> {
    let thread = thread::Builder::new().name(name.to_owned()).spawn(run);
    match thread {
        Ok(_) => Ok(()),
        Err(error) => Err(StoreError::Unavailable {
            place: format!("the thread {name}"),
            detail: error.to_string(),
        }),
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("limits", &self.limits)
            .field("tick", &self.tick)
            .finish_non_exhaustive()
    }
}
