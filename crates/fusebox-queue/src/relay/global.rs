//! A global breaker: closed or open, opened by the first failure, closed by a person.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use fusebox::{Author, MainBreaker, MainOpening};
use serde::Serialize;
use thiserror::Error;
use tokio::sync::Mutex;
use tokio::time;

use super::builder::BranchOf;
use super::follow::{MainFollower, bring};
use crate::message::Leased;
use crate::queue::Queues;
use crate::record::{Pause, Scope};
use crate::sink::{Reply, Sink};
use crate::{PauseError, QueueError};

/// The author of the main breaker's opening while the pause could not be written.
const UNWRITTEN: &str = "circuit-breaker";
/// So often it is tried to write it.
const WRITE_EVERY: Duration = Duration::from_secs(1);

/// Why a [`GlobalBreaker`] opens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Incident {
    /// What failed.
    pub service: String,
    /// The kind of failure in a word.
    pub error_type: String,
    /// What went wrong.
    pub error: String,
}

/// As the pause's reason, which a person reads in the lists of the queues too.
impl fmt::Display for Incident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            service,
            error_type,
            error,
        } = self;
        write!(f, "{service} failed ({error_type}): {error}")
    }
}

impl Incident {
    /// What a pause says of it. One that was made by other means says it all in the words of
    /// whoever made it: then it is of the service `*` and the type `manual`.
    fn of(reason: &str) -> Self {
        let parts = || {
            let (service, rest) = reason.split_once(" failed (")?;
            let (error_type, error) = rest.split_once("): ")?;
            Some((service, error_type, error))
        };
        let (service, error_type, error) = parts().unwrap_or(("*", "manual", reason));
        Self {
            service: service.to_owned(),
            error_type: error_type.to_owned(),
            error: error.to_owned(),
        }
    }
}

/// Why a [`GlobalBreaker`] should not be closed now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedCheck {
    /// `circuit_breaker`: somebody opened the main breaker by other means, and has to close it.
    /// `store`: the file of the queues does not answer, or takes nothing. `messages`: some are
    /// damaged.
    pub check: &'static str,
    /// In words.
    pub detail: String,
}

/// A [`GlobalBreaker`] did not resume.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NotResumed {
    /// Something speaks against it.
    #[error("it is not resumed: {}", told(.0))]
    Checks(Vec<FailedCheck>),
    /// The queues do not answer.
    #[error(transparent)]
    Queue(QueueError),
}

fn told(failed: &[FailedCheck]) -> String {
    let told = failed
        .iter()
        .map(|no| format!("{}: {}", no.check, no.detail));
    told.collect::<Vec<_>>().join("; ")
}

/// A [`GlobalBreaker`] as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GlobalState {
    /// Nothing is held up by it. Since when; `None`: it was never opened.
    Closed(Option<SystemTime>),
    /// Nothing goes.
    Open {
        /// Why.
        opening: Opening,
        /// Since when.
        since: SystemTime,
    },
}

/// Why a [`GlobalBreaker`] is open. Serialized, it is one object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Opening {
    /// What happened.
    #[serde(flatten)]
    pub incident: Incident,
    /// The same in one text, as the pause of everything has it.
    pub reason: String,
    /// Names this very opening, for [`resume`](GlobalBreaker::resume).
    pub epoch: u64,
}

/// One breaker for all that a file of queues feeds, with two states: the first failure opens it,
/// and only a person closes it. There is no half-open and no automatic recovery.
///
/// Its state is the pause of everything ([`Scope::Everything`]), so it outlives the process and
/// every lease looks at it. Opening also pauses, in the same transaction, each group that has
/// messages, by itself: [`manually_close`](Self::manually_close) ends the first alone, and what
/// was stopped stays; [`resume`](Self::resume) ends all. The main breaker
/// [follows](MainFollower), for calls that go through no queue.
///
/// A clone is the same.
#[derive(Clone, Debug)]
pub struct GlobalBreaker {
    queues: Queues,
    main: Arc<MainBreaker>,
    opening: Arc<Mutex<()>>,
    _follower: Arc<MainFollower>,
}

