//! Tests of the layer from outside: real bodies, a clock moved by hand, no sleeping.

#![allow(clippy::unwrap_used, clippy::panic)] // Helpers of tests are tests too.

mod admission;
#[cfg(feature = "axum")]
mod axum;
mod bodies;
mod dropped;
mod heads;
mod keyed;
mod over_http;
#[cfg(feature = "tokio")]
mod overdue;
mod panics;
#[cfg(feature = "tokio")]
mod paused;
#[cfg(feature = "reqwest")]
mod reqwest;
mod settle_after;
#[cfg(feature = "stack")]
mod stack;
mod stand;
#[cfg(feature = "tokio")]
mod timer;
mod took;
mod trailers;
mod trials;
