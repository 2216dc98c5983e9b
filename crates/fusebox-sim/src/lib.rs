//! The workbench of Fusebox: breakers in virtual time.
//!
//! - [`replay`]: a file says what happens to a breaker step by step and what is to be seen after
//!   each step; a run tells whether that is so, or what would have been with other settings.
//! - [`what_if`]: what a circuit would have done with what really happened to it.
//! - [`tape`]: what happened to a circuit in the last hour, bounded.
//! - [`export`]: what led to an opening, as a replay file.
//!
//! It opens no socket and reads no real clock, so an hour of an outage takes milliseconds and gives
//! the same answer every time.
//!
//! ```
//! use fusebox_sim::replay::Script;
//!
//! let script = Script::parse(
//!     br#"{"id": "opens", "breaker": {"consecutive_failures": 2, "jitter": "0%"},
//!          "steps": [{"do": "call", "outcome": "failure", "times": 2,
//!                     "expect": {"state": "open", "retry_after": "5s"}}]}"#,
//! )?;
//! assert!(script.run()?.ok());
//! # Ok::<(), fusebox_sim::replay::BadFile>(())
//! ```
//!
//! A file that cannot be understood is a [`replay::BadFile`], which says where and what is
//! allowed; a breaker that does otherwise than the file says is no error but an answer, the
//! [`replay::Report`].

pub mod export;
mod openings;
pub mod replay;
mod setting_text;
pub mod tape;
pub mod what_if;

pub use openings::{OPENINGS_MAX, Opening, Openings};
