//! A relay.
#![allow(dead_code)]
mod pace;
pub use pace::{Pace, PaceError};
