//! How the layer holds its breaker.

use fusebox::Handle;

/// A handle to a breaker: `&'static CircuitBreaker`, `Arc<CircuitBreaker>`, or your own. Cloned
/// once per call; a `&'static` one costs nothing.
///
/// This is a name for two bounds; every type that meets them has it.
pub trait Circuit: Handle + Clone {}

impl<B: Handle + Clone> Circuit for B {}
