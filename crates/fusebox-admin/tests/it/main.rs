//! The admin interface, asked in process.

#![allow(clippy::expect_used, clippy::panic)] // Helpers of tests are tests too.

mod actions;
mod asking;
mod bad_input;
mod branches;
mod health;
mod main_breaker;
mod reading;
mod stream;
