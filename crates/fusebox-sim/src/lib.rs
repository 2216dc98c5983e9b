//! The workbench of Fusebox: breakers in virtual time.
//!
//! So far it holds [`replay`]: a file says what happens to a breaker step by step and what is to
//! be seen after each step; a run tells whether that is so. It opens no socket and reads no real
//! clock, so an hour of an outage takes microseconds and gives the same answer every time.
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

pub mod replay;
