//! What tests of your own code need, so that none of them sleeps: a clock that they move, a back
//! end that does what a script says, and assertions on what the breaker did.
//!
//! ```
//! use fusebox::testing::{assert_rejected, BackEnd, ManualClock, Step, Transitions};
//! use fusebox::{CircuitBreaker, Rate, Reason, State::{Closed, HalfOpen, Open}};
//! use std::time::Duration;
//!
//! let clock = ManualClock::new();
//! let breaker = CircuitBreaker::builder("cards")
//!     .consecutive_failures(2)
//!     .open_for(Duration::from_secs(60))
//!     .jitter(Rate::ZERO)
//!     .half_open_successes(1)
//!     .clock(clock.clone())
//!     .build()?;
//! let mut transitions = Transitions::watch(&breaker);
//! let cards = BackEnd::new(&clock, [Step::err("down").times(2), Step::ok("paid")]);
//!
//! for _ in 0..2 {
//!     assert!(breaker.call(|| cards.call()).is_err());
//! }
//! assert_rejected(&breaker.call(|| cards.call()), Reason::Open);
//! transitions.assert([(Closed, Open)]);
//!
//! clock.advance(Duration::from_secs(60));
//! assert_eq!(breaker.call(|| cards.call()), Ok("paid"));
//! transitions.assert([(Open, HalfOpen), (HalfOpen, Closed)]);
//! assert_eq!(cards.calls(), 3);
//! # Ok::<(), fusebox::SettingsError>(())
//! ```
//!
//! A test that says for how long a circuit is open sets `jitter` to [`Rate::ZERO`](crate::Rate).
//!
//! How it fails: by panicking, with what was expected, what was seen and why, at the line of the
//! test.

// An assertion that does not hold fails its test by panicking.
#![allow(clippy::panic)]

mod back_end;
mod rejected;
mod step;
mod transitions;

pub use crate::clock::ManualClock;
pub use back_end::BackEnd;
pub use rejected::{MayBeRejected, assert_rejected};
pub use step::Step;
pub use transitions::Transitions;
