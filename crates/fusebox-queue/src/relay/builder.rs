//! Sets up a relay.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::sync::watch;

use super::delivery::AnySink;
use super::pace::{Pace, PaceError};
use super::run::Run;
use super::stats::RelayWatch;
use super::{Relay, RelayHandle};
use crate::message::Leased;
use crate::queue::Queue;
use crate::sink::Sink;

/// A lease lasts so much longer than a delivery may: the time to write down how it went, also on a
/// disk that has trouble.
const LEASE_MARGIN: Duration = Duration::from_secs(30);

/// A setting of a relay that cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RelaySettingsError {
    /// There is no sink.
    #[error("a relay needs a sink")]
    Sink,
    /// Nothing could be sent.
    #[error("parallel: at least 1")]
    Parallel,
    /// Nothing could end in time.
    #[error("timeout: above 0, at most a day")]
    Timeout,
    /// The pace.
    #[error(transparent)]
    Pace(#[from] PaceError),
}

/// Sets up a [`Relay`].
#[must_use]
pub struct RelayBuilder<H> {
    queue: Queue,
    handle: H,
    sink: Option<Arc<dyn AnySink>>,
    set: Set,
}

/// Tells the key of a message's branch.
pub(super) type BranchOf = fn(&Leased) -> Option<&str>;

/// What a relay is set to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Set {
    pub(super) parallel: usize,
    pub(super) timeout: Duration,
    pub(super) pace: Pace,
    /// Whose branch a message is a call of; `None`: the circuit is not keyed.
    pub(super) branch_of: Option<BranchOf>,
    pub(super) drain_for: Duration,
}

impl Set {
    pub(super) fn branch<'a>(&self, leased: &'a Leased) -> Option<&'a str> {
        self.branch_of.and_then(|of| of(leased))
    }

    pub(super) fn lease_for(&self) -> Duration {
        self.timeout + LEASE_MARGIN
    }
}

impl<H> RelayBuilder<H>
where
    H: fusebox::Handle + Clone + Send + Sync + 'static,
{
    pub(super) fn new(queue: Queue, handle: H) -> Self {
        let set = Set {
            parallel: 16,
            timeout: Duration::from_secs(30),
            pace: Pace::default(),
            branch_of: None,
            drain_for: Duration::from_secs(10),
        };
        Self {
            queue,
            handle,
            sink: None,
            set,
        }
    }

    /// Where the messages go.
    pub fn sink(mut self, sink: impl Sink) -> Self {
        self.sink = Some(Arc::new(sink));
        self
    }

    /// Messages that are sent at the same time, at most. Default 16.
    pub const fn parallel(mut self, parallel: usize) -> Self {
        self.set.parallel = parallel;
        self
    }

    /// The time for one delivery; longer, it has failed and may have arrived. Default 30 s. Leases
    /// last half a minute longer.
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.set.timeout = timeout;
        self
    }

    /// How fast it may send.
    pub const fn pace(mut self, pace: Pace) -> Self {
        self.set.pace = pace;
        self
    }

    /// Whether the circuit is keyed by the messages' keys, so that each has a branch of its own.
    /// Default no.
    pub const fn by_key(self, by_key: bool) -> Self {
        let own: BranchOf = |leased| leased.key.as_deref();
        self.branch_by(if by_key { Some(own) } else { None })
    }

    /// The same for a circuit that is keyed by something else: tells the branch of a message.
    /// Default `None`, for a circuit that is not keyed.
    pub const fn branch_by(mut self, branch_of: Option<fn(&Leased) -> Option<&str>>) -> Self {
        self.set.branch_of = branch_of;
        self
    }

    /// How long the end waits for deliveries that are under way. Default 10 s.
    pub const fn drain_for(mut self, drain_for: Duration) -> Self {
        self.set.drain_for = drain_for;
        self
    }

    /// A relay, to be run where its maker likes.
    ///
    /// # Errors
    /// The first setting that cannot be.
    pub fn build(self) -> Result<Relay, RelaySettingsError> {
        const DAY: Duration = Duration::from_secs(24 * 3600);
        let set = self.set;
        let sink = self.sink.ok_or(RelaySettingsError::Sink)?;
        if set.parallel == 0 {
            return Err(RelaySettingsError::Parallel);
        }
        if set.timeout.is_zero() || set.timeout > DAY {
            return Err(RelaySettingsError::Timeout);
        }
        set.pace.check()?;
        let (stop, asked) = watch::channel(false);
        let watch = RelayWatch::new(self.queue.name());
        let (queue, handle, shown) = (self.queue, self.handle, watch.clone());
        // Made when it is first polled: there its clock begins.
        let work = async move { Run::new(queue, handle, sink, set, shown).run(asked).await };
        Ok(Relay {
            work: Box::pin(work),
            stop,
            watch,
            drain_for: set.drain_for,
        })
    }

    /// A relay that runs as a task of the tokio runtime that this is called in.
    ///
    /// # Errors
    /// The first setting that cannot be.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn start(self) -> Result<RelayHandle, RelaySettingsError> {
        Ok(self.build()?.spawn())
    }
}

impl<H> fmt::Debug for RelayBuilder<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RelayBuilder")
            .field("queue", self.queue.name())
            .field("set", &self.set)
            .finish_non_exhaustive()
    }
}
