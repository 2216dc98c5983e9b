//! The two texts of a scrape, whole, and what is absent when.

#![allow(clippy::expect_used, clippy::panic)] // Helpers of tests are tests too.

mod contract;
mod facts;
mod golden;
mod hosts;
#[cfg(feature = "opentelemetry")]
mod otel;
mod rules;
