//! The outermost part: what the caller gets if the service gave nothing good.

use super::body::StackBody;
use super::fallback::{Fallback, FallbackOn, Instead, Trouble};
use super::plan::Plan;
use super::service::Answer;
use super::{FellBack, StackError};
use crate::classify::Classify;
use crate::head::rejected_further_on;
use crate::permit_source::PermitSource;
use fusebox::{CircuitBreaker, Handle, Outcome};
use http::{HeaderName, HeaderValue, Response};
use http_body::Body;

/// Set on every answer of a fallback, as a Fusebox gateway does.
const FALLBACK: HeaderName = HeaderName::from_static("fusebox-fallback");

/// What the caller gets.
type Told<T, B, C, E> = Result<Response<StackBody<T, B, C>>, StackError<E>>;

impl<P, C, N, G> Plan<P, C, N, G> {
    /// What the fallback needs of a request, if it may come to be asked.
    pub(super) fn keep<R, E, T>(&self, request: &R) -> Option<G::Kept>
    where
        T: Body,
        P: PermitSource<R>,
        G: Fallback<R, E, T>,
    {
        let on = !self.asked.is_empty();
        on.then(|| self.fallback.keep(request))
    }

    /// Whether the fallback is asked for this kind, and not switched off by now.
    fn may_ask<R>(&self, kind: FallbackOn) -> bool
    where
        P: PermitSource<R>,
    {
        self.asked.has(kind) && self.source.circuit().fallback_enabled()
    }

    /// The answer, or what the fallback has in its place.
    pub(super) async fn or_instead<R, E, T>(
        &self,
        answer: Answer<T, P::Handle, C, E>,
        kept: G::Kept,
    ) -> Told<T, P::Handle, C, E>
    where
        T: Body,
        P: PermitSource<R>,
        C: Classify<E, T::Error>,
        G: Fallback<R, E, T>,
    {
        let (circuit, kind) = (self.source.circuit(), self.fallback.kind());
        match answer {
            Ok(response) => {
                let outcome = response.body().get_ref().outcome();
                let failed = matches!(outcome, Some(Outcome::Failure(_)))
                    || rejected_further_on(response.headers());
                if !failed || !self.may_ask::<R>(FallbackOn::Failed) {
                    return Ok(response.map(StackBody::upstream));
                }
                let (head, mut body) = response.into_parts();
                // A slow fallback must not keep the service's places.
                body.give_place_back();
                let asked = self.fallback.answer(kept, &Trouble::Failed(&head));
                match asked.await {
                    Some(instead) => Ok(marked(instead, circuit, kind)),
                    None => Ok(Response::from_parts(head, StackBody::upstream(body))),
                }
            }
            Err(error) => {
                let asked = {
                    let failure = |error: &E| self.is_failure::<E, T::Error>(error);
                    let trouble = Trouble::of(&error, failure);
                    let trouble = trouble.filter(|trouble| self.may_ask::<R>(trouble.kind()));
                    trouble.map(|trouble| self.fallback.answer(kept, &trouble))
                };
                let Some(asked) = asked else {
                    return Err(error);
                };
                match asked.await {
                    Some(instead) => Ok(marked(instead, circuit, kind)),
                    None => Err(error),
                }
            }
        }
    }
}

/// Counts a fallback's answer and shows whose it is.
fn marked<T: Body, B: Handle, C>(
    instead: Response<Instead<T>>,
    circuit: &CircuitBreaker,
    kind: &'static str,
) -> Response<StackBody<T, B, C>> {
    circuit.fell_back(kind);
    let mut answer = instead.map(StackBody::instead);
    let mark = HeaderValue::from_static("true");
    answer.headers_mut().insert(FALLBACK, mark);
    answer.extensions_mut().insert(FellBack { kind });
    answer
}
