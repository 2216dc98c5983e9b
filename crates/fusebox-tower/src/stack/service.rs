//! The service: one call, from the outermost part inwards.

use super::StackError;
use super::body::{StackBody, Upstream};
use super::fallback::Fallback;
use super::plan::Plan;
use super::repeat::Repeat;
use super::timed::{Inward, Judge, Timed};
use crate::classify::Classify;
use crate::limit::Limit;
use crate::permit_source::PermitSource;
use crate::service::Breaker;
use crate::wants_body::WantsBody;
use http::Response;
use http_body::Body;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tower_service::Service;

/// What an attempt goes through, outermost first: limit, breaker, time-out.
pub(super) type Attempts<S, P, C> = Limit<Breaker<Timed<S>, Inward<P>, Judge<C>>>;

/// What comes of an attempt, or of all of them.
pub(super) type Answer<T, B, C, E> = Result<Response<Upstream<T, B, C>>, StackError<E>>;

/// A service behind a whole stack; made by [`Stack`](crate::stack::Stack).
///
/// Always ready: the service behind it is asked for readiness within each attempt, so that waiting
/// for it has a time-out, and so that an open circuit rejects at once even while it is busy.
///
/// # Cancel safety
///
/// The future may be dropped at any point: the attempt under way, its place in the limit and its
/// permit go with it, as in [`ResponseFuture`](crate::ResponseFuture).
pub struct Stacked<S, P, C, N, G> {
    pub(super) attempts: Attempts<S, P, C>,
    pub(super) plan: Arc<Plan<P, C, N, G>>,
}

impl<S, P, C, N, G, R, T> Service<R> for Stacked<S, P, C, N, G>
where
    R: WantsBody + Send + 'static,
    S: Service<R, Response = Response<T>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Send + 'static,
    T: Body + Send + 'static,
    T::Data: Send,
    P: PermitSource<R> + Clone + Send + Sync + 'static,
    P::Handle: Send,
    C: Classify<S::Error, T::Error> + Clone + Send + Sync + 'static,
    N: Repeat<R> + Send + Sync + 'static,
    G: Fallback<R, S::Error, T> + Send + Sync + 'static,
    G::Kept: Send,
{
    type Response = Response<StackBody<T, P::Handle, C>>;
    type Error = StackError<S::Error>;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: R) -> Self::Future {
        let mut attempts = self.attempts.clone();
        let plan = Arc::clone(&self.plan);
        Box::pin(async move {
            let kept = plan.keep(&request);
            let answer = plan.tried(&mut attempts, request).await;
            match kept {
                Some(kept) => plan.or_instead(answer, kept).await,
                None => answer.map(|response| response.map(StackBody::upstream)),
            }
        })
    }
}

impl<S: Clone, P: Clone, C: Clone, N, G> Clone for Stacked<S, P, C, N, G> {
    fn clone(&self) -> Self {
        Self {
            attempts: self.attempts.clone(),
            plan: Arc::clone(&self.plan),
        }
    }
}

impl<S, P, C, N, G> fmt::Debug for Stacked<S, P, C, N, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stacked").finish_non_exhaustive()
    }
}
