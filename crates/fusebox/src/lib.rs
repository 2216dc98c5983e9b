//! Circuit breakers that cost nanoseconds and never lose a trial place.
//!
//! A breaker stands before a dependency. While the dependency works, calls pass; when it fails
//! too often, calls are rejected at once instead of waiting for it; after a while a few trial
//! calls find out whether it has recovered.
//!
//! ```
//! use fusebox::CircuitBreaker;
//! use std::time::Duration;
//!
//! let breaker = CircuitBreaker::builder("rag")
//!     .consecutive_failures(5)
//!     .open_for(Duration::from_secs(60))
//!     .build()?;
//! let answer = breaker.call(|| Ok::<_, std::io::Error>(42));
//! assert!(matches!(answer, Ok(42)));
//! # Ok::<(), fusebox::SettingsError>(())
//! ```
//!
//! The [`guide`] explains the words, how to choose settings, what to do with time-outs, and how to
//! move here from another library.
//!
//! What this crate is not: it has no async runtime, does no I/O and starts no thread. HTTP, metrics
//! and the daemon are crates above it.
//!
//! How it fails: settings are checked when built, so nothing fails at use. A call that is not
//! admitted gets a [`Rejection`] with a reason and, where it can be known, the time to try again.
//! A permit that is lost (dropped, cancelled, panicked) settles itself.

#![cfg_attr(not(loom), forbid(unsafe_code))]

#[cfg(feature = "macros")]
#[doc(hidden)]
pub mod __private;
mod branch;
mod breaker;
mod classifier;
pub mod classify;
mod clock;
pub mod compat;
mod counters;
pub mod environment;
mod event;
mod failover;
mod fallback;
#[cfg(any(doc, doctest))]
pub mod guide;
mod machine;
mod main_breaker;
mod outcome;
mod permit;
mod plan;
mod policy;
mod registry;
mod rejection;
#[cfg(feature = "retry-after")]
mod retry_after;
mod saved;
mod settings;
mod snapshot;
mod sync;
mod tap;
pub mod testing;
mod window;
mod word;

pub use branch::{BranchPermit, BranchSettings, BranchSettingsBuilder, BranchStats, Keyed};
pub use breaker::{Builder, CircuitBreaker, ControlError, check_name};
pub use classifier::{Classifier, EveryError, OnlyErrors, only_errors};
pub use clock::{Clock, ManualClock, SystemClock, Tick};
pub use counters::durations::Durations;
pub use event::{
    Author, Cause, Event, EventBus, EventKind, Evidence, Hold, HoldRequest, Received, Subscription,
};
pub use failover::{Failover, FailoverError};
pub use fallback::{Fallback, FallbackFn, FixedAnswer, LastGood, fallback_fn};
#[cfg(feature = "macros")]
pub use fusebox_macros::{breaker, protect};
pub use main_breaker::{MainBreaker, MainOpening};
pub use outcome::{FailureClass, Outcome, Settled, Settlement};
pub use permit::{Handle, OwnedPermit, Permit, PermitOf};
pub use policy::{ConsecutiveFailures, FailureCount, FailureRate, Seen, SlowCallRate, TripPolicy};
pub use registry::{
    Changes, Definition, Listed, Named, Override, OverrideRequest, Registry, RegistryBuilder,
    RegistryError, RegistryStats, registry,
};
pub use rejection::{CallError, Reason, Rejection};
#[cfg(feature = "retry-after")]
pub use retry_after::retry_after;
pub use saved::{Saved, SavedHold, SavedWhy};
pub use settings::{
    Rate, Recovery, Settings, SettingsBuilder, SettingsChange, SettingsError, Value, WindowSize,
    duration,
};
pub use snapshot::{Reading, Snapshot, Source, Totals, TransitionCount, TrialTotals, Why};
pub use tap::{RecordedCall, TapReader};
pub use window::WindowStats;
pub use word::{HoldKind, State, UnknownWord};
