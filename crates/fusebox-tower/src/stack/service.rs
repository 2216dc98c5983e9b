//! The service: one call, from the outermost part inwards.

use super::body::{StackBody, Upstream};
use super::builder::Plan;
use super::fallback::{Fallback, FallbackOn, Trouble};
use super::retry::Repeat;
use super::signal::Signal;
use super::timed::{Attempt, Given, Inward, Judge, Timed};
use super::{FellBack, StackError};
use crate::classify::Classify;
use crate::head::rejected_further_on;
use crate::limit::Limit;
use crate::permit_source::PermitSource;
use crate::service::Breaker;
use fusebox::Outcome;
use http::{HeaderName, HeaderValue, Response, StatusCode};
use http_body::Body;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::time::Instant;
use tower_service::Service;

/// Set on every answer of a fallback, as a Fusebox gateway does.
const FALLBACK: HeaderName = HeaderName::from_static("fusebox-fallback");

/// What an attempt goes through, outermost first: limit, breaker, time-out.
pub(super) type Attempts<S, P, C> = Limit<Breaker<Timed<S>, Inward<P>, Judge<C>>>;

type Answer<T, B, C> = Response<Upstream<T, B, C>>;

/// A service behind a whole stack; made by [`Stack`](crate::stack::Stack).
///
/// Always ready: the service behind it is asked for readiness within each attempt, so that waiting
/// for it has a time-out, and so that an open circuit rejects at once even while it is busy.
pub struct Stacked<S, P, C, N, G> {
    attempts: Attempts<S, P, C>,
    plan: Arc<Plan<P, C, N, G>>,
}

impl<S, P, C, N, G> Stacked<S, P, C, N, G> {
    pub(super) fn new(attempts: Attempts<S, P, C>, plan: Arc<Plan<P, C, N, G>>) -> Self {
        Self { attempts, plan }
    }
}

impl<S, P, C, N, G, R, T> Service<R> for Stacked<S, P, C, N, G>
where
    R: Send + Sync + 'static,
    S: Service<R, Response = Response<T>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Send + Sync + 'static,
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
        let mut call = Self {
            attempts: self.attempts.clone(),
            plan: Arc::clone(&self.plan),
        };
        Box::pin(async move {
            let kept = call.plan.keep(&request);
            let answer = call.tried(request).await;
            let plan = call.plan;
            match kept {
                Some(kept) => plan.or_instead(answer, kept).await,
                None => answer.map(|response| response.map(StackBody::upstream)),
            }
        })
    }
}

impl<S, P, C, N, G> Stacked<S, P, C, N, G> {
    /// One call with all its attempts.
    async fn tried<R, T>(
        &mut self,
        mut request: R,
    ) -> Result<Answer<T, P::Handle, C>, StackError<S::Error>>
    where
        S: Service<R, Response = Response<T>> + Clone,
        T: Body,
        P: PermitSource<R>,
        C: Classify<S::Error, T::Error> + Clone,
        N: Repeat<R>,
    {
        let plan = Arc::clone(&self.plan);
        let total = plan.total_timeout;
        let deadline = total.and_then(|total| Instant::now().checked_add(total));
        let mut tries = plan.retry.begin();
        let mut first = true;
        loop {
            let copy = plan.retry.copy(&mut tries, &request);
            let given = Given::new(plan.timeout, deadline, first);
            let answer = self.attempts.call(Attempt { request, given }).await;
            let answer = answer.map_err(StackError::from);
            let (Some(copy), Some(asked)) = (copy, plan.wants_another(&answer)) else {
                return answer;
            };
            let headers = asked.then(|| answer.as_ref().ok().map(Response::headers));
            let next = plan.retry.next_at(&mut tries, headers.flatten(), deadline);
            let Some(next) = next else {
                return answer;
            };
            let signal = Signal::new(&plan.source, &copy);
            if signal.is_on() || !plan.retry.pay() {
                return answer;
            }
            // The body goes before the wait, and with it its connection and its place.
            drop(answer);
            // Ends early if the circuit opens: the breaker then says so to the next attempt.
            signal.wait_until(next).await;
            request = copy;
            first = false;
        }
    }
}

