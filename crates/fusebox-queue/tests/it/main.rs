//! The queue as its users see it: one binary, one link step.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // what a test may do

#[cfg(all(feature = "relay", feature = "sqlite", target_os = "linux"))]
mod backlog;
#[cfg(feature = "sqlite")]
mod damaged;
mod face;
#[cfg(all(unix, feature = "relay", feature = "sqlite"))]
mod failing_disk;
#[cfg(feature = "sqlite")]
mod kills;
#[cfg(feature = "relay")]
mod relay;
#[cfg(feature = "http")]
mod sink;
