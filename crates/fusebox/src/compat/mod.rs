//! The settings of other libraries under the names that their users know, with the same meaning.
//!
//! Each struct has the old names as fields; [`settings`](Pybreaker::settings) gives the
//! [`Settings`] that mean the same, and an error names the old field. All of them mean what they
//! say: an opening lasts exactly as long as named, the first and every later one, without
//! backoff and without jitter; one failed trial opens again.
//!
//! ```
//! use fusebox::{compat::Pybreaker, CircuitBreaker};
//! use std::time::Duration;
//!
//! let old = Pybreaker { fail_max: 3, reset_timeout: Duration::from_secs(30) };
//! let breaker = CircuitBreaker::builder("cards").settings(old.settings()?).build()?;
//! assert_eq!(breaker.settings().consecutive_failures(), Some(3));
//! # Ok::<(), fusebox::SettingsError>(())
//! ```
//!
//! What the originals have no name for has this crate's default, above all `half_open_timeout`:
//! a trial that is in flight for 30 s has failed (R10), where the originals wait for it for ever.
//! [`builder`](Pybreaker::builder) gives the settings unfinished, to name more:
//!
//! ```
//! use fusebox::compat::FailMax;
//! use std::time::Duration;
//!
//! let timeout = Duration::from_secs(45);
//! let old = FailMax { fail_max: 5, recovery_timeout: Duration::from_secs(60) };
//! let settings = old
//!     .builder()?
//!     .abandoned_after(Some(timeout))
//!     .half_open_timeout(timeout + Duration::from_secs(5))
//!     .build()?;
//! assert_eq!(settings.abandoned_after(), Some(timeout));
//! # Ok::<(), fusebox::SettingsError>(())
//! ```

mod error_ratio;
mod fail_max;
mod failure_threshold;
mod pybreaker;

pub use error_ratio::ErrorRatio;
pub use fail_max::FailMax;
pub use failure_threshold::FailureThreshold;
pub use pybreaker::Pybreaker;

use crate::settings::{Rate, Settings, SettingsBuilder, SettingsError};
use std::time::Duration;

/// What all of them have in common: openings of one length, and one trial at a time, which
/// decides.
fn one_trial_after(open_for: Duration) -> SettingsBuilder {
    Settings::builder()
        .open_for(open_for)
        .open_for_max(open_for)
        .backoff(1.0)
        .jitter(Rate::ZERO)
        .half_open_calls(1)
        .half_open_successes(1)
        .half_open_failures(1)
}

/// The builder, if it can be built; else the error under the old name, from pairs of (new, old).
fn checked(
    builder: SettingsBuilder,
    names: &[(&str, &str)],
) -> Result<SettingsBuilder, SettingsError> {
    let Err(error) = builder.clone().build() else {
        return Ok(builder);
    };
    let old = names.iter().find(|(new, _)| *new == error.field());
    let field = old.map_or(error.field(), |(_, old)| old);
    let allowed = match error.field() {
        // A window of calls is none of the old settings.
        "window" => "1s or longer",
        _ => error.allowed(),
    };
    Err(SettingsError::new(field, error.value(), allowed))
}
