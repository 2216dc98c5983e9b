//! What the attributes write calls of. No part of the public API: it changes without notice.

/// Calls. A closure called where it stands would be `FnMut`, and could not give back what it
/// borrowed through a `&mut` argument.
#[inline]
pub fn once<R>(call: impl FnOnce() -> R) -> R {
    call()
}
