//! Which requests may be sent twice.

use http::Request;
use std::fmt;

/// Says which requests may be repeated, and makes the copies.
pub trait Repeat<R> {
    /// A copy for one more attempt; `None`: this request must not be sent twice, or cannot be.
    fn copy(&self, request: &R) -> Option<R>;
}

/// Repeats requests whose method is idempotent (RFC 9110, section 9.2.2: GET, HEAD, OPTIONS,
/// TRACE, PUT, DELETE) and whose body can be cloned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Idempotent;

impl<B: Clone> Repeat<Request<B>> for Idempotent {
    fn copy(&self, request: &Request<B>) -> Option<Request<B>> {
        request.method().is_idempotent().then(|| request.clone())
    }
}

/// Repeats nothing; what a stack without [`retry`](crate::stack::Stack::retry) does. Takes any
/// request, also one whose body cannot be cloned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Never;

impl<R> Repeat<R> for Never {
    fn copy(&self, _: &R) -> Option<R> {
        None
    }
}

/// Repeats what a closure makes a copy of; see [`Retry::requests`](crate::stack::Retry::requests).
#[derive(Clone, Copy)]
pub struct RepeatFn<F>(F);

impl<F> RepeatFn<F> {
    pub(super) const fn new(copy: F) -> Self {
        Self(copy)
    }
}

impl<R, F: Fn(&R) -> Option<R>> Repeat<R> for RepeatFn<F> {
    fn copy(&self, request: &R) -> Option<R> {
        (self.0)(request)
    }
}

impl<F> fmt::Debug for RepeatFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RepeatFn").finish_non_exhaustive()
    }
}
