//! The store as a whole: one binary, one link step.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // what a test may do

#[macro_use]
mod contract;
#[cfg(feature = "sqlite")]
mod crash;
mod drafts;
mod keeper;
mod place;
#[cfg(feature = "sqlite")]
mod sqlite;

contract!(memory, fusebox_store::Memory::new());
#[cfg(feature = "sqlite")]
contract!(file, crate::place::File::new());
