//! The admin interface, asked in process and over a real socket.

#![allow(clippy::expect_used, clippy::panic)] // Helpers of tests are tests too.

mod actions;
mod asking;
mod bad_input;
mod branches;
mod gateway_circuits;
mod health;
mod main_breaker;
mod reading;
mod socket;
