//! What a publisher answers.

use fusebox::Rejection;
use thiserror::Error;

use crate::message::Pushed;
use crate::relay::RelaySettingsError;
use crate::sink::KafkaSettingsError;
use crate::{PushError, QueueError};

/// What became of an event that is safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Published {
    /// Kafka has it.
    Delivered {
        /// In this partition.
        partition: i32,
        /// At this place.
        offset: i64,
    },
    /// It is in the queue, on the disk, and is sent once its turn comes.
    Queued {
        /// What the queue said.
        pushed: Pushed,
        /// Kafka may have it already: then it arrives twice.
        uncertain: bool,
    },
}

/// Why an event is not safe. It was not queued, but where a variant says otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PublishError {
    /// Kafka did not get it and the queue did not take it: it is full
    /// ([`PushError::Full`]), or cannot be used. Try again once there is room. After a failure of
    /// the disk it may be in the queue all the same, as [`PushError::Queue`] says; an
    /// [id](super::Event::id) of your own keeps the next try from being a second event.
    #[error("the event could not be kept ({source}) after it was not sent: {reason}")]
    NotKept {
        /// Why it was to be queued.
        reason: String,
        /// Why the queue did not take it.
        source: PushError,
        /// Kafka may have it all the same.
        uncertain: bool,
    },
    /// Whether events of its key wait could not be told, so sending it could break their order.
    #[error("the queue cannot be asked: {0}")]
    Queue(#[source] QueueError),
    /// It is no event that can be sent, or Kafka will never take it: it is too large, its topic is
    /// not there.
    #[error("the event is refused: {error}")]
    Refused {
        /// The kind in a word: `event`, `too_large`, `topic`, `authorization`, `record`.
        class: &'static str,
        /// Why, in words.
        error: String,
    },
    /// Without a queue: Kafka did not take it. With one, too: its carrying panicked.
    #[error("{error}")]
    Failed {
        /// Why, in words.
        error: String,
        /// Kafka may have it all the same.
        uncertain: bool,
    },
    /// Without a queue: the circuit lets nothing pass.
    #[error(transparent)]
    Rejected(Rejection),
    /// Too many events wait for an answer already.
    #[error("{unanswered} events wait for an answer already")]
    Busy {
        /// How many.
        unanswered: usize,
    },
    /// The publisher is closed.
    #[error("the publisher is closed")]
    Closed,
}

/// A publisher that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum KafkaPublisherError {
    /// Kafka's settings.
    #[error(transparent)]
    Settings(#[from] KafkaSettingsError),
    /// The relay's.
    #[error(transparent)]
    Relay(#[from] RelaySettingsError),
    /// Nothing could be published.
    #[error("unanswered_max: at least 1")]
    Unanswered,
    /// There is no tokio runtime here for its tasks to run in.
    #[error("a publisher is started inside a tokio runtime")]
    Runtime,
}
