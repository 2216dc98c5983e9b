//! Starts a sprint, or does nothing at all.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use thiserror::Error;
use tokio::sync::{Mutex as Turn, OwnedMutexGuard};
use tokio::time::timeout;

use super::backlog::Backlog;
use super::book::{Book, BookError};
use super::entry::{Entry, Stage, Wanted};
use super::outbox::Outbox;
use super::projects::Projects;
use crate::call::{CallFailed, Fate};

/// How long a creation waits for an earlier one of its project, at work or to be settled.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) struct Creation {
    pub(super) projects: Projects,
    pub(super) backlog: Arc<Backlog>,
    pub(super) book: Book,
    pub(super) outbox: Arc<Outbox>,
    /// One creation at a time for each project that exists: no two assign the same tasks.
    pub(super) turns: Mutex<HashMap<String, Arc<Turn<()>>>>,
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
    Book(#[from] BookError),
}

impl Creation {
    /// # Cancel safety
    /// A caller who goes away leaves no half sprint: what is begun is ended by the outbox.
    pub(super) async fn start(&self, project: &str, wanted: Wanted) -> Result<Entry, NotStarted> {
        let found = self.projects.find(project).await;
        found.map_err(NotStarted::Project)?;
        let waits = |_| NotStarted::Waits;
        let _turn = timeout(PATIENCE, self.turn(project)).await.map_err(waits)?;
        let settled = timeout(PATIENCE, self.outbox.nothing_to_settle(project)).await;
        settled.map_err(waits)??;
        let adopted = self.book.adopt(project.to_owned(), wanted.clone()).await?;
        if let Some(sprint) = adopted {
            return Ok(sprint);
        }

        let tasks = self.backlog.unassigned(project).await;
        let tasks = tasks.map_err(NotStarted::Backlog)?;
        let _under_way = self.outbox.keep_off(project);
        let sprint = self.book.begin(project.to_owned(), wanted, tasks).await?;
        let Err(error) = self.backlog.assign(&sprint).await else {
            self.book.end(sprint.id, Stage::Started, true).await?;
            return Ok(sprint);
        };
        match error.fate() {
            Fate::NotSent => self.book.forget(sprint.id).await?,
            Fate::Refused => self.book.end(sprint.id, Stage::Undone, true).await?,
            Fate::Unknown => {}
        }
        Err(NotStarted::Backlog(error))
    }

    async fn turn(&self, project: &str) -> OwnedMutexGuard<()> {
        let turn = {
            let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(turns.entry(project.to_owned()).or_default())
        };
        turn.lock_owned().await
    }
}
