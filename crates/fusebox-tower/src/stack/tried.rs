//! One call with all its attempts.

use super::StackError;
use super::plan::Plan;
use super::repeat::Repeat;
use super::retry::Tries;
use super::service::{Answer, Attempts};
use super::signal::{Signal, rejects};
use super::timed::{Attempt, Given};
use crate::classify::Classify;
use crate::head::rejected_further_on;
use crate::permit_source::PermitSource;
use crate::wants_body::WantsBody;
use fusebox::{Handle, Outcome, Rejection, Settlement};
use http::{HeaderMap, Response, StatusCode};
use http_body::Body;
use std::borrow::Cow;
use tower_service::Service;

/// What an answer means for the next attempt.
enum Next<'a> {
    /// There is none.
    None,
    /// One more, not before what the headers ask for.
    Again(Option<&'a HeaderMap>),
}

impl<P, C, N, G> Plan<P, C, N, G> {
    /// Attempts until one of them is good enough, or another may not be made.
    pub(super) async fn tried<R, S, T>(
        &self,
        attempts: &mut Attempts<S, P, C>,
        mut request: R,
    ) -> Answer<T, P::Handle, C, S::Error>
    where
        R: WantsBody,
        S: Service<R, Response = Response<T>> + Clone,
        T: Body,
        P: PermitSource<R>,
        C: Classify<S::Error, T::Error> + Clone,
        N: Repeat<R>,
    {
        let deadline = self.times.deadline();
        let mut tries = Tries::default();
        loop {
            let given = Given::new(self.times.each, deadline, tries.is_first());
            let copy = self.retry.copy(&mut tries, &request);
            if attempts.is_full() {
                self.rejected_anyway(&request)?;
            }
            let answer = attempts.call(Attempt { request, given }).await;
            let answer = answer.map_err(StackError::from);
            let (Next::Again(headers), Some(copy)) = (self.next(&answer), copy) else {
                return answer;
            };
            let Some(then) = self.retry.next_at(&mut tries, headers, deadline) else {
                return answer;
            };
            let circuit = self.source.circuit();
            let branch = self.source.branch(&copy).map(Cow::into_owned);
            let signal = Signal::new(circuit, branch);
            if signal.is_on() || !self.retry.pay() {
                return answer;
            }
            // Before the wait: the body holds a connection and a place in the limit.
            drop(answer);
            // Ends early if the circuit opens; the breaker then says so to the next attempt.
            signal.wait_until(then).await;
            request = copy;
        }
    }

    /// Where no place is free: what the breaker says, if it rejects. To a caller that is more than
    /// a limit's refusal: how long to wait, and mostly a fallback.
    fn rejected_anyway<R>(&self, request: &R) -> Result<(), Rejection>
    where
        P: PermitSource<R>,
    {
        let branch = self.source.branch(request);
        if rejects(self.source.circuit(), branch.as_deref()) {
            let permit = self.source.acquire(request)?;
            // It has stopped rejecting since. Nothing is sent: the limit refuses.
            permit.settle(Settlement::new(Outcome::Ignored));
        }
        Ok(())
    }

    fn next<'a, T, B, E>(&self, answer: &'a Answer<T, B, C, E>) -> Next<'a>
    where
        T: Body,
        B: Handle,
        C: Classify<E, T::Error>,
    {
        match answer {
            Ok(response) if rejected_further_on(response.headers()) => Next::None,
            Ok(response) => {
                let outcome = response.body().get_ref().outcome();
                let failed = matches!(outcome, Some(Outcome::Failure(_)));
                if failed || asks_for_another(response.status()) {
                    return Next::Again(Some(response.headers()));
                }
                self.retry.went_well();
                Next::None
            }
            Err(StackError::TimedOut) => Next::Again(None),
            Err(StackError::Inner(error)) if self.is_failure::<E, T::Error>(error) => {
                Next::Again(None)
            }
            // Nothing that the service said, and nothing that it would mend.
            Err(StackError::Inner(_) | StackError::Rejected(_) | StackError::Limited(_)) => {
                Next::None
            }
        }
    }
}

/// Not failures of the service, by default, yet worth another attempt.
fn asks_for_another(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS
    )
}
