//! Replay files from outside: reading, running, telling.
#![allow(missing_docs)]
// A test may fail; clippy.toml allows that in test functions only, not in what they call.
#![allow(clippy::expect_used, clippy::panic, clippy::needless_pass_by_value)]

mod bad_files;
mod conformance;
mod documented;
mod exit_codes;
mod exported;
mod keys;
mod life;
mod other_settings;
mod tape;
mod what_if;
mod wrong_expectations;
