//! Replay files: scenarios for the breaker's rules, run in virtual time.
//!
//! A file is one JSON object: `id`, the texts `rule`, `about` and `origin` (all optional), the
//! settings of the `breaker`, and either `steps` or `error` (the setting that is to be refused).
//! Reading is strict: whatever is not in the format is a [`BadFile`], so a misspelt expectation
//! cannot hold by accident.
//!
//! Invariants:
//! - An expectation speaks of the circuit, or of the branch whose `key` it names.
//! - Only `advance` moves the clock. A `call` begins and ends at one instant, whatever it `took`.
//! - An expectation is read after its step (after the last repetition), when everything that
//!   was due by then has happened.
//! - The seed of the jitter is fixed: two runs of one file are the same.
//! - `rule` and the other texts are never judged.

mod admissions;
mod bad_file;
mod comparison;
mod course;
mod document;
mod expect;
mod fields;
mod files;
mod report;
mod script;
mod seen;
mod settings;
mod step;
mod world;

pub use bad_file::BadFile;
pub use comparison::Comparison;
pub use files::{FILE_BYTES_MAX, Question, files};
pub use report::Report;
pub use script::Script;
