//! Starts a sprint, or does nothing at all.

use std::time::{Duration, SystemTime};

use fusebox::CircuitBreaker;
use fusebox_queue::Queue;
use fusebox_store::rfc3339;
use thiserror::Error;
use tokio::sync::OwnedMutexGuard;
use tokio::time::{sleep, timeout};

use super::callees::{Backlog, Projects};
use super::ending::TRIES_EVERY;
use super::entry::{Entry, Stage, Wanted};
use crate::call::{CallFailed, Fate};
use crate::documents::{Documents, DocumentsError};

/// How long a creation waits for an earlier one of its project, at work or to be settled.
const PATIENCE: Duration = Duration::from_secs(5);

/// The sprints of all projects.
pub(super) struct Sprints {
    pub(super) projects: Projects,
    pub(super) backlog: Backlog,
    pub(super) book: Documents<Entry>,
    pub(super) events: Queue,
    /// Lets one try of all pass in a second while they fail: see `ending`.
    pub(super) tries: CircuitBreaker,
}

/// Why no sprint was started.
#[derive(Debug, Error)]
pub(super) enum NotStarted {
    #[error("project-service: {0}")]
    Project(CallFailed),
    #[error("backlog-service: {0}")]
    Backlog(CallFailed),
    #[error("an earlier sprint of the project waits for backlog-service")]
    Waits,
    #[error(transparent)]
    Book(#[from] DocumentsError),
}

impl Sprints {
    /// # Cancel safety
    /// A caller who goes away leaves no half sprint: what is begun is ended by `end_stories`.
    pub(super) async fn start(&self, project: &str, wanted: Wanted) -> Result<Entry, NotStarted> {
        let found = self.projects.find(project).await;
        found.map_err(NotStarted::Project)?;
        let its_turn = timeout(PATIENCE, self.its_turn(project)).await;
        let (_turn, earlier) = its_turn.map_err(|_| NotStarted::Waits)??;
        // One that came to start after its caller had been told that it would not is the answer to
        // whoever asks for the same again, once.
        let is_it = |sprint: &Entry| {
            sprint.stage == Stage::Started && !sprint.is_answered && sprint.wanted == wanted
        };
        if let Some(mut sprint) = earlier.into_iter().find(is_it) {
            sprint.is_answered = true;
            self.book.put(&sprint).await?;
            return Ok(sprint);
        }

        let tasks = self.backlog.unassigned(project).await;
        let tasks = tasks.map_err(NotStarted::Backlog)?;
        let mut sprint = Entry {
            project: project.to_owned(),
            number: self.book.next_number(project).await?,
            wanted,
            tasks,
            begun: rfc3339(SystemTime::now()),
            ..Entry::default()
        };
        self.book.put(&sprint).await?;
        let answer = self.backlog.assign(&sprint).await;
        let fate = Fate::of(&answer);
        sprint.is_answered = fate == Fate::Done;
        match fate {
            Fate::NotSent => self.book.remove(&sprint).await?,
            fate => self.end(&mut sprint, fate).await?,
        }
        answer.map(|()| sprint).map_err(NotStarted::Backlog)
    }

    /// Waits for the project's turn, and until nothing of it is to be settled any more. Answers
    /// its sprints.
    async fn its_turn(
        &self,
        project: &str,
    ) -> Result<(OwnedMutexGuard<()>, Vec<Entry>), DocumentsError> {
        let turn = self.book.turn(project).lock_owned().await;
        loop {
            match self.end_open(project).await {
                Ok(sprints) => return Ok((turn, sprints)),
                Err(NotStarted::Book(error)) => return Err(error),
                Err(_) => sleep(TRIES_EVERY).await,
            }
        }
    }
}
