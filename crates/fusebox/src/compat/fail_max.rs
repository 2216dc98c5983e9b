//! `fail_max`, `recovery_timeout`.

use super::{checked, one_trial_after};
use crate::settings::{Settings, SettingsBuilder, SettingsError};
use std::time::Duration;

/// Failures in a row open, one successful trial closes. There are no defaults: every circuit has
/// numbers of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailMax {
    /// So many failures in a row open; 1 to 1,048,576.
    pub fail_max: u32,
    /// How long the circuit stays open; longer than 0.
    pub recovery_timeout: Duration,
}

impl FailMax {
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
        let builder = one_trial_after(self.recovery_timeout).consecutive_failures(self.fail_max);
        let names = [
            ("consecutive_failures", "fail_max"),
            ("open_for", "recovery_timeout"),
        ];
        checked(builder, &names)
    }
}
