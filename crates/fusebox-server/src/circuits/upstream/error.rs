//! What can go wrong on the way to an upstream, and whose fault it is.

use std::error::Error;
use std::time::Duration;

use fusebox::{FailureClass, Outcome};

/// Why an upstream gave no answer, or did not end the one it began.
#[derive(Debug, thiserror::Error)]
pub enum UpstreamError {
    /// There was no connection: the name is unknown, the connection refused, or TLS failed.
    #[error("cannot connect: {0}")]
    Connect(String),
    /// There was no connection within `connect_timeout`.
    #[error("no connection within {}", fusebox::duration::format(*.0))]
    ConnectTimeout(Duration),
    /// The answer's head was not there within `head_timeout` or `timeout`.
    #[error("no answer within {}", fusebox::duration::format(*.0))]
    HeadTimeout(Duration),
    /// The answer had not ended within `timeout`.
    #[error("the answer did not end within {}", fusebox::duration::format(*.0))]
    BodyTimeout(Duration),
    /// The connection broke before the end of the answer.
    #[error("the upstream broke off: {0}")]
    Reset(String),
    /// What came is not HTTP, or larger than the limits.
    #[error("the answer cannot be read: {0}")]
    Garbage(String),
    /// The client did not go on with its request, or did not take the answer.
    #[error("the client did not go on")]
    Client,
    /// The client broke off its request, or its body cannot be read.
    #[error("the body of the request breaks off or cannot be read")]
    BrokenRequest,
}

impl UpstreamError {
    /// What the breaker is told. A client's fault is never a failure of the upstream.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Connect(_) | Self::ConnectTimeout(_) => Outcome::Failure(FailureClass::Connect),
            Self::HeadTimeout(_) | Self::BodyTimeout(_) => Outcome::Failure(FailureClass::Timeout),
            Self::Reset(_) | Self::Garbage(_) => Outcome::Failure(FailureClass::Reset),
            Self::Client | Self::BrokenRequest => Outcome::Ignored,
        }
    }

    /// Sorts an error of the connection.
    pub(super) fn of_connection(error: &hyper::Error) -> Self {
        if error.is_parse() || error.is_parse_too_large() {
            Self::Garbage(root_cause(error))
        } else {
            Self::Reset(root_cause(error))
        }
    }
}

/// The innermost cause, in its own words: "Connection refused (os error 111)" says more to an
/// operator than the layers around it. Cut, because the words may come from outside.
pub(crate) fn root_cause(error: &(dyn Error + 'static)) -> String {
    const CHARS_MAX: usize = 120;
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string().chars().take(CHARS_MAX).collect()
}
