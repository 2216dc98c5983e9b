//! What can go wrong with a storage.

use std::time::Duration;

use thiserror::Error;

/// Why a storage did not do what it was asked.
///
/// A clone tells the same, so that everybody who waited for one write can be told. `place` is a
/// file or a server, never with a password in it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// It cannot be reached, or could not do it now: try again later.
    #[error("{place} cannot be used now: {detail}")]
    Unavailable {
        /// The file or server.
        place: String,
        /// What it said.
        detail: String,
    },
    /// What is there is damaged, or no storage of ours.
    #[error("{place} is damaged or is not a store of Fusebox: {detail}")]
    Corrupt {
        /// The file or server.
        place: String,
        /// What was found.
        detail: String,
    },
    /// A newer Fusebox wrote it. Use that version, or another place.
    #[error(
        "{place} was written by a newer Fusebox: its schema is {found}, this one knows {known}"
    )]
    Newer {
        /// The file or server.
        place: String,
        /// The schema version that was found.
        found: i64,
        /// The newest one that this version knows.
        known: i64,
    },
    /// It did not answer in time. What was asked may still happen.
    #[error("the store did not answer within {} ms", after.as_millis())]
    Slow {
        /// How long was waited.
        after: Duration,
    },
    /// Too much is waiting for it already.
    #[error("the store is too far behind: {waiting} requests wait for it")]
    Behind {
        /// How many.
        waiting: usize,
    },
    /// The keeper has been closed.
    #[error("the keeper of the store is closed")]
    Closed,
}

impl StoreError {
    /// Whether the same place will fail the same way until somebody mends it.
    pub const fn is_lasting(&self) -> bool {
        matches!(
            self,
            Self::Corrupt { .. } | Self::Newer { .. } | Self::Closed
        )
    }
}
