//! The answer from the settings, in place of one that an upstream did not give.

use http::header::HeaderName;
use http::{HeaderValue, Response};

use super::body::AnswerBody;
use super::problem::{REASON, name_circuit};
use crate::circuits::{Circuit, Flight};
use crate::settings::{Fallback, Trouble, WhenUnavailable};

/// Marks an answer as a fallback.
pub(super) const FALLBACK: HeaderName = HeaderName::from_static("fusebox-fallback");

/// The circuit's fallback, if it has one for this trouble.
pub(super) fn for_trouble(circuit: &Circuit, trouble: Trouble) -> Option<Fallback> {
    let set = circuit.set();
    let wanted =
        set.when_unavailable == WhenUnavailable::Fallback && set.fallback_on.contains(&trouble);
    if wanted { set.fallback.clone() } else { None }
}

/// Makes the answer and counts it.
pub(super) fn answer(
    fallback: Fallback,
    trouble: Trouble,
    reason: &'static str,
    flight: Flight,
) -> Response<AnswerBody> {
    flight.fell_back(trouble);
    let mut response = Response::new(());
    *response.status_mut() = fallback.status;
    *response.headers_mut() = fallback.headers;
    name_circuit(&mut response, flight.circuit());
    response
        .headers_mut()
        .insert(REASON, HeaderValue::from_static(reason));
    response
        .headers_mut()
        .insert(FALLBACK, HeaderValue::from_static("true"));
    response.map(|()| AnswerBody::own(fallback.body, Some(flight)))
}
