//! Where a layer gets its permits from.

use crate::circuit::Circuit;
use fusebox::{CircuitBreaker, Handle, PermitOf, Rejection};
use std::borrow::Cow;

/// Asks a breaker for the right to make the call that `R` asks for.
///
/// Every [`Circuit`] is one; [`ByKey`](crate::ByKey) asks for the branch of the request.
#[diagnostic::on_unimplemented(
    message = "`{Self}` gives no permits for requests of type `{R}`",
    label = "not a handle to a circuit breaker",
    note = "a handle is an `Arc<CircuitBreaker>` or a `&'static CircuitBreaker`",
    note = "`ByKey` goes around a handle; its closure takes a `&{R}`"
)]
pub trait PermitSource<R> {
    /// The handle in the permits.
    type Handle: Handle;

    /// The circuit, without its branches.
    fn circuit(&self) -> &CircuitBreaker;

    /// Asks for admission.
    ///
    /// # Errors
    /// The rejection, with reason and `retry_after`.
    fn acquire(&self, request: &R) -> Result<PermitOf<Self::Handle>, Rejection>;

    /// The key of the branch that the request belongs to; by default none.
    fn branch<'a>(&self, request: &'a R) -> Option<Cow<'a, str>> {
        let _ = request;
        None
    }
}

#[diagnostic::do_not_recommend]
impl<R, B: Circuit> PermitSource<R> for B {
    type Handle = B;

    #[inline]
    fn circuit(&self) -> &CircuitBreaker {
        self
    }

    #[inline]
    fn acquire(&self, _: &R) -> Result<PermitOf<B>, Rejection> {
        CircuitBreaker::acquire_from(self.clone())
    }
}
