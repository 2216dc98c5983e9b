//! What the fuzz targets share: how an input is taken apart, and what holds for every settings of a
//! breaker.
//!
//! A target is one file in `targets/`; it panics where something does not hold that should. Nothing
//! here is shipped.

mod answer;
mod breaker;
mod host;
mod input;
mod letters;
mod scratch;

pub use answer::Answer;
pub use breaker::{as_numbers, entries_read_back, read, typed};
pub use host::Host;
pub use input::split_at_line;
pub use letters::{BOUND, Damage, Letters, damage, letters, open, settings};
pub use scratch::Scratch;
