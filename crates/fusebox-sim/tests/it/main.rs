//! Replay files from outside: reading, running, telling.
#![allow(missing_docs)]

mod bad_files;
mod conformance;
mod exit_codes;
mod wrong_expectations;
