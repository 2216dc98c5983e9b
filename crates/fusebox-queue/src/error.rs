//! What can go wrong.

use std::time::Duration;

use thiserror::Error;

use crate::id::MessageId;

/// Why the place where messages are kept did not do what it was asked.
///
/// A clone tells the same, so that everybody who waited for one commit can be told.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum StorageError {
    /// The disk is full. Nothing of the transaction was done.
    #[error("{place}: the disk is full")]
    Full {
        /// The file.
        place: String,
    },
    /// It failed, and what was asked may or may not have been done.
    #[error("{place} failed: {detail}")]
    Failed {
        /// The file.
        place: String,
        /// What it said.
        detail: String,
    },
    /// What is there is damaged, or no queue of ours.
    #[error("{place} is damaged or is not a queue of Fusebox: {detail}")]
    Corrupt {
        /// The file.
        place: String,
        /// What was found.
        detail: String,
    },
    /// A newer Fusebox wrote it. Use that version, or another place.
    #[error(
        "{place} was written by a newer Fusebox: its schema is {found}, this one knows {known}"
    )]
    Newer {
        /// The file.
        place: String,
        /// The schema version that was found.
        found: i64,
        /// The newest one that this version knows.
        known: i64,
    },
    /// Another process has it.
    #[error("{place} is used by another process")]
    Taken {
        /// The file.
        place: String,
    },
}

/// Why something that was asked of the queues was not done.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum QueueError {
    /// The storage's own error.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// Too much waits for the disk already. Nothing was done.
    #[error("the queue's disk is too far behind: {waiting} requests wait for it")]
    Busy {
        /// How many.
        waiting: usize,
    },
    /// It did not answer in time. What was asked may still happen.
    #[error("the queue did not answer within {} ms", after.as_millis())]
    Slow {
        /// How long was waited.
        after: Duration,
    },
    /// The queues are closed.
    #[error("the queues are closed")]
    Closed,
}

/// Why a message was not pushed. It is not in the queue, but where a variant says otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PushError {
    /// The queue holds as much as it may, dead letters included. Try again once some have left.
    #[error("the queue {queue} is full: {what} of {max} {unit}")]
    Full {
        /// The queue.
        queue: String,
        /// How much there is, with this message.
        what: u64,
        /// How much there may be.
        max: u64,
        /// Of what: `messages` or `bytes`.
        unit: &'static str,
    },
    /// The message alone is larger than a message may be. It will never fit.
    #[error("the message has {bytes} bytes, at most {max} are allowed")]
    TooLarge {
        /// What it has.
        bytes: u64,
        /// What it may have.
        max: u64,
    },
    /// The disk is full. Delivery goes on; try again once there is room.
    #[error("the disk of the queue {queue} is full")]
    DiskFull {
        /// The queue.
        queue: String,
    },
    /// The same idempotency key came with another message.
    #[error("the idempotency key was used for another message, {first}")]
    Mismatch {
        /// The message that has it.
        first: MessageId,
    },
    /// Anything else; after [`StorageError::Failed`] and [`QueueError::Slow`] it may be there.
    #[error(transparent)]
    Queue(#[from] QueueError),
}

/// Why a pause was not ended.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PauseError {
    /// It was never paused.
    #[error("it was never paused")]
    Never,
    /// It is another pause than the one that was meant.
    #[error("it was paused anew: its epoch is {found}, not {expected}")]
    Stale {
        /// The epoch that was meant.
        expected: u64,
        /// The one in force.
        found: u64,
    },
    /// Anything else.
    #[error(transparent)]
    Queue(#[from] QueueError),
}
