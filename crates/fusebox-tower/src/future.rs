//! The future: waits for the head and judges it.

use crate::body::{Flowing, SettlingBody};
use crate::classify::Classify;
use crate::error::BreakerError;
use crate::head::{Settling, Took, Verdict, verdict};
use crate::overdue::Overdue;
use crate::unwind::emptied_by_panic;
use fusebox::{Handle, PermitOf, Rejection, Settlement, Tick};
use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

pin_project! {
    /// The response of a [`Breaker`](crate::Breaker), or its rejection.
    ///
    /// # Cancel safety
    ///
    /// May be dropped at any point; the permit goes with it and gives its place back at once. That
    /// counts as ignored, or as a failure where the circuit's `abandoned_after` is set and over.
    pub struct ResponseFuture<F, B: Handle, C> {
        #[pin]
        state: State<F, B, C>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<F, B: Handle, C> {
        Admitted {
            #[pin]
            inner: F,
            // None once the call was handed over to the body, settled, or lost in a panic.
            call: Option<Call<B, C>>,
        },
        Rejected {
            rejection: Rejection,
        },
    }
}

/// An admitted call that waits for its head.
pub(crate) struct Call<B: Handle, C> {
    permit: PermitOf<B>,
    classifier: C,
    settling: Settling,
    /// When it was admitted: how long the head took is told with the outcome (R1).
    begun: Tick,
    overdue: Overdue,
}

impl<F, B: Handle, C> ResponseFuture<F, B, C> {
    pub(crate) fn admitted(inner: F, call: Call<B, C>) -> Self {
        Self {
            state: State::Admitted {
                inner,
                call: Some(call),
            },
        }
    }

    pub(crate) fn rejected(rejection: Rejection) -> Self {
        Self {
            state: State::Rejected { rejection },
        }
    }
}

impl<F, B, C, T, E> Future for ResponseFuture<F, B, C>
where
    F: Future<Output = Result<Response<T>, E>>,
    T: Body,
    B: Handle,
    C: Classify<E, T::Error>,
{
    type Output = Result<Response<SettlingBody<T, B, C>>, BreakerError<E>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let (inner, slot) = match self.project().state.project() {
            StateProjection::Admitted { inner, call } => (inner, call),
            StateProjection::Rejected { rejection } => {
                return Poll::Ready(Err((*rejection).into()));
            }
        };
        if slot.is_none() {
            // Polled again after it was ready or had panicked: there is nothing to come.
            return Poll::Pending;
        }
        let polled = emptied_by_panic(slot, || inner.poll(cx));
        let Poll::Ready(answer) = polled else {
            if let Some(Call {
                permit, overdue, ..
            }) = slot
            {
                overdue.poll(cx, permit);
            }
            return Poll::Pending;
        };
        let Some(call) = slot.take() else {
            return Poll::Pending;
        };
        Poll::Ready(match answer {
            Ok(response) => Ok(call.head_arrived(response)),
            Err(error) => {
                let outcome = Classify::<E, T::Error>::error(&call.classifier, &error);
                let took = call.took();
                call.permit.settle(Settlement::new(outcome).took(took));
                Err(BreakerError::Inner(error))
            }
        })
    }
}

impl<B: Handle, C> Call<B, C> {
    pub(crate) fn new(permit: PermitOf<B>, classifier: C, settling: Settling) -> Self {
        // Exact on both ends: the smallest bound of the histogram is finer than the coarse clock.
        let begun = permit.breaker().clock().now();
        Self {
            permit,
            classifier,
            settling,
            begun,
            overdue: Overdue::new(),
        }
    }

    fn took(&self) -> Duration {
        let now = self.permit.breaker().clock().now();
        now.saturating_since(self.begun)
    }

    /// Judges the head; what it leaves undecided goes on with the body. A panic of the classifier
    /// drops the permit while unwinding: a failure.
    fn head_arrived<T, E>(self, response: Response<T>) -> Response<SettlingBody<T, B, C>>
    where
        T: Body,
        C: Classify<E, T::Error>,
    {
        let took = self.took();
        let Self {
            permit,
            classifier,
            settling,
            ..
        } = self;
        let (mut head, body) = response.into_parts();
        if settling.took_in_extensions {
            head.extensions.insert(Took(took));
        }
        let body = match verdict::<E, T, C>(&head, &body, &classifier, settling.after) {
            Verdict::Now(outcome, retry_after) => {
                let mut settlement = Settlement::new(outcome).took(took);
                if let Some(wait) = retry_after {
                    settlement = settlement.retry_after(wait);
                }
                permit.settle(settlement);
                SettlingBody::settled(body, outcome)
            }
            Verdict::AtEnd => {
                let flowing = Flowing::new::<E>(permit, classifier, settling, took);
                SettlingBody::flowing(body, flowing)
            }
        };
        Response::from_parts(head, body)
    }
}

impl<F, B: Handle, C> fmt::Debug for ResponseFuture<F, B, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::Admitted { call: Some(_), .. } => "admitted",
            State::Admitted { call: None, .. } => "done",
            State::Rejected { .. } => "rejected",
        };
        f.debug_struct("ResponseFuture")
            .field("state", &state)
            .finish_non_exhaustive()
    }
}
