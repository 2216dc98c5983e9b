//! R19, R22: what circuits, branches and calls take of memory. In a binary of its own, because it
//! counts the allocations of the whole process.
#![allow(clippy::unwrap_used, clippy::panic)] // a test fails by panicking

mod branches;
mod calls;
mod circuits;
mod counting;
mod leaks;
