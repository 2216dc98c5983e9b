//! The upstream's body on its way to the client: watched by the clock, and by whose turn it is.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep};

use super::UpstreamError;
use super::pool::Lease;
use super::request_body::Progress;

pin_project! {
    /// The body of an answer, streamed through as it comes. At its end the connection goes back to
    /// the pool.
    #[derive(Debug)]
    pub struct UpstreamBody {
        #[pin]
        inner: Incoming,
        // Made when the body first has to be waited for; most are there with their heads. In a
        // box, so that a body may be moved after it was looked at.
        timer: Option<Pin<Box<Sleep>>>,
        clock: Option<Deadline>,
        // Whether the last poll had to wait for the upstream.
        waiting: bool,
        ended: bool,
        lease: Option<Lease>,
        progress: Progress,
    }
}

/// When the answer must have ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadline {
    pub(super) at: Instant,
    /// The setting it comes from, for the words of the error.
    pub(super) after: Duration,
}

impl UpstreamBody {
    pub(super) fn new(
        inner: Incoming,
        clock: Option<Deadline>,
        lease: Option<Lease>,
        progress: Progress,
    ) -> Self {
        let mut body = Self {
            inner,
            timer: None,
            clock,
            // The first look follows the head at once: nobody has been asked to take anything.
            waiting: true,
            ended: false,
            lease,
            progress,
        };
        if body.inner.is_end_stream() {
            keep(&mut body.lease, &body.progress);
        }
        body
    }
}

/// Gives the connection back, unless the request is still being sent: then it cannot be used again.
fn keep(lease: &mut Option<Lease>, progress: &Progress) {
    if let Some(lease) = lease.take().filter(|_| progress.is_sent()) {
        lease.give_back();
    }
}

impl Body for UpstreamBody {
    type Data = Bytes;
    type Error = UpstreamError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, UpstreamError>>> {
        let mut this = self.project();
        if *this.ended {
            return Poll::Ready(None);
        }
        let waited = std::mem::replace(this.waiting, false);
        let error = match this.inner.as_mut().poll_frame(cx) {
            Poll::Pending => {
                *this.waiting = true;
                let Some(clock) = *this.clock else {
                    return Poll::Pending;
                };
                let timer = this
                    .timer
                    .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(clock.at)));
                match timer.as_mut().poll(cx) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(()) => UpstreamError::BodyTimeout(clock.after),
                }
            }
            Poll::Ready(None) => {
                *this.ended = true;
                keep(this.lease, this.progress);
                return Poll::Ready(None);
            }
            Poll::Ready(Some(Err(error))) if this.progress.is_broken() => {
                tracing::debug!(%error, "the client broke off its request while it was answered");
                UpstreamError::BrokenRequest
            }
            Poll::Ready(Some(Err(error))) => UpstreamError::of_connection(&error),
            Poll::Ready(Some(Ok(frame))) => {
                let Some(clock) = this.clock.filter(|clock| clock.at <= Instant::now()) else {
                    if this.inner.is_end_stream() {
                        keep(this.lease, this.progress);
                    }
                    return Poll::Ready(Some(Ok(frame)));
                };
                // Too late. If the frame had to be waited for, the upstream was slow; if it was
                // there at once, it lay here until the client took what came before it.
                if waited {
                    UpstreamError::BodyTimeout(clock.after)
                } else {
                    UpstreamError::Client
                }
            }
        };
        *this.ended = true;
        *this.lease = None;
        Poll::Ready(Some(Err(error)))
    }

    fn is_end_stream(&self) -> bool {
        self.ended || self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
