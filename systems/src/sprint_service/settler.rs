//! Ends the story of a sprint whose assignment had no certain answer: sends it again, which does
//! nothing more if it had arrived, until the answer is certain.

use std::sync::Arc;

use fusebox_queue::Leased;
use fusebox_queue::sink::{Reply, Sink};

use super::backlog::Backlog;
use super::book::{Book, BookError};
use super::entry::Stage;
use super::outbox::Outbox;
use crate::call::{CallFailed, Fate};

#[derive(Debug)]
pub(super) struct Settler {
    pub(super) backlog: Arc<Backlog>,
    pub(super) book: Book,
    pub(super) outbox: Arc<Outbox>,
}

impl Sink for Settler {
    async fn deliver(&self, message: &Leased) -> Reply {
        let id = std::str::from_utf8(&message.body).ok();
        let Some(id) = id.and_then(|id| id.parse().ok()) else {
            let error = "not the number of an entry".to_owned();
            return Reply::Unsendable { error };
        };
        match self.settle(id).await {
            Ok(Ok(())) => Reply::DELIVERED,
            Ok(Err(error)) => Reply::uncertain(error.class(), error.to_string()),
            Err(error) => Reply::throttled(error.to_string(), None),
        }
    }
}

impl Settler {
    /// Errors of the book are outside, those of `backlog-service` inside.
    async fn settle(&self, id: i64) -> Result<Result<(), CallFailed>, BookError> {
        let sprint = self.book.get(id).await?;
        let Some(sprint) = sprint.filter(|sprint| sprint.stage == Stage::Starting) else {
            return Ok(Ok(()));
        };
        let stage = match self.backlog.assign_anyway(&sprint).await {
            Ok(()) => Stage::Started,
            // Whatever was sent before did not arrive either: it would be answered as done.
            Err(error) if error.fate() == Fate::Refused => Stage::Undone,
            Err(error) => return Ok(Err(error)),
        };
        self.book.end(id, stage, false).await?;
        self.outbox.was_settled();
        tracing::info!(
            sprint = sprint.sprint_id(),
            stage = stage.as_str(),
            "settled"
        );
        Ok(Ok(()))
    }
}
