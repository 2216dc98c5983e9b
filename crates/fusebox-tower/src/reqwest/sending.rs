//! The future of a protected call.

use super::error::Error;
use super::exchange::Exchanging;
use crate::classify::Classify;
use crate::future::ResponseFuture;
use fusebox::Handle;
use pin_project_lite::pin_project;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

pin_project! {
    /// The response of a [`ProtectedClient`](super::ProtectedClient), or its rejection.
    ///
    /// # Cancel safety
    ///
    /// May be dropped at any point, like [`ResponseFuture`]. The request may have reached the
    /// server.
    pub struct Sending<B: Handle, C> {
        #[pin]
        inner: ResponseFuture<Exchanging, B, C>,
    }
}

impl<B: Handle, C> Sending<B, C> {
    pub(super) fn new(inner: ResponseFuture<Exchanging, B, C>) -> Self {
        Self { inner }
    }
}

impl<B, C> Future for Sending<B, C>
where
    B: Handle + Send + Sync + 'static,
    C: Classify<reqwest::Error> + Send + Sync + 'static,
{
    type Output = Result<reqwest::Response, Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = ready!(self.project().inner.poll(cx));
        Poll::Ready(answer.map(|response| response.map(reqwest::Body::wrap).into()))
    }
}

impl<B: Handle, C> fmt::Debug for Sending<B, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Sending").field(&self.inner).finish()
    }
}
