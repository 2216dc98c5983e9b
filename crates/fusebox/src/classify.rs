//! Pure classification: numbers in, outcome out.

use crate::outcome::{FailureClass, Outcome};

/// The outcome of an HTTP status: 5xx is a failure, except 501 (not implemented) and 505
/// (version not supported), which describe the request; 408 and 429 are ignored, since one
/// client's slowness or quota must not open the circuit for all; all else is an answer.
///
/// ```
/// use fusebox::{classify, FailureClass, Outcome};
/// assert_eq!(classify::status(503), Outcome::Failure(FailureClass::Status));
/// assert_eq!(classify::status(404), Outcome::Success);
/// assert_eq!(classify::status(429), Outcome::Ignored);
/// ```
pub const fn status(code: u16) -> Outcome {
    match code {
        408 | 429 => Outcome::Ignored,
        501 | 505 => Outcome::Success,
        500..=599 => Outcome::Failure(FailureClass::Status),
        _ => Outcome::Success,
    }
}
