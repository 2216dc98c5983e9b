//! Tests of the core from outside, through its public faces.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test fails by panicking

mod branches;
mod cases;
mod compat;
mod concurrent;
mod defaults_table;
mod environment;
mod faces;
mod guide;
mod macros;
mod model;
mod peers;
mod registry;
mod rules;
mod stand;
mod testing;
