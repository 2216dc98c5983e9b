//! Tests of the binary `fusebox` from outside.

// Clippy knows tests by their attribute; what they share is outside it and may end a test just as
// well.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[cfg(unix)]
mod cli;
#[cfg(unix)]
mod daemon;
#[cfg(unix)]
mod demo;
#[cfg(all(unix, feature = "opentelemetry"))]
mod otlp;
#[cfg(unix)]
mod queue;
mod readme;
#[cfg(unix)]
mod restart;
#[cfg(unix)]
mod serve;
#[cfg(unix)]
mod settings;

mod admin;
mod gateway;
mod house;
mod stand_in;
mod stream;
