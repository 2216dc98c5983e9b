//! What a call through the layer can fail with.

use fusebox::Rejection;
use std::error::Error;
use std::fmt;

/// Why a call through a [`Breaker`](crate::Breaker) gave no response.
///
/// The two cases call for different answers: after a rejection nothing was sent, so the caller may
/// use a fallback or try elsewhere at once; after an inner error the call may have had effects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerError<E> {
    /// The breaker did not admit the call. The inner service was not called.
    Rejected(Rejection),
    /// The inner service failed, in being ready or in answering.
    Inner(E),
}

impl<E> BreakerError<E> {
    /// The rejection, if it was one.
    #[must_use]
    pub fn rejection(&self) -> Option<&Rejection> {
        match self {
            Self::Rejected(rejection) => Some(rejection),
            Self::Inner(_) => None,
        }
    }

    /// The inner service's error, if it was one.
    #[must_use]
    pub fn into_inner(self) -> Option<E> {
        match self {
            Self::Rejected(_) => None,
            Self::Inner(error) => Some(error),
        }
    }

    /// Boxes the error for stacks that speak boxed errors only. Both cases can be downcast again,
    /// to [`Rejection`] and to whatever `E` boxes as.
    ///
    /// This is a method because a boxed `E` is no [`Error`] itself, and so neither is this type
    /// around it.
    #[must_use]
    pub fn into_box(self) -> Box<dyn Error + Send + Sync>
    where
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        match self {
            Self::Rejected(rejection) => Box::new(rejection),
            Self::Inner(error) => error.into(),
        }
    }
}

impl<E> From<Rejection> for BreakerError<E> {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

impl<E: fmt::Display> fmt::Display for BreakerError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rejected(rejection) => rejection.fmt(f),
            Self::Inner(error) => error.fmt(f),
        }
    }
}

impl<E: Error> Error for BreakerError<E> {
    /// Both cases speak with the voice of what they hold, so the source is that one's source.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Rejected(rejection) => rejection.source(),
            Self::Inner(error) => error.source(),
        }
    }
}
