//! What the client gets, whatever the upstream did.

use fusebox::Outcome;
use fusebox_tower::BreakerError;
use http::{Response, StatusCode};

use super::body::AnswerBody;
use super::problem::Kind;
use super::{fallback, problem};
use crate::circuits::upstream::UpstreamError;
use crate::circuits::{Answer, Circuit, Flight};
use crate::settings::Trouble;

/// The answer to a call that got none from the upstream.
pub(super) fn to_error(
    error: &BreakerError<UpstreamError>,
    mut flight: Flight,
) -> Response<AnswerBody> {
    let (kind, answer, trouble, detail) = told(error, flight.circuit());
    flight.answered(answer);
    let instead = trouble.and_then(|trouble| {
        fallback::for_trouble(flight.circuit(), trouble).map(|fallback| (fallback, trouble))
    });
    match instead {
        Some((instead, trouble)) => fallback::answer(instead, trouble, kind.reason(), flight),
        None => problem::about_circuit(kind, &detail, flight),
    }
}

/// How a call that got no answer is counted, and why, in one word.
pub(super) fn counted(
    error: &BreakerError<UpstreamError>,
    circuit: &Circuit,
) -> (Answer, &'static str) {
    let (kind, answer, ..) = told(error, circuit);
    (answer, kind.reason())
}

/// What went wrong with a call, if it is the upstream's: for the next circuit, a status that the
/// circuit judges a failure is as good as a 5xx.
pub(super) fn trouble_of<B>(
    tried: &Result<Response<B>, BreakerError<UpstreamError>>,
    circuit: &Circuit,
) -> Option<Trouble> {
    match tried {
        Ok(response) => {
            let status = response.status();
            let outcome = circuit.set().outcome_of(status.as_u16());
            let failed = status.is_server_error() || matches!(outcome, Outcome::Failure(_));
            failed.then_some(Trouble::Status5xx)
        }
        Err(BreakerError::Rejected(_)) => Some(Trouble::Rejected),
        Err(BreakerError::Inner(error)) => sorted(error).2,
    }
}

/// Whether the upstream surely did nothing of the call: it got none, or refused it. A server's own
/// error, and a client's that came too slowly (408), may come after half of the work.
pub(super) fn was_not_carried_out<B>(
    tried: &Result<Response<B>, BreakerError<UpstreamError>>,
) -> bool {
    match tried {
        Ok(response) => {
            let status = response.status();
            status.is_client_error() && status != StatusCode::REQUEST_TIMEOUT
        }
        Err(BreakerError::Rejected(_)) => true,
        Err(BreakerError::Inner(error)) => sorted(error).2 == Some(Trouble::Connect),
    }
}

fn told(
    error: &BreakerError<UpstreamError>,
    circuit: &Circuit,
) -> (Kind, Answer, Option<Trouble>, String) {
    match error {
        BreakerError::Rejected(rejection) => {
            let detail = problem::rejected(*rejection, circuit);
            let kind = Kind::Rejected(*rejection);
            (kind, Answer::Rejected, Some(Trouble::Rejected), detail)
        }
        BreakerError::Inner(error) => {
            let circuit = circuit.name();
            tracing::debug!(circuit, %error, "no answer from the upstream");
            let (kind, answer, trouble) = sorted(error);
            (kind, answer, trouble, error.to_string())
        }
    }
}

fn sorted(error: &UpstreamError) -> (Kind, Answer, Option<Trouble>) {
    match error {
        UpstreamError::Connect(_) | UpstreamError::ConnectTimeout(_) => {
            (Kind::Connect, Answer::Connect, Some(Trouble::Connect))
        }
        UpstreamError::HeadTimeout(_) | UpstreamError::BodyTimeout(_) => {
            (Kind::Timeout, Answer::Timeout, Some(Trouble::Timeout))
        }
        UpstreamError::Reset(_) | UpstreamError::Garbage(_) => {
            (Kind::Reset, Answer::Reset, Some(Trouble::Reset))
        }
        // A fallback would be for the upstream's troubles; these are the client's.
        UpstreamError::Client => (Kind::RequestTimeout, Answer::Client, None),
        UpstreamError::BrokenRequest => (Kind::BadRequest, Answer::Client, None),
    }
}

/// The fallback for an upstream's 5xx, if the circuit has one. The upstream's body is dropped with
/// it.
pub(super) fn instead_of_5xx<B>(
    response: &Response<B>,
    flight: Flight,
) -> Result<Response<AnswerBody>, Flight> {
    if !response.status().is_server_error() {
        return Err(flight);
    }
    match fallback::for_trouble(flight.circuit(), Trouble::Status5xx) {
        Some(instead) => {
            let reason = Trouble::Status5xx.as_str();
            Ok(fallback::answer(
                instead,
                Trouble::Status5xx,
                reason,
                flight,
            ))
        }
        None => Err(flight),
    }
}
