//! The two texts of a scrape, whole, and what is absent when.

mod golden;
mod hosts;
mod rules;
