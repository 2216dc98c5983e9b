//! The admin interface, asked in process and over a real socket.

#![allow(clippy::expect_used, clippy::panic)] // Helpers of tests are tests too.

mod actions;
mod asking;
mod bad_input;
mod gateway_circuits;
mod health;
mod reading;
mod socket;
