//! A limit on the calls in flight that refuses at once (feature `stack`).
//!
//! Tower's own limit waits for a place and gives it back at the head of the response. Behind a
//! time-out a queue is the wrong place to wait in, and a body that is still being read is still a
//! call; so this one refuses, and holds the place until the body ends.

mod body;
mod error;
mod future;

pub use body::LimitedBody;
pub use error::{LimitError, Limited};
pub use future::LimitFuture;

use http::Response;
use http_body::Body;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::sync::Semaphore;
use tower_layer::Layer;
use tower_service::Service;

/// Lets at most so many calls be in flight, each until its body ends, and refuses the others at
/// once with [`Limited`].
///
/// Every service that one layer (or its clone) makes shares the same places.
#[derive(Clone, Debug)]
pub struct LimitLayer {
    places: Places,
}

/// What a layer and its services share.
#[derive(Clone, Debug)]
struct Places {
    max: usize,
    /// `None`: without limit, for a stack that was given none.
    free: Option<Arc<Semaphore>>,
}

impl LimitLayer {
    /// At most `max` calls in flight. More than 2^61 - 1 are cut there; 0 refuses every call.
    #[must_use]
    pub fn new(max: usize) -> Self {
        let max = max.min(Semaphore::MAX_PERMITS);
        Self {
            places: Places {
                max,
                free: Some(Arc::new(Semaphore::new(max))),
            },
        }
    }

    /// Refuses nothing.
    pub(crate) fn unlimited() -> Self {
        Self {
            places: Places {
                max: usize::MAX,
                free: None,
            },
        }
    }

    /// How many calls are in flight; 0 where there is no limit, since nobody counts then.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        let free = self.places.free.as_ref();
        free.map_or(0, |free| self.places.max - free.available_permits())
    }
}

impl<S> Layer<S> for LimitLayer {
    type Service = Limit<S>;

    fn layer(&self, inner: S) -> Limit<S> {
        Limit {
            inner,
            places: self.places.clone(),
        }
    }
}

/// A service behind a limit; made by [`LimitLayer`].
///
/// The place is taken in `call`: a service that is ready holds none.
#[derive(Clone, Debug)]
pub struct Limit<S> {
    inner: S,
    places: Places,
}

impl<S> Limit<S> {
    /// Whether a call would be refused now.
    pub(crate) fn is_full(&self) -> bool {
        let free = self.places.free.as_ref();
        free.is_some_and(|free| free.available_permits() == 0)
    }

    /// The service behind the limit.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }
}

impl<S, R, T> Service<R> for Limit<S>
where
    S: Service<R, Response = Response<T>>,
    T: Body,
{
    type Response = Response<LimitedBody<T>>;
    type Error = LimitError<S::Error>;
    type Future = LimitFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx).map_err(LimitError::Inner)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let place = match &self.places.free {
            None => None,
            Some(free) => match Arc::clone(free).try_acquire_owned() {
                Ok(place) => Some(place),
                Err(_) => return LimitFuture::refused(Limited::new(self.places.max)),
            },
        };
        LimitFuture::admitted(self.inner.call(request), place)
    }
}
