//! What reqwest's errors say about the service.

use crate::classify::Classify;
use fusebox::{FailureClass, Outcome};
use std::error::Error;

/// The default classifier of a [`ProtectedClient`](super::ProtectedClient): answers by their
/// status, as [`ByStatus`](crate::ByStatus) does, and reqwest's errors by their kind.
///
/// | error | outcome |
/// |---|---|
/// | the request could not be built; its body failed while it was sent | ignored: ours |
/// | a redirect that the client's policy does not follow | ignored: the service answered |
/// | no connection, also for want of time; no address | failure, `Connect` |
/// | a time-out of the client or of the request | failure, `Timeout` |
/// | any other, in the head or in the body | failure, `Reset` |
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ByKind;

impl Classify<reqwest::Error> for ByKind {
    fn error(&self, error: &reqwest::Error) -> Outcome {
        outcome(error)
    }

    fn body_error(&self, error: &reqwest::Error) -> Outcome {
        outcome(error)
    }
}

fn outcome(error: &reqwest::Error) -> Outcome {
    if error.is_builder() || error.is_redirect() || is_ours(error) {
        return Outcome::Ignored;
    }
    Outcome::Failure(if error.is_connect() {
        FailureClass::Connect
    } else if error.is_timeout() {
        FailureClass::Timeout
    } else {
        FailureClass::Reset
    })
}

/// Whether hyper says that the fault lies on this side, such as a request body that failed.
fn is_ours(error: &reqwest::Error) -> bool {
    let mut source = error.source();
    while let Some(error) = source {
        if let Some(error) = error.downcast_ref::<hyper::Error>() {
            return error.is_user();
        }
        source = error.source();
    }
    false
}
