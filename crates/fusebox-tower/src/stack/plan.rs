//! What is the same for every call of a stack.

use super::fallback::Asked;
use super::retry::Retry;
use crate::classify::Classify;
use fusebox::Outcome;
use std::time::Duration;
use tokio::time::Instant;

/// `P` is the source of permits, `C` the classifier, `N` what may be repeated, `G` the fallback.
#[derive(Clone)]
pub(super) struct Plan<P, C, N, G> {
    pub(super) source: P,
    pub(super) classifier: C,
    pub(super) retry: Retry<N>,
    pub(super) fallback: G,
    pub(super) asked: Asked,
    pub(super) times: Times,
}

/// How long things may take.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Times {
    /// One attempt.
    pub(super) each: Option<Duration>,
    /// All of them.
    pub(super) total: Option<Duration>,
}

impl Times {
    /// When a call that begins now is over. A time too long to be told is none.
    pub(super) fn deadline(self) -> Option<Instant> {
        self.total
            .and_then(|total| Instant::now().checked_add(total))
    }
}

impl<P, C, N, G> Plan<P, C, N, G> {
    /// Whether an error counts against the service. One that does not is the caller's own: it is
    /// neither tried again nor hidden behind a fallback.
    pub(super) fn is_failure<E, F>(&self, error: &E) -> bool
    where
        C: Classify<E, F>,
    {
        matches!(self.classifier.error(error), Outcome::Failure(_))
    }
}
