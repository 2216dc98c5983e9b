//! The body: settles a call that its head left undecided.

use crate::alarm::Alarm;
use crate::classify::Classify;
use crate::head::{Settling, ended};
use crate::unwind::emptied_by_panic;
use fusebox::{Handle, Outcome, PermitOf, Settlement, Tick};
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

pin_project! {
    /// The body of a response that came through a [`Breaker`](crate::Breaker).
    ///
    /// Passes every frame on untouched. If the head left the call undecided, it carries the permit
    /// and settles it: as a success at the end of the body or once `settle_after` is over, as the
    /// classifier says if trailers come or the body fails before.
    ///
    /// # Cancel safety
    ///
    /// May be dropped at any point. If nothing was left to read, or `settle_after` is over, that is
    /// a success, and so it is if nobody began to read where
    /// [`unread_body_is_success`](crate::BreakerLayer::unread_body_is_success) is on. Else the
    /// permit is dropped: ignored, or a failure where the circuit's `abandoned_after` is set and
    /// over.
    pub struct SettlingBody<T: Body, B: Handle, C> {
        #[pin]
        inner: T,
        // None once the call is settled.
        flowing: Option<Flowing<B, C, T::Error>>,
        outcome: Option<Outcome>,
    }

    impl<T: Body, B: Handle, C> PinnedDrop for SettlingBody<T, B, C> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if let Some(flowing) = this.flowing.take() {
                // Else the permit's own drop settles: R11.
                let unread = flowing.unread_is_success;
                if unread || ended(&*this.inner) || flowing.left().is_zero() {
                    flowing.settle(Outcome::Success);
                }
            }
        }
    }
}

/// A call whose head was good and whose body is not over yet.
pub(crate) struct Flowing<B: Handle, C, F> {
    permit: PermitOf<B>,
    classifier: C,
    /// [`Classify::body_error`], chosen where the service's error type was still known.
    judge: fn(&C, &F) -> Outcome,
    /// [`Classify::trailers`], likewise.
    judge_trailers: fn(&C, &HeaderMap) -> Outcome,
    /// From admission to the head.
    took: Duration,
    settles_at: Tick,
    alarm: Alarm,
    /// Whether to drop the body now is a success; no longer once somebody began to read.
    unread_is_success: bool,
}

impl<B: Handle, C, F> Flowing<B, C, F> {
    /// The head has just arrived. The call took until now, however long its body takes.
    pub(crate) fn new<E>(
        mut permit: PermitOf<B>,
        classifier: C,
        settling: Settling,
        took: Duration,
    ) -> Self
    where
        C: Classify<E, F>,
    {
        permit.head_arrived();
        let settles_at = permit
            .breaker()
            .clock()
            .coarse()
            .saturating_add(settling.after);
        let judge = <C as Classify<E, F>>::body_error;
        Self {
            permit,
            classifier,
            judge,
            judge_trailers: <C as Classify<E, F>>::trailers,
            took,
            settles_at,
            alarm: Alarm::new(),
            unread_is_success: settling.unread_is_success,
        }
    }

    /// What is left of `settle_after`, counted from the head.
    fn left(&self) -> Duration {
        self.settles_at
            .saturating_since(self.permit.breaker().clock().coarse())
    }

    fn settle(self, outcome: Outcome) -> Outcome {
        self.permit.settle(Settlement::new(outcome).took(self.took));
        outcome
    }
}

impl<T: Body, B: Handle, C> SettlingBody<T, B, C> {
    pub(crate) fn settled(inner: T, outcome: Outcome) -> Self {
        Self {
            inner,
            flowing: None,
            outcome: Some(outcome),
        }
    }

    pub(crate) fn flowing(inner: T, flowing: Flowing<B, C, T::Error>) -> Self {
        Self {
            inner,
            flowing: Some(flowing),
            outcome: None,
        }
    }

    /// The outcome given to the breaker; `None` as long as the body may still decide it, and for a
    /// call lost in a panic.
    pub fn outcome(&self) -> Option<Outcome> {
        self.outcome
    }

    /// The body of the service, read-only: reading it would pass the breaker by.
    pub fn get_ref(&self) -> &T {
        &self.inner
    }
}

impl<T: Body, B: Handle, C> Body for SettlingBody<T, B, C> {
    type Data = T::Data;
    type Error = T::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<T::Data>, T::Error>>> {
        let mut this = self.project();
        // Before the frame is looked at: what comes after `settle_after` is no longer judged,
        // however late the reader comes for it.
        if let Some(flowing) = this.flowing.take_if(|flowing| flowing.left().is_zero()) {
            *this.outcome = Some(flowing.settle(Outcome::Success));
        }
        if this.flowing.is_none() {
            return this.inner.poll_frame(cx);
        }
        let polled = emptied_by_panic(this.flowing, || this.inner.as_mut().poll_frame(cx));
        let Some(mut flowing) = this.flowing.take() else {
            return polled;
        };
        flowing.unread_is_success = false;
        let decided = match &polled {
            Poll::Ready(None) => Some(Outcome::Success),
            Poll::Ready(Some(Ok(frame))) => match frame.trailers_ref() {
                Some(trailers) => Some((flowing.judge_trailers)(&flowing.classifier, trailers)),
                None => ended(&*this.inner).then_some(Outcome::Success),
            },
            Poll::Ready(Some(Err(error))) => Some((flowing.judge)(&flowing.classifier, error)),
            Poll::Pending => {
                let left = flowing.left();
                flowing
                    .alarm
                    .poll(cx, left)
                    .is_ready()
                    .then_some(Outcome::Success)
            }
        };
        match decided {
            Some(outcome) => *this.outcome = Some(flowing.settle(outcome)),
            None => *this.flowing = Some(flowing),
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl<T: Body, B: Handle, C> fmt::Debug for SettlingBody<T, B, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SettlingBody")
            .field("outcome", &self.outcome)
            .finish_non_exhaustive()
    }
}
