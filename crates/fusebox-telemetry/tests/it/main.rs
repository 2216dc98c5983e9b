//! The two texts of a scrape, whole, and what is absent when.

#![allow(clippy::expect_used)] // Helpers of tests are tests too.

mod contract;
mod golden;
mod hosts;
mod rules;
