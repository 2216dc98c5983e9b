//! What counts as a failure: the seam between HTTP and the breaker's outcomes.

use fusebox::{FailureClass, Outcome};
use http::HeaderMap;
use http::response::Parts;
use std::fmt;

/// Turns the answers of a service into outcomes.
///
/// `E` is the error of the service, `F` the error of its response bodies. Every method has a
/// default, so an implementation names only what it sees differently:
///
/// ```
/// use fusebox::{FailureClass, Outcome};
/// use fusebox_tower::Classify;
/// use http::{StatusCode, response::Parts};
///
/// /// Here a 429 means that the service is overloaded, not that one tenant used up its quota.
/// #[derive(Clone)]
/// struct QuotaIsFailure;
///
/// impl<E, F> Classify<E, F> for QuotaIsFailure {
///     fn head(&self, head: &Parts) -> Outcome {
///         match head.status {
///             StatusCode::TOO_MANY_REQUESTS => Outcome::Failure(FailureClass::Status),
///             status => fusebox::classify::status(status.as_u16()),
///         }
///     }
/// }
/// ```
///
/// A classifier is cloned once per admitted call; put what is costly to clone into an `Arc`. It
/// runs on the call path and should neither block nor allocate. It should give the same answer to
/// the same question and count nothing: a stack asks again about one error, to know whether it is
/// tried again and whether a fallback answers. If it panics, the call counts as a
/// failure.
pub trait Classify<E, F = E> {
    /// Judges a response by its head. A failure or an ignored outcome is recorded at once; a
    /// success only when the body turns out well (see the crate's documentation).
    ///
    /// It is not asked about answers that a Fusebox breaker further on marked as rejected: those
    /// are ignored.
    fn head(&self, head: &Parts) -> Outcome {
        fusebox::classify::status(head.status.as_u16())
    }

    /// Judges an error that came in place of a response.
    fn error(&self, error: &E) -> Outcome {
        let _ = error;
        Outcome::Failure(FailureClass::Other)
    }

    /// Judges a response by the trailers at the end of its body; by default a success.
    ///
    /// For gRPC, whose status stands there and not in the head: **without this method a gRPC
    /// service that fails every call is a success**. It is asked only while the call is not yet
    /// settled, so not after `settle_after`, and not for a body that said its length and has
    /// reached it. An answer of gRPC without messages has its status in the head: judge it in
    /// [`head`](Self::head).
    ///
    /// ```
    /// use fusebox::{FailureClass, Outcome};
    /// use fusebox_tower::Classify;
    /// use http::{HeaderMap, response::Parts};
    ///
    /// #[derive(Clone)]
    /// struct ByGrpcStatus;
    ///
    /// /// UNKNOWN, DEADLINE_EXCEEDED, INTERNAL, UNAVAILABLE, DATA_LOSS.
    /// fn judge(headers: &HeaderMap) -> Outcome {
    ///     match headers.get("grpc-status").map(|status| status.as_bytes()) {
    ///         Some(b"2" | b"4" | b"13" | b"14" | b"15") => Outcome::Failure(FailureClass::Status),
    ///         _ => Outcome::Success,
    ///     }
    /// }
    ///
    /// impl<E, F> Classify<E, F> for ByGrpcStatus {
    ///     fn head(&self, head: &Parts) -> Outcome {
    ///         match fusebox::classify::status(head.status.as_u16()) {
    ///             Outcome::Success => judge(&head.headers),
    ///             other => other,
    ///         }
    ///     }
    ///
    ///     fn trailers(&self, trailers: &HeaderMap) -> Outcome {
    ///         judge(trailers)
    ///     }
    /// }
    /// ```
    fn trailers(&self, trailers: &HeaderMap) -> Outcome {
        let _ = trailers;
        Outcome::Success
    }

    /// Judges an error that ended the body of a response whose head was a success.
    fn body_error(&self, error: &F) -> Outcome {
        let _ = error;
        Outcome::Failure(FailureClass::Reset)
    }
}

/// The default classifier: 5xx except 501 and 505 is a failure, 408 and 429 are ignored, every
/// other status is a success (the service answered), and every error is a failure. Trailers, where
/// gRPC has its status, are not looked at; see [`Classify::trailers`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ByStatus;

impl<E, F> Classify<E, F> for ByStatus {}

/// A classifier made of a closure; see [`classify_fn`].
#[derive(Clone, Copy)]
pub struct ClassifyFn<G> {
    judge: G,
}

/// Makes a classifier of a closure that judges a head, or the error that came in its place. Errors
/// of bodies stay failures of class `Reset`, and trailers are not looked at.
///
/// ```
/// use fusebox::{FailureClass, Outcome};
/// use http::response::Parts;
///
/// let strict = |answer: Result<&Parts, &std::io::Error>| match answer {
///     Ok(head) if head.status.is_success() => Outcome::Success,
///     Ok(_) => Outcome::Failure(FailureClass::Status),
///     Err(_) => Outcome::Failure(FailureClass::Connect),
/// };
/// let classifier = fusebox_tower::classify_fn(strict);
/// # let _ = classifier;
/// ```
pub fn classify_fn<G, E>(judge: G) -> ClassifyFn<G>
where
    G: Fn(Result<&Parts, &E>) -> Outcome + Clone,
{
    ClassifyFn { judge }
}

impl<G, E, F> Classify<E, F> for ClassifyFn<G>
where
    G: Fn(Result<&Parts, &E>) -> Outcome,
{
    fn head(&self, head: &Parts) -> Outcome {
        (self.judge)(Ok(head))
    }

    fn error(&self, error: &E) -> Outcome {
        (self.judge)(Err(error))
    }
}

impl<G> fmt::Debug for ClassifyFn<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClassifyFn").finish_non_exhaustive()
    }
}
