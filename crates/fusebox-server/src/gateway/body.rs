//! The bodies that the gateway sends: an upstream's streamed through, or one of its own.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;
use pin_project_lite::pin_project;

use super::begun::Begun;
use crate::circuits::upstream::UpstreamError;
use crate::circuits::{Flight, Forwarded};

pin_project! {
    /// The body of an answer. Its request counts as in flight until it is dropped.
    #[project = AnswerBodyPinned]
    pub(super) enum AnswerBody {
        Forwarded { #[pin] body: Begun<Forwarded>, flight: Flight },
        Own { #[pin] body: Full<Bytes>, flight: Option<Flight> },
    }
}

impl AnswerBody {
    pub(super) fn own(bytes: Bytes, flight: Option<Flight>) -> Self {
        Self::Own {
            body: Full::new(bytes),
            flight,
        }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = UpstreamError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, UpstreamError>>> {
        match self.project() {
            AnswerBodyPinned::Forwarded { body, .. } => body.poll_frame(cx),
            AnswerBodyPinned::Own { body, .. } => {
                body.poll_frame(cx).map_err(|never| match never {})
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Forwarded { body, .. } => body.is_end_stream(),
            Self::Own { body, .. } => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Forwarded { body, .. } => body.size_hint(),
            Self::Own { body, .. } => body.size_hint(),
        }
    }
}
