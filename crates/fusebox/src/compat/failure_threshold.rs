//! `failure_threshold`, `recovery_timeout`, `half_open_max_calls`.

use super::{checked, one_trial_after};
use crate::settings::{Settings, SettingsBuilder, SettingsError};
use std::time::Duration;

/// Failures in a row open, several successful trials close.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailureThreshold {
    /// So many failures in a row open; 1 to 1,048,576, default 5.
    pub failure_threshold: u32,
    /// How long the circuit stays open; longer than 0, default 60 s.
    pub recovery_timeout: Duration,
    /// So many trials may be in flight, and so many successes close; 1 to 64, default 2.
    pub half_open_max_calls: u32,
}

impl FailureThreshold {
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
        let builder = one_trial_after(self.recovery_timeout)
            .consecutive_failures(self.failure_threshold)
            .half_open_calls(self.half_open_max_calls)
            .half_open_successes(self.half_open_max_calls);
        let names = [
            ("consecutive_failures", "failure_threshold"),
            ("open_for", "recovery_timeout"),
            ("half_open_calls", "half_open_max_calls"),
        ];
        checked(builder, &names)
    }
}

impl Default for FailureThreshold {
    fn default() -> Self {
        Self {
            failure_threshold: 5,
            recovery_timeout: Duration::from_secs(60),
            half_open_max_calls: 2,
        }
    }
}
