//! Turns what the book leaves open into messages of the durable queue.
//!
//! It is asked after every creation, and looks by itself once a second: so it finds what a crash
//! left behind, and what could not be pushed while the disk was full.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fusebox_queue::{NewMessage, PushError, Queue};
use thiserror::Error;
use tokio::sync::Notify;
use tokio::time::timeout;

use super::book::{Book, BookError};
use super::entry::{Entry, Stage};

const LOOKS_EVERY: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Outbox {
    book: Book,
    settling: Queue,
    events: Queue,
    /// Projects for which a creation is at work: it ends its sprint itself.
    under_way: Mutex<HashSet<String>>,
    asked: Notify,
    settled: Notify,
}

#[derive(Debug, Error)]
enum OutboxError {
    #[error(transparent)]
    Book(#[from] BookError),
    #[error(transparent)]
    Push(#[from] PushError),
}

/// A creation at work. Dropped, also since its caller went away, it leaves the rest to the outbox.
#[derive(Debug)]
pub(super) struct UnderWay {
    outbox: Arc<Outbox>,
    project: String,
}

impl Outbox {
    pub(super) fn new(book: Book, settling: Queue, events: Queue) -> Arc<Self> {
        Arc::new(Self {
            book,
            settling,
            events,
            under_way: Mutex::default(),
            asked: Notify::new(),
            settled: Notify::new(),
        })
    }

    /// Leaves the sprints of this project alone for a while. There is one creation at a time for a
    /// project.
    pub(super) fn keep_off(self: &Arc<Self>, project: &str) -> UnderWay {
        let project = project.to_owned();
        self.under_way().insert(project.clone());
        let outbox = Arc::clone(self);
        UnderWay { outbox, project }
    }

    /// A sprint was settled: there may be an event, and somebody who waits for it.
    pub(super) fn was_settled(&self) {
        self.asked.notify_one();
        self.settled.notify_waiters();
    }

    /// Waits until nothing of this project is to be settled any more.
    pub(super) async fn nothing_to_settle(&self, project: &str) -> Result<(), BookError> {
        loop {
            let settled = self.settled.notified();
            let starting = self.book.of(project.to_owned(), Stage::Starting).await?;
            if starting.is_empty() {
                return Ok(());
            }
            settled.await;
        }
    }

    /// Works until the task is ended.
    pub(super) async fn run(self: Arc<Self>) {
        let mut pushed = HashSet::new();
        loop {
            if let Err(error) = self.empty(&mut pushed).await {
                tracing::warn!(%error, "sprints are not settled or told of for now");
            }
            // Either is a reason to look again.
            let _ = timeout(LOOKS_EVERY, self.asked.notified()).await;
        }
    }

    /// `pushed`: what this process has pushed to be settled, so that it is not asked every second.
    async fn empty(&self, pushed: &mut HashSet<i64>) -> Result<(), OutboxError> {
        for sprint in self.book.open_ends().await? {
            if sprint.stage == Stage::Started {
                self.events.push(event(&sprint)).await?;
                self.book.told(sprint.id).await?;
            } else if !self.under_way().contains(&sprint.project) && !pushed.contains(&sprint.id) {
                self.settling.push(intent(&sprint)).await?;
                pushed.insert(sprint.id);
            }
        }
        Ok(())
    }

    fn under_way(&self) -> MutexGuard<'_, HashSet<String>> {
        self.under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// "End the story of this sprint." The book has all the rest.
fn intent(sprint: &Entry) -> NewMessage {
    NewMessage::new(sprint.id.to_string())
        .key(&sprint.project)
        .idempotency_key(sprint.id.to_string())
}

/// Told under the sprint's name, by which `chronicle-service` knows a repeat.
fn event(sprint: &Entry) -> NewMessage {
    NewMessage::new(sprint.event().to_string())
        .key(&sprint.project)
        .idempotency_key(sprint.sprint_id())
        .attribute(":path", "/events")
        .attribute("content-type", "application/json")
        .attribute("idempotency-key", sprint.sprint_id())
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.outbox.under_way().remove(&self.project);
        self.outbox.asked.notify_one();
    }
}
