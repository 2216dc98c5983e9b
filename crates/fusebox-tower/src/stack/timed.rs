//! The innermost part: one attempt, the time it is given, and what a time-out says of the service.

use crate::classify::Classify;
use crate::permit_source::PermitSource;
use crate::wants_body::WantsBody;
use fusebox::{CircuitBreaker, FailureClass, Outcome, PermitOf, Rejection};
use http::HeaderMap;
use http::response::Parts;
use pin_project_lite::pin_project;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Instant, Timeout, timeout_at};
use tower::ServiceExt;
use tower::util::Oneshot;
use tower_service::Service;

/// A request on its way inwards, with the time that it has.
pub(super) struct Attempt<R> {
    pub(super) request: R,
    pub(super) given: Given,
}

/// The time of one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Given {
    /// `None`: as long as it takes.
    until: Option<Instant>,
    /// Whether it ends by the deadline, of which attempts before it used up a part.
    short: bool,
}

impl Given {
    /// What an attempt that begins now gets: a whole time-out, or what is left until the deadline.
    pub(super) fn new(timeout: Option<Duration>, deadline: Option<Instant>, first: bool) -> Self {
        let own = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        match own {
            Some(own) if deadline.is_none_or(|deadline| own <= deadline) => Self {
                until: Some(own),
                short: false,
            },
            _ => Self {
                until: deadline,
                short: !first,
            },
        }
    }
}

/// Makes each attempt on a service of its own, within the time it was given. Waiting for the
/// service to be ready is part of that time: else there would be a second place for time-outs.
#[derive(Clone, Debug)]
pub(super) struct Timed<S>(pub(super) S);

impl<S, R> Service<Attempt<R>> for Timed<S>
where
    S: Service<R> + Clone,
{
    type Response = S::Response;
    type Error = TimedError<S::Error>;
    type Future = TimedFuture<Oneshot<S, R>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, Attempt { request, given }: Attempt<R>) -> Self::Future {
        let call = self.0.clone().oneshot(request);
        match given.until {
            Some(until) => TimedFuture::Limited {
                call: timeout_at(until, call),
                short: given.short,
            },
            None => TimedFuture::Patient { call },
        }
    }
}

/// How an attempt failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimedError<E> {
    /// `short`: attempts before it had used up a part of its time.
    TimedOut {
        short: bool,
    },
    Inner(E),
}

pin_project! {
    #[project = TimedProjection]
    pub(super) enum TimedFuture<F> {
        Limited {
            #[pin]
            call: Timeout<F>,
            short: bool,
        },
        Patient {
            #[pin]
            call: F,
        },
    }
}

impl<F, A, E> Future for TimedFuture<F>
where
    F: Future<Output = Result<A, E>>,
{
    type Output = Result<A, TimedError<E>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = match self.project() {
            TimedProjection::Patient { call } => ready!(call.poll(cx)),
            TimedProjection::Limited { call, short } => match ready!(call.poll(cx)) {
                Ok(answer) => answer,
                Err(_) => return Poll::Ready(Err(TimedError::TimedOut { short: *short })),
            },
        };
        Poll::Ready(answer.map_err(TimedError::Inner))
    }
}

/// The user's classifier, which knows nothing of attempts and their time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Judge<C>(pub(super) C);

impl<E, F, C: Classify<E, F>> Classify<TimedError<E>, F> for Judge<C> {
    fn head(&self, head: &Parts) -> Outcome {
        self.0.head(head)
    }

    fn error(&self, error: &TimedError<E>) -> Outcome {
        match error {
            TimedError::TimedOut { short: false } => Outcome::Failure(FailureClass::Timeout),
            // As a caller who left before the time-out (R11): the service might have answered.
            TimedError::TimedOut { short: true } => Outcome::Ignored,
            TimedError::Inner(error) => self.0.error(error),
        }
    }

    fn trailers(&self, trailers: &HeaderMap) -> Outcome {
        self.0.trailers(trailers)
    }

    fn body_error(&self, error: &F) -> Outcome {
        self.0.body_error(error)
    }
}

impl<R: WantsBody> WantsBody for Attempt<R> {
    fn wants_body(&self) -> bool {
        self.request.wants_body()
    }
}

/// The user's source, which sees the request only.
#[derive(Clone, Copy, Debug)]
pub(super) struct Inward<P>(pub(super) P);

impl<R, P: PermitSource<R>> PermitSource<Attempt<R>> for Inward<P> {
    type Handle = P::Handle;

    fn circuit(&self) -> &CircuitBreaker {
        self.0.circuit()
    }

    fn acquire(&self, attempt: &Attempt<R>) -> Result<PermitOf<P::Handle>, Rejection> {
        self.0.acquire(&attempt.request)
    }
}
