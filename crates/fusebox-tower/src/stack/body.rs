//! The body of an answer, whoever gave it.

use super::timed::Judge;
use crate::body::SettlingBody;
use crate::limit::LimitedBody;
use crate::stack::Instead;
use bytes::Buf;
use fusebox::{Handle, Outcome};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The body of the service, with its permit and its place.
pub(super) type Upstream<T, B, C> = LimitedBody<SettlingBody<T, B, Judge<C>>>;

pin_project! {
    /// The body of a response that came through a [`Stack`](crate::stack::Stack): the service's
    /// own, which streams and settles as a [`SettlingBody`] does, or a fallback's.
    ///
    /// # Cancel safety
    ///
    /// May be dropped at any point, as [`SettlingBody`]; the place in the limit goes with it.
    pub struct StackBody<T: Body, B: Handle, C> {
        #[pin]
        from: From<T, B, C>,
    }
}

pin_project! {
    #[project = FromProjection]
    enum From<T: Body, B: Handle, C> {
        Upstream {
            #[pin]
            body: Upstream<T, B, C>,
        },
        // None once it was read.
        Whole {
            data: Option<T::Data>,
        },
        Other {
            #[pin]
            body: T,
        },
    }
}

impl<T: Body, B: Handle, C> StackBody<T, B, C> {
    pub(super) fn upstream(body: Upstream<T, B, C>) -> Self {
        Self {
            from: From::Upstream { body },
        }
    }

    pub(super) fn instead(instead: Instead<T>) -> Self {
        let from = match instead {
            Instead::Whole(data) => From::Whole {
                data: Some(data).filter(Buf::has_remaining),
            },
            Instead::Body(body) => From::Other { body },
        };
        Self { from }
    }

    /// The outcome given to the breaker; `None` as long as the body may still decide it, for a call
    /// lost in a panic, and for the answer of a fallback.
    pub fn outcome(&self) -> Option<Outcome> {
        match &self.from {
            From::Upstream { body } => body.get_ref().outcome(),
            From::Whole { .. } | From::Other { .. } => None,
        }
    }
}

impl<T: Body, B: Handle, C> Body for StackBody<T, B, C> {
    type Data = T::Data;
    type Error = T::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<T::Data>, T::Error>>> {
        match self.project().from.project() {
            FromProjection::Upstream { body } => body.poll_frame(cx),
            FromProjection::Other { body } => body.poll_frame(cx),
            FromProjection::Whole { data } => {
                Poll::Ready(data.take().map(|data| Ok(Frame::data(data))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.from {
            From::Upstream { body } => body.is_end_stream(),
            From::Other { body } => body.is_end_stream(),
            From::Whole { data } => data.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.from {
            From::Upstream { body } => body.size_hint(),
            From::Other { body } => body.size_hint(),
            From::Whole { data } => {
                let left = data.as_ref().map_or(0, Buf::remaining);
                SizeHint::with_exact(left as u64)
            }
        }
    }
}

impl<T: Body, B: Handle, C> fmt::Debug for StackBody<T, B, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let from = match &self.from {
            From::Upstream { .. } => "upstream",
            From::Whole { .. } | From::Other { .. } => "fallback",
        };
        f.debug_struct("StackBody")
            .field("from", &from)
            .finish_non_exhaustive()
    }
}
