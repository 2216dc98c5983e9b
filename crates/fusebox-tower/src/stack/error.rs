//! What a call through the stack can fail with.

use crate::error::BreakerError;
use crate::limit::{LimitError, Limited};
use crate::stack::timed::TimedError;
use fusebox::Rejection;
use std::error::Error;
use std::fmt;

/// No head came in time: what [`StackError::TimedOut`] boxes as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimedOut;

impl fmt::Display for TimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no answer came in time")
    }
}

impl Error for TimedOut {}

/// Why a call through a [`Stack`](crate::stack::Stack) gave no response.
///
/// After [`Rejected`](Self::Rejected) and [`Limited`](Self::Limited) nothing was sent by the last
/// attempt; after the others the call may have had effects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StackError<E> {
    /// The breaker did not admit the call.
    Rejected(Rejection),
    /// So many calls were in flight that this one was refused.
    Limited(Limited),
    /// No head came in time: within `timeout`, or what `total_timeout` had left.
    TimedOut,
    /// The inner service failed, in being ready or in answering.
    Inner(E),
}

impl<E> StackError<E> {
    /// The rejection, if it was one.
    #[must_use]
    pub fn rejection(&self) -> Option<&Rejection> {
        match self {
            Self::Rejected(rejection) => Some(rejection),
            Self::Limited(_) | Self::TimedOut | Self::Inner(_) => None,
        }
    }

    /// The inner service's error, if it was one.
    #[must_use]
    pub fn into_inner(self) -> Option<E> {
        match self {
            Self::Inner(error) => Some(error),
            Self::Rejected(_) | Self::Limited(_) | Self::TimedOut => None,
        }
    }

    /// Boxes the error for stacks that speak boxed errors only. Every case can be downcast again,
    /// to [`Rejection`], [`Limited`], [`TimedOut`], and whatever `E` boxes as.
    #[must_use]
    pub fn into_box(self) -> Box<dyn Error + Send + Sync>
    where
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        match self {
            Self::Rejected(rejection) => Box::new(rejection),
            Self::Limited(limited) => Box::new(limited),
            Self::TimedOut => Box::new(TimedOut),
            Self::Inner(error) => error.into(),
        }
    }
}

impl<E> From<Rejection> for StackError<E> {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

impl<E> From<LimitError<BreakerError<TimedError<E>>>> for StackError<E> {
    fn from(error: LimitError<BreakerError<TimedError<E>>>) -> Self {
        match error {
            LimitError::Limited(limited) => Self::Limited(limited),
            LimitError::Inner(BreakerError::Rejected(rejection)) => Self::Rejected(rejection),
            LimitError::Inner(BreakerError::Inner(TimedError::TimedOut { .. })) => Self::TimedOut,
            LimitError::Inner(BreakerError::Inner(TimedError::Inner(error))) => Self::Inner(error),
        }
    }
}

impl<E: fmt::Display> fmt::Display for StackError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rejected(rejection) => rejection.fmt(f),
            Self::Limited(limited) => limited.fmt(f),
            Self::TimedOut => TimedOut.fmt(f),
            Self::Inner(error) => error.fmt(f),
        }
    }
}

impl<E: Error> Error for StackError<E> {
    /// Every case speaks with the voice of what it holds, so the source is that one's source.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Rejected(rejection) => rejection.source(),
            Self::Limited(limited) => limited.source(),
            Self::TimedOut => None,
            Self::Inner(error) => error.source(),
        }
    }
}
