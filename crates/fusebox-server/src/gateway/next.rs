//! Calls that are made through other circuits when their own is in trouble.
//!
//! Each circuit is tried once, in order, by its own breaker, times and upstream. A try ends with
//! the head of an answer and what came with it: what breaks off later cannot be begun anew. A call
//! that may have been carried out goes on only if it may be made twice.

use std::sync::Arc;

use fusebox::Rejection;
use fusebox_tower::BreakerError;
use http::header::HeaderName;
use http::request::Parts;
use http::{HeaderValue, Request, Response};

use super::body::AnswerBody;
use super::fallback::FALLBACK;
use super::forward::{Forwarder, is_calm};
use super::problem::{Kind, name_circuit, without_circuit};
use super::{answer, begun, whole};
use crate::circuits::upstream::RequestBody;
use crate::circuits::{Answer, Circuit, Flight, IDEMPOTENCY_KEY};

/// Names the circuit that an answer of another one stands in for.
const INSTEAD_OF: HeaderName = HeaderName::from_static("fusebox-instead-of");

impl Forwarder {
    /// Makes a call through its circuit and then through the next ones, until one is in no trouble
    /// that sends it on. The last one tried answers as it would by itself.
    pub(super) async fn try_in_turn(
        &self,
        head: Parts,
        body: RequestBody,
        strip: usize,
        mut flight: Flight,
    ) -> Response<AnswerBody> {
        let first = Arc::clone(flight.circuit());
        let may_repeat = first.set().next_uncertain || may_be_made_twice(&head);
        let body = match whole::read(body, &first, self.circuits.body_budget()).await {
            Ok(body) => body,
            Err(refusal) => return whole::refuse(refusal, flight),
        };
        // A reload may have taken one away since this call began.
        let others = first.set().next.iter();
        let mut others = others.filter_map(|name| self.circuits.get(name));
        // The call stays under way for its own circuit until another one has answered.
        let mut begun = None;
        let mut shut = Shut::default();
        loop {
            let circuit = Arc::clone(flight.circuit());
            let Ok(head) = self.addressed(head.clone(), &circuit, strip, None) else {
                flight.answered(Answer::Client);
                return without_circuit(Kind::BadRequest, "the path cannot be sent on");
            };
            let body = RequestBody::held(body.clone()).repeats(is_calm(&circuit, &head));
            let request = Request::from_parts(head, body);
            let mut tried = begun::call(&circuit, request).await;
            shut.hear(&mut tried);
            let goes_on = answer::trouble_of(&tried, &circuit)
                .is_some_and(|trouble| first.set().fallback_on.contains(&trouble))
                && (may_repeat || answer::was_not_carried_out(&tried));
            let Some(next) = goes_on.then(|| others.next()).flatten() else {
                let is_answer = tried.is_ok();
                let response = match tried {
                    Ok(response) => self.answer_with(response, None, flight),
                    Err(error) => answer::to_error(&error, flight),
                };
                return match begun {
                    Some(begun) => instead_of(&begun, response, is_answer, &circuit),
                    None => response,
                };
            };
            flight.answered(match &tried {
                Ok(response) => Answer::of_status(response.status()),
                Err(error) => answer::counted(error, &circuit).0,
            });
            tracing::debug!(
                circuit = circuit.name(),
                next = next.name(),
                "a call goes on"
            );
            begun.get_or_insert(flight);
            flight = Flight::begin(next);
        }
    }
}

/// What is told of a call that no circuit has admitted.
#[derive(Default)]
struct Shut {
    soonest: Option<Rejection>,
    one_was_called: bool,
}

impl Shut {
    /// A rejection after others tells the wait for the circuit that may be tried first.
    fn hear<T, E>(&mut self, tried: &mut Result<T, BreakerError<E>>) {
        match tried {
            Err(BreakerError::Rejected(rejection)) if !self.one_was_called => {
                *rejection = self
                    .soonest
                    .map_or(*rejection, |soonest| rejection.or_sooner(soonest));
                self.soonest = Some(*rejection);
            }
            _ => self.one_was_called = true,
        }
    }
}

/// Whether the call says of itself that twice is as good as once.
fn may_be_made_twice(head: &Parts) -> bool {
    head.method.is_idempotent() || head.headers.contains_key(IDEMPOTENCY_KEY)
}

/// Makes the answer of `circuit` one in place of the circuit's that the call was for.
fn instead_of(
    begun: &Flight,
    mut response: Response<AnswerBody>,
    is_answer: bool,
    circuit: &Circuit,
) -> Response<AnswerBody> {
    if is_answer || response.headers().contains_key(FALLBACK) {
        begun.fell_back_to_next();
    }
    name_circuit(&mut response, circuit);
    if let Ok(name) = HeaderValue::from_str(begun.circuit().name()) {
        response.headers_mut().insert(INSTEAD_OF, name);
    }
    response
}
