//! What the fuzz targets share: how an input is taken apart, and what holds for every settings of a
//! breaker.
//!
//! A target is one file in `targets/`; it panics where something does not hold that should. Nothing
//! here is shipped.

mod answer;
mod breaker;
mod damage;
mod host;
mod input;
mod kept;
mod letters;
mod scratch;
mod script;

pub use answer::Answer;
pub use breaker::{as_numbers, entries_read_back, read, typed};
pub use damage::{Damage, Tables, damage};
pub use host::Host;
pub use input::split_at_line;
pub use kept::{KEPT_TABLES, StateFile, define, reopened_at};
pub use letters::{BOUND, Letters, QUEUE_TABLES, letters, open, settings};
pub use scratch::Scratch;
pub use script::Script;