impl<P, C, N, G> Plan<P, C, N, G> {
    /// Whether an answer asks for another attempt, and if so, whether its headers may say when.
    fn wants_another<T, B, E>(
        &self,
        answer: &Result<Answer<T, B, C>, StackError<E>>,
    ) -> Option<bool>
    where
        T: Body,
        B: crate::circuit::Circuit,
        C: Classify<E, T::Error>,
    {
        match answer {
            Ok(response) if rejected_further_on(response.headers()) => None,
            Ok(response) => {
                let outcome = response.body().get_ref().outcome();
                let busy = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS];
                if matches!(outcome, Some(Outcome::Failure(_))) || busy.contains(&response.status())
                {
                    return Some(true);
                }
                self.retry.went_well();
                None
            }
            Err(StackError::TimedOut) => Some(false),
            Err(StackError::Inner(error)) => self.is_failure::<E, T::Error>(error).then_some(false),
            Err(StackError::Rejected(_) | StackError::Limited(_)) => None,
        }
    }

    fn is_failure<E, F>(&self, error: &E) -> bool
    where
        C: Classify<E, F>,
    {
        matches!(self.classifier.error(error), Outcome::Failure(_))
    }

    /// What the fallback needs of a request, if it may come to be asked.
    fn keep<R, E, T>(&self, request: &R) -> Option<G::Kept>
    where
        T: Body,
        P: PermitSource<R>,
        G: Fallback<R, E, T>,
    {
        let circuit = self.source.circuit();
        (self.falls_back && circuit.fallback_enabled()).then(|| self.fallback.keep(request))
    }

    /// The answer, or what the fallback has in its place.
    async fn or_instead<R, E, T>(
        &self,
        answer: Result<Answer<T, P::Handle, C>, StackError<E>>,
        kept: G::Kept,
    ) -> Result<Response<StackBody<T, P::Handle, C>>, StackError<E>>
    where
        T: Body,
        P: PermitSource<R>,
        C: Classify<E, T::Error>,
        G: Fallback<R, E, T>,
    {
        let asked = |trouble: &Trouble<'_, E>| self.asked.has(trouble.kind());
        match answer {
            Ok(response) => {
                let outcome = response.body().get_ref().outcome();
                let failed = matches!(outcome, Some(Outcome::Failure(_)));
                if !failed || !self.asked.has(FallbackOn::Failed) {
                    return Ok(response.map(StackBody::upstream));
                }
                let (head, body) = response.into_parts();
                let instead = self.fallback.answer(kept, &Trouble::Failed(&head));
                match instead.await {
                    Some(instead) => Ok(self.marked(instead.map(StackBody::instead))),
                    None => Ok(Response::from_parts(head, StackBody::upstream(body))),
                }
            }
            Err(error) => {
                let failure = |error: &E| self.is_failure::<E, T::Error>(error);
                let trouble = Trouble::of(&error, failure).filter(asked);
                let instead = trouble.map(|trouble| self.fallback.answer(kept, &trouble));
                let instead = match instead {
                    Some(instead) => instead.await,
                    None => None,
                };
                match instead {
                    Some(instead) => Ok(self.marked(instead.map(StackBody::instead))),
                    None => Err(error),
                }
            }
        }
    }

    /// Counts a fallback's answer and shows whose it is.
    fn marked<R, E, T, A>(&self, mut answer: Response<A>) -> Response<A>
    where
        T: Body,
        P: PermitSource<R>,
        G: Fallback<R, E, T>,
    {
        let kind = self.fallback.kind();
        self.source.circuit().fell_back(kind);
        let mark = HeaderValue::from_static("true");
        answer.headers_mut().insert(FALLBACK, mark);
        answer.extensions_mut().insert(FellBack { kind });
        answer
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