impl GlobalBreaker {
    /// Over these queues; the main breaker follows from now on.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn start(queues: &Queues, main: &Arc<MainBreaker>) -> Self {
        Self {
            queues: queues.clone(),
            main: Arc::clone(main),
            opening: Arc::default(),
            _follower: Arc::new(MainFollower::start(queues, main)),
        }
    }

    /// Whether calls may be made now. It waits for nothing.
    pub fn should_allow_request(&self) -> bool {
        !self.queues.is_paused(&Scope::Everything) && !self.main.is_open()
    }

    /// How it is. It waits for nothing.
    pub fn state(&self) -> GlobalState {
        match self.queues.last_pause(&Scope::Everything) {
            None => GlobalState::Closed(None),
            Some(pause) if !pause.paused => GlobalState::Closed(Some(pause.since)),
            Some(pause) => GlobalState::Open {
                opening: Opening {
                    incident: Incident::of(&pause.reason),
                    reason: pause.reason,
                    epoch: pause.epoch,
                },
                since: pause.since,
            },
        }
    }

    /// What speaks against closing or resuming now, by the name of the check that failed.
    pub async fn check(&self) -> Vec<FailedCheck> {
        let mut failed = Vec::new();
        let fails = |check, detail| FailedCheck { check, detail };
        let author = |opening: &MainOpening| opening.by.as_str() != MainFollower::AUTHOR;
        if let Some(opening) = self.main.opened().filter(author) {
            let (by, reason) = (opening.by.as_str(), opening.reason);
            let detail = format!("the main breaker was opened by {by}: {reason}");
            failed.push(fails("circuit_breaker", detail));
        }
        if !self.queues.stats().is_healthy {
            let detail = "the file of the queues cannot be written, or its disk is full";
            failed.push(fails("store", detail.to_owned()));
        }
        match self.queues.depths().await {
            Ok(depths) => {
                let damaged: u64 = depths.iter().map(|queue| queue.corrupt).sum();
                let detail = format!("{damaged} damaged messages are dead letters: discard them");
                failed.extend((damaged > 0).then(|| fails("messages", detail)));
            }
            Err(error) => failed.push(fails("store", error.to_string())),
        }
        failed
    }

    /// Opens at once. `Some`: it did, with the scopes that are paused now; `None`: it was open, and
    /// keeps its first reason.
    ///
    /// # Errors
    /// The pause is not written, or nobody knows. The main breaker is open all the same, and the
    /// pause is tried again until it is written or the queues are closed.
    ///
    /// # Cancel safety
    /// Dropped, it may open or not.
    pub async fn record_failure(
        &self,
        incident: &Incident,
        by: &str,
    ) -> Result<Option<Vec<Pause>>, QueueError> {
        // So that of failures at the same time the first one is told.
        let _one_at_a_time = self.opening.lock().await;
        let reason = incident.to_string();
        if self.queues.is_paused(&Scope::Everything) {
            tracing::warn!(reason, "a failure while everything is stopped");
            return Ok(None);
        }
        let paused = self.write(&reason, by).await;
        if let Err(error) = &paused {
            let author = Author::new(UNWRITTEN);
            if self.main.open(&*reason, &author) && *error != QueueError::Closed {
                let (breaker, by) = (self.clone(), by.to_owned());
                tokio::spawn(async move { breaker.write_later(&reason, &by).await });
            }
        }
        paused.map(Some)
    }

    async fn write(&self, reason: &str, by: &str) -> Result<Vec<Pause>, QueueError> {
        let everything = Scope::Everything;
        let paused = self
            .queues
            .pause_with_groups(everything, reason, by)
            .await?;
        let groups = paused.len() - 1;
        tracing::warn!(
            reason,
            groups,
            "everything is stopped until a person resumes it"
        );
        Ok(paused)
    }

    /// Until then the main breaker is what stops calls.
    async fn write_later(&self, reason: &str, by: &str) {
        loop {
            time::sleep(WRITE_EVERY).await;
            match self.write(reason, by).await {
                Err(QueueError::Closed) => return,
                Err(error) => tracing::error!(%error, "the global breaker is not written down yet"),
                Ok(_) => break,
            }
        }
        let author = Author::new(UNWRITTEN);
        if self
            .main
            .opened()
            .is_some_and(|opening| opening.by == author)
        {
            // The pause is what counts now, and the follower's opening ends with it.
            self.main.close(&author);
            bring(&self.queues, &self.main);
        }
    }

    /// Closes. The groups that were paused with it stay paused, and so do those that have messages
    /// since: what waits now waits until [`resume`](Self::resume).
    ///
    /// # Errors
    /// It may be closed or not.
    ///
    /// # Cancel safety
    /// Dropped, it closes all the same.
    pub async fn manually_close(&self, by: &str) -> Result<(), QueueError> {
        let everything = Scope::Everything;
        let closed = self
            .queues
            .resume_leaving_groups(everything, None, "closed", by);
        match closed.await {
            Ok(_) | Err(PauseError::Never | PauseError::Stale { .. }) => Ok(()),
            Err(PauseError::Queue(error)) => Err(error),
        }
    }

    /// Closes, and ends every pause of a queue or a group, in one transaction, if no
    /// [check](Self::check) fails. Answers what was resumed. `epoch`: that of the opening that is
    /// meant; by itself that which is in force now, so that a newer one is not undone.
    ///
    /// # Errors
    /// [`NotResumed::Checks`]: nothing is done; that it was opened or closed since, too, is such a
    /// check. [`NotResumed::Queue`]: it may be done or not.
    ///
    /// # Cancel safety
    /// Dropped, it may happen or not, all of it or nothing.
    pub async fn resume(&self, epoch: Option<u64>, by: &str) -> Result<Vec<Pause>, NotResumed> {
        let last = self.queues.last_pause(&Scope::Everything);
        let epoch = epoch.or_else(|| last.map(|last| last.epoch));
        let failed = self.check().await;
        if !failed.is_empty() {
            return Err(NotResumed::Checks(failed));
        }
        let everything = Scope::Everything;
        let resumed = self
            .queues
            .resume_with_groups(everything, epoch, "resumed", by);
        match resumed.await {
            Ok(mut pauses) => Ok(pauses.split_off(1)),
            Err(PauseError::Queue(error)) => Err(NotResumed::Queue(error)),
            Err(stale) => Err(NotResumed::Checks(vec![FailedCheck {
                check: "circuit_breaker",
                detail: stale.to_string(),
            }])),
        }
    }

    /// A sink whose every failure, refusal and throttling opens this breaker before the relay goes
    /// on, and so do a panic and the end of the relay's time for a message. `service` tells what a
    /// message calls.
    pub fn stops<S: Sink>(
        &self,
        service: fn(&Leased) -> Option<&str>,
        sink: S,
    ) -> StopOnFailure<S> {
        StopOnFailure {
            breaker: self.clone(),
            service,
            sink,
        }
    }
}

