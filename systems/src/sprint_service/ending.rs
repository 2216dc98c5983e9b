//! Ends the story of a sprint whose creation broke off: its assignment is sent again, which does
//! nothing more if it had arrived, until the answer is certain. And a started sprint is told of.
//!
//! The book is looked through once a second: so what a crash left behind is found, and what could
//! not be told while the disk was full.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::creation::{NotStarted, Sprints};
use super::entry::{Entry, Stage};
use crate::call::{CallFailed, Fate, post_later};
use crate::documents::DocumentsError;
use crate::kept::Failed;

/// The wait between two tries to settle a sprint or to tell of one.
pub(super) const TRIES_EVERY: Duration = Duration::from_secs(1);

impl Sprints {
    /// Works until the task is ended.
    pub(super) async fn end_stories(self: Arc<Self>) {
        let mut last = String::new();
        loop {
            if let Err(error) = self.end_some(&mut last).await {
                tracing::warn!(%error, "sprints are not settled for now");
            }
            sleep(TRIES_EVERY).await;
        }
    }

    /// Goes through the projects until a try fails. The next time it begins with the project after
    /// that one, so that none holds up the others for good.
    async fn end_some(&self, last: &mut String) -> Result<(), NotStarted> {
        let mut projects = self.book.open_groups().await?;
        let after = projects.partition_point(|project| project <= last);
        projects.rotate_left(after);
        for project in projects {
            // Somebody else has the turn: a creation, which ends what it finds.
            if let Ok(_turn) = self.book.turn(&project).try_lock_owned() {
                last.clone_from(&project);
                self.end_open(&project).await?;
            }
        }
        Ok(())
    }

    /// Ends what is open of a project whose turn the caller has; all its sprints.
    pub(super) async fn end_open(&self, project: &str) -> Result<Vec<Entry>, NotStarted> {
        let mut sprints = self.book.of(project).await?;
        for sprint in &mut sprints {
            match sprint.stage {
                Stage::Starting => self.settle(sprint).await?,
                Stage::Started if !sprint.is_told => self.end(sprint, Fate::Done).await?,
                Stage::Started | Stage::Undone => {}
            }
        }
        Ok(sprints)
    }

    async fn settle(&self, sprint: &mut Entry) -> Result<(), NotStarted> {
        let counted = &self.backlog.0.client.counted;
        let assigned = self.backlog.assign_anyway(sprint);
        let answer = self.tries.call_async_with(counted, assigned).await;
        let answer = answer.map_err(CallFailed::from);
        self.end(sprint, Fate::of(&answer)).await?;
        if sprint.stage == Stage::Starting {
            return answer.map_err(NotStarted::Backlog);
        }
        tracing::info!(sprint = sprint.sprint_id(), stage = ?sprint.stage, "settled");
        Ok(())
    }

    /// Writes how a sprint ended, if that is certain.
    pub(super) async fn end(&self, sprint: &mut Entry, fate: Fate) -> Result<(), DocumentsError> {
        sprint.stage = match fate {
            Fate::Done => Stage::Started,
            // Whatever was sent before did not arrive either: it would be answered as done.
            Fate::Refused => Stage::Undone,
            Fate::NotSent | Fate::Unknown => return Ok(()),
        };
        self.book.put(sprint).await?;
        if sprint.stage == Stage::Started
            && let Err(error) = self.tell(sprint).await
        {
            tracing::warn!(%error, sprint = sprint.sprint_id(), "not told of for now");
        }
        Ok(())
    }

    /// Tells `chronicle-service`, which knows a repeat by the sprint's name.
    async fn tell(&self, sprint: &mut Entry) -> Result<(), Failed> {
        let event = post_later("/events", &sprint.sprint_id(), sprint.event().to_string());
        self.events.push(event.key(&sprint.project)).await?;
        sprint.is_told = true;
        Ok(self.book.put(sprint).await?)
    }
}
