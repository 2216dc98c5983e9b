//! The typed refusal of the limit.

use std::error::Error;
use std::fmt;

/// The limit was reached: this call was not made, and nothing is known about the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limited {
    max: usize,
}

impl Limited {
    pub(super) const fn new(max: usize) -> Self {
        Self { max }
    }

    /// How many calls may be in flight.
    #[must_use]
    pub const fn max(self) -> usize {
        self.max
    }
}

impl fmt::Display for Limited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} calls are in flight, and no more are allowed",
            self.max
        )
    }
}

impl Error for Limited {}

/// Why a call through a [`Limit`](crate::limit::Limit) gave no response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitError<E> {
    /// The call was refused. The inner service was not called.
    Limited(Limited),
    /// The inner service failed.
    Inner(E),
}

impl<E: fmt::Display> fmt::Display for LimitError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Limited(limited) => limited.fmt(f),
            Self::Inner(error) => error.fmt(f),
        }
    }
}

impl<E: Error> Error for LimitError<E> {
    /// Both cases speak with the voice of what they hold, so the source is that one's source.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Limited(limited) => limited.source(),
            Self::Inner(error) => error.source(),
        }
    }
}