/// A sink that opens a [`GlobalBreaker`] when it fails; see [`GlobalBreaker::stops`].
#[derive(Clone, Debug)]
pub struct StopOnFailure<S> {
    breaker: GlobalBreaker,
    service: BranchOf,
    sink: S,
}

impl<S: Sink> Sink for StopOnFailure<S> {
    async fn deliver(&self, message: &Leased) -> Reply {
        let reply = self.sink.deliver(message).await;
        let (error_type, error) = match &reply {
            Reply::Failed { class, error, .. } => (class.as_str(), error),
            Reply::Refused { class, error, .. } => (&**class, error),
            Reply::Throttled { error, .. } => ("throttled", error),
            Reply::Delivered(_) | Reply::Unsendable { .. } => return reply,
        };
        self.stop(message, error_type, error).await;
        reply
    }

    async fn had_no_reply(&self, message: &Leased, class: &'static str, error: &str) {
        self.stop(message, class, error).await;
        self.sink.had_no_reply(message, class, error).await;
    }
}

impl<S> StopOnFailure<S> {
    async fn stop(&self, message: &Leased, error_type: &str, error: &str) {
        let incident = Incident {
            service: (self.service)(message).unwrap_or("*").to_owned(),
            error_type: error_type.to_owned(),
            error: error.to_owned(),
        };
        if let Err(error) = self
            .breaker
            .record_failure(&incident, "circuit-breaker")
            .await
        {
            tracing::error!(%incident, %error, "the global breaker could not be opened");
        }
    }
}
