//! The relay: drains one queue through one circuit breaker into a sink.
//!
//! - **Closed**, it leases as much as its [`Pace`] and its parallelism allow; every message gets a
//!   permit of its own, which is settled with what the sink replied.
//! - **Open**, forced open or under an open main breaker, nothing is leased; it sleeps until
//!   `retry_after` or the breaker's next event.
//! - **Half-open**, the message that has been due for longest is the trial, one at a time.
//! - A message that the breaker rejects after all is put off; that is no attempt. One that the
//!   branch of its key rejects is put off to the branch's `retry_after`, and other keys go on.
//!
//! What fails is tried again after a wait that doubles, with jitter; a longer `Retry-After` wins,
//! up to a day. It is an attempt, but where nobody could be connected to, and where a trial failed:
//! that is the outage, not the message. After `attempts_max` attempts (if there is such a
//! limit), or at once if the receiver refuses it for good, a message is a dead letter and its key
//! goes on. A throttled message is put off for as long as the receiver asks, at least for as long
//! as a failed one would be; without [keyed circuits](RelayBuilder::by_key) nothing else is sent
//! meanwhile either, up to the queue's longest wait.
//!
//! A delivery that passes the circuit's slow-call limit is told to the breaker at that instant.
//!
//! How it fails: a sink that panics or hangs costs an attempt, and is told so. A storage that fails
//! stops the leasing until it is well again; what was sent is written down as soon as that works. A
//! lease that was lost meanwhile is counted, and its message is sent again with the same id.

mod builder;
mod delivery;
mod follow;
mod gate;
mod global;
mod live_calls;
mod pace;
mod run;
mod settle;
mod stats;
mod task;
#[cfg(test)]
mod tests;
mod verdict;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use builder::{RelayBuilder, RelaySettingsError};
#[cfg(feature = "kafka")]
pub(crate) use delivery::{caught, tell_when_slow};
pub use follow::MainFollower;
pub use global::{
    FailedCheck, GlobalBreaker, GlobalState, Incident, NotResumed, Opening, StopOnFailure,
};
pub use pace::{Pace, PaceError};
pub use stats::{RelayStats, RelayWatch, Waits};

use crate::queue::Queue;

/// After the time for deliveries is over, what is left has this long to be written down.
const WRITE_DOWN_WITHIN: Duration = Duration::from_secs(5);
/// What a sink has to hear of a failure. With it something can still be written down in time.
const TOLD_WITHIN: Duration = Duration::from_millis(2_500);

/// A relay that has not begun.
#[must_use = "a relay does nothing until it is run"]
pub struct Relay {
    work: Pin<Box<dyn Future<Output = ()> + Send>>,
    stop: watch::Sender<bool>,
    watch: RelayWatch,
    drain_for: Duration,
}

impl Relay {
    /// Sets up a relay of this queue through this breaker: a `&'static CircuitBreaker` or an
    /// `Arc<CircuitBreaker>`.
    pub fn builder<H>(queue: Queue, handle: H) -> RelayBuilder<H>
    where
        H: fusebox::Handle + Clone + Send + Sync + 'static,
    {
        RelayBuilder::new(queue, handle)
    }

    /// Shows what it does, also while it runs.
    pub fn watch(&self) -> RelayWatch {
        self.watch.clone()
    }

    /// Delivers until `shutdown` is ready or the queues are closed. Then it leases no more, waits
    /// for what is under way, at most for [`drain_for`](RelayBuilder::drain_for), and gives back
    /// the rest: put off, and noted as perhaps arrived.
    ///
    /// # Cancel safety
    /// Dropped, it leaves its leases behind: they end by themselves and count as crashes. Make
    /// `shutdown` ready instead.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        let Self {
            mut work,
            stop,
            watch,
            drain_for,
        } = self;
        tokio::select! {
            () = &mut work => {}
            () = shutdown => {
                stop.send_replace(true);
                // A disk that hangs must not hold the end of the program.
                let all = drain_for + 2 * WRITE_DOWN_WITHIN;
                if tokio::time::timeout(all, work).await.is_err() {
                    tracing::warn!("the relay ended without writing everything down");
                }
            }
        }
        watch.has_stopped();
    }

    fn spawn(self) -> RelayHandle {
        let watch = self.watch();
        let (stop, mut asked) = watch::channel(());
        let running = tokio::spawn(self.run(async move {
            // Asked to stop, or nobody is left who could ask.
            let _ = asked.changed().await;
        }));
        RelayHandle {
            stop,
            running,
            watch,
        }
    }
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relay").finish_non_exhaustive()
    }
}

/// A relay that runs as a task of its own. Dropped, it tells the relay to stop and does not wait.
#[derive(Debug)]
pub struct RelayHandle {
    stop: watch::Sender<()>,
    running: JoinHandle<()>,
    watch: RelayWatch,
}

impl From<&RelayHandle> for RelayWatch {
    fn from(relay: &RelayHandle) -> Self {
        relay.watch()
    }
}

impl RelayHandle {
    /// What it did, and what it waits for.
    pub fn stats(&self) -> RelayStats {
        self.watch.stats()
    }

    /// Shows what it does, also without this handle.
    pub fn watch(&self) -> RelayWatch {
        self.watch.clone()
    }

    /// Stops it as [`Relay::run`] says, and waits for its end.
    ///
    /// # Cancel safety
    /// Dropped, the relay stops all the same.
    pub async fn stop(self) {
        drop(self.stop);
        // A panic of the relay's own was told by the panic hook.
        let _ = self.running.await;
    }
}
