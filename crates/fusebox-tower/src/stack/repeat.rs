//! Which requests may be sent twice.

use http::Request;
use http_body::Body;
use std::fmt;

/// Says which requests may be repeated, and makes the copies.
///
/// | requests | what repeats them |
/// |---|---|
/// | whose bodies are `Clone`, and those of reqwest | [`Idempotent`], the default |
/// | whose bodies are `Default`, as axum's and `BoxBody` are | [`Bodiless`]: those without one |
/// | others, or by another rule | a closure: [`Retry::requests`](crate::stack::Retry::requests) |
///
/// Those of hyper's server (`Incoming`) are neither: box them, with `request.map(BodyExt::boxed)`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot repeat requests of type `{R}`",
    label = "these requests cannot be tried again",
    note = "`Idempotent`, the default, clones the body, which has to be `Clone`",
    note = "where it is `Default` only, `Retry::bodiless` repeats the requests that have none",
    note = "`Retry::requests` takes a closure that makes the copy, or `None`"
)]
pub trait Repeat<R> {
    /// A copy for one more attempt; `None`: this request must not be sent twice, or cannot be.
    fn copy(&self, request: &R) -> Option<R>;
}

/// Repeats requests whose method is idempotent (RFC 9110, section 9.2.2: GET, HEAD, OPTIONS,
/// TRACE, PUT, DELETE) and whose body can be cloned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Idempotent;

#[diagnostic::do_not_recommend]
impl<B: Clone> Repeat<Request<B>> for Idempotent {
    fn copy(&self, request: &Request<B>) -> Option<Request<B>> {
        request.method().is_idempotent().then(|| request.clone())
    }
}

/// Repeats requests whose method is idempotent, as [`Idempotent`] does, and that have no body: at
/// its end before it was read. The copy has an empty one, which `B` need only be able to make; so
/// this is for bodies that cannot be cloned, in a proxy for example. Every other request is sent
/// once. See [`Retry::bodiless`](crate::stack::Retry::bodiless).
///
/// ```
/// use fusebox_tower::stack::{Bodiless, Repeat};
/// use http::Request;
/// use http_body_util::{BodyExt, Empty, Full, combinators::BoxBody};
/// use std::convert::Infallible;
///
/// type Sent = BoxBody<&'static [u8], Infallible>; // no `Clone`
///
/// let get: Request<Sent> = Request::get("/why").body(Empty::new().boxed())?;
/// assert_eq!(Bodiless.copy(&get).map(|copy| copy.uri().path() == "/why"), Some(true));
/// let put: Request<Sent> = Request::put("/why").body(Full::new(&b"because"[..]).boxed())?;
/// assert!(Bodiless.copy(&put).is_none());
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bodiless;

#[diagnostic::do_not_recommend]
impl<B: Body + Default> Repeat<Request<B>> for Bodiless {
    fn copy(&self, request: &Request<B>) -> Option<Request<B>> {
        if !request.method().is_idempotent() || !request.body().is_end_stream() {
            return None;
        }
        let mut copy = Request::new(B::default());
        request.method().clone_into(copy.method_mut());
        request.uri().clone_into(copy.uri_mut());
        *copy.version_mut() = request.version();
        request.headers().clone_into(copy.headers_mut());
        request.extensions().clone_into(copy.extensions_mut());
        Some(copy)
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
