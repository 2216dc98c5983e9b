//! `fail_max`, `reset_timeout`.

use super::{checked, one_trial_after};
use crate::settings::{Settings, SettingsBuilder, SettingsError};
use std::time::Duration;

/// The settings of pybreaker: failures in a row open, one successful trial closes.
///
/// What lies beside the settings differs in some places. The call that opens the circuit gets its
/// own error here, where pybreaker by default raises `CircuitBreakerError`. An error that
/// pybreaker's `exclude` names is a success there; a [`Classifier`](crate::Classifier) of a
/// closure says so here, while [`only_errors`](crate::only_errors) ignores it. Its newer
/// `success_threshold` is `half_open_successes` on the [`builder`](Self::builder).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pybreaker {
    /// So many failures in a row open; 1 to 1,048,576, default 5.
    pub fail_max: u32,
    /// How long the circuit stays open; longer than 0, default 60 s.
    pub reset_timeout: Duration,
}

impl Pybreaker {
    /// The settings that mean the same.
    ///
    /// # Errors
    /// A value outside its range, with the name of the field here.
    pub fn settings(&self) -> Result<Settings, SettingsError> {
        self.builder()?.build()
    }

    /// The same unfinished, to name settings for which there is no old name.
    ///
    /// # Errors
    /// A value outside its range, with the name of the field here.
    pub fn builder(&self) -> Result<SettingsBuilder, SettingsError> {
        let builder = one_trial_after(self.reset_timeout).consecutive_failures(self.fail_max);
        let names = [
            ("consecutive_failures", "fail_max"),
            ("open_for", "reset_timeout"),
        ];
        checked(builder, &names)
    }
}

impl Default for Pybreaker {
    fn default() -> Self {
        Self {
            fail_max: 5,
            reset_timeout: Duration::from_secs(60),
        }
    }
}
