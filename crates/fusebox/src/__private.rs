//! What the attributes write calls of. No part of the public API: it changes without notice.

use crate::{CircuitBreaker, Handle, Named, PermitOf, Settled, Settlement};
use std::ops::Deref;

/// Calls. A closure called where it stands would be `FnMut`, and could not give back what it
/// borrowed through a `&mut` argument.
#[inline]
pub fn once<R>(call: impl FnOnce() -> R) -> R {
    call()
}

/// `settle_result` with a closure: behind this bound it is told its argument, and no type has to
/// be written.
#[inline]
pub fn settle_by<B: Handle, T, E, S: Into<Settlement>>(
    permit: PermitOf<B>,
    result: &Result<T, E>,
    classify: impl Fn(Result<&T, &E>) -> S,
) -> Settled {
    permit.settle_result(&classify, result)
}

/// What the wrapper of a trait may hold as its breaker.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no handle of a breaker: a wrapper takes `&'static CircuitBreaker`, \
               `Arc<CircuitBreaker>`, `&'static Named`, or a type that derefs to `CircuitBreaker`"
)]
pub trait Leads {
    fn breaker(&self) -> &CircuitBreaker;
}

impl<B: Deref<Target = CircuitBreaker>> Leads for B {
    #[inline]
    fn breaker(&self) -> &CircuitBreaker {
        self
    }
}

impl Leads for &Named {
    #[inline]
    fn breaker(&self) -> &CircuitBreaker {
        self.get()
    }
}
