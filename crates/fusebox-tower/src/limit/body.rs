//! The body holds its call's place until it ends.

use crate::head::ended;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::sync::OwnedSemaphorePermit;

pin_project! {
    /// The body of a response that came through a [`Limit`](crate::limit::Limit). Passes every
    /// frame on untouched, and gives the place back at its end, at an error, or when it is dropped.
    pub struct LimitedBody<T> {
        #[pin]
        inner: T,
        place: Option<OwnedSemaphorePermit>,
    }
}

impl<T: Body> LimitedBody<T> {
    /// A body without anything to read holds no place.
    pub(super) fn new(inner: T, place: Option<OwnedSemaphorePermit>) -> Self {
        let place = place.filter(|_| !ended(&inner));
        Self { inner, place }
    }
}

impl<T> LimitedBody<T> {
    /// Gives the place back before the end, where the body may not be passed on.
    pub(crate) fn give_place_back(&mut self) {
        self.place.take();
    }

    /// The body of the service.
    pub fn get_ref(&self) -> &T {
        &self.inner
    }
}

impl<T: Body> Body for LimitedBody<T> {
    type Data = T::Data;
    type Error = T::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<T::Data>, T::Error>>> {
        let mut this = self.project();
        let polled = ready!(this.inner.as_mut().poll_frame(cx));
        // A reader may stop at the last frame without asking for the end, as hyper does.
        if !matches!(polled, Some(Ok(_))) || ended(&*this.inner) {
            this.place.take();
        }
        Poll::Ready(polled)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl<T> fmt::Debug for LimitedBody<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LimitedBody")
            .field("holds_place", &self.place.is_some())
            .finish_non_exhaustive()
    }
}
