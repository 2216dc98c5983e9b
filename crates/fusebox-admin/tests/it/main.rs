//! The admin interface, asked in process.

#![allow(clippy::expect_used, clippy::panic)] // Helpers of tests are tests too.

mod access;
mod actions;
mod activity;
mod asking;
mod attacks;
mod audit;
mod bad_input;
mod branch_actions;
mod branches;
mod conforming;
mod console;
mod dry_run;
mod events;
mod health;
mod host;
mod main_breaker;
mod me;
mod metrics;
mod mounted;
mod openapi;
mod overrides;
mod paging;
mod queues;
mod reading;
mod recorder;
mod services;
mod stream;
