//! How the layer holds its breaker.

use fusebox::CircuitBreaker;
use std::ops::Deref;

/// A handle to a breaker: `&'static CircuitBreaker`, `Arc<CircuitBreaker>`, or your own. Cloned
/// once per call; a `&'static` one costs nothing.
///
/// This is a name for two bounds; every type that meets them has it.
pub trait Circuit: Deref<Target = CircuitBreaker> + Clone {}

impl<B: Deref<Target = CircuitBreaker> + Clone> Circuit for B {}
