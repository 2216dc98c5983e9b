//! Waits for the head with the place in its hand.

use super::{LimitError, Limited, LimitedBody};
use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::sync::OwnedSemaphorePermit;

pin_project! {
    /// The response of a [`Limit`](crate::limit::Limit), or its refusal.
    ///
    /// # Cancel safety
    ///
    /// May be dropped at any point; the place goes with it.
    pub struct LimitFuture<F> {
        #[pin]
        state: State<F>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<F> {
        Admitted {
            #[pin]
            inner: F,
            place: Option<OwnedSemaphorePermit>,
        },
        Refused {
            limited: Limited,
        },
    }
}

impl<F> LimitFuture<F> {
    pub(super) fn admitted(inner: F, place: Option<OwnedSemaphorePermit>) -> Self {
        Self {
            state: State::Admitted { inner, place },
        }
    }

    pub(super) fn refused(limited: Limited) -> Self {
        Self {
            state: State::Refused { limited },
        }
    }
}

impl<F, T, E> Future for LimitFuture<F>
where
    F: Future<Output = Result<Response<T>, E>>,
    T: Body,
{
    type Output = Result<Response<LimitedBody<T>>, LimitError<E>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let (inner, place) = match self.project().state.project() {
            StateProjection::Admitted { inner, place } => (inner, place),
            StateProjection::Refused { limited } => {
                return Poll::Ready(Err(LimitError::Limited(*limited)));
            }
        };
        let answer = ready!(inner.poll(cx));
        // On every way out: an error gives the place back here.
        let place = place.take();
        Poll::Ready(match answer {
            Ok(response) => Ok(response.map(|body| LimitedBody::new(body, place))),
            Err(error) => Err(LimitError::Inner(error)),
        })
    }
}

impl<F> fmt::Debug for LimitFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::Admitted { .. } => "admitted",
            State::Refused { .. } => "refused",
        };
        f.debug_struct("LimitFuture")
            .field("state", &state)
            .finish_non_exhaustive()
    }
}
