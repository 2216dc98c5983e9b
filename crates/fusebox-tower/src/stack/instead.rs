//! The outermost part: what the caller gets if the service gave nothing good.

use super::body::StackBody;
use super::fallback::{Fallback, FallbackOn, Instead, Trouble};
use super::plan::Plan;
use super::service::Answer;
use super::{FellBack, StackError};
use crate::classify::Classify;
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
        let on = !self.asked.is_empty() && self.source.circuit().fallback_enabled();
        on.then(|| self.fallback.keep(request))
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
                let failed = matches!(outcome, Some(Outcome::Failure(_)));
                if !failed || !self.asked.has(FallbackOn::Failed) {
                    return Ok(response.map(StackBody::upstream));
                }
                let (head, body) = response.into_parts();
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
                    let trouble = trouble.filter(|trouble| self.asked.has(trouble.kind()));
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
