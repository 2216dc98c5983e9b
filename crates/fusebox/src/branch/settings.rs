//! How a keyed circuit keeps its branches.

use crate::settings::{Settings, SettingsError};
use std::ops::RangeInclusive;

const KEYS_MIN: RangeInclusive<u32> = 1..=1_000;
const KEYS_MAX: RangeInclusive<u32> = 1..=1_000_000;

/// Checked settings of the branches of a keyed circuit (R19). Made by
/// [`BranchSettings::builder`].
#[derive(Clone, Debug, PartialEq)]
pub struct BranchSettings {
    pub(crate) keys_min: u32,
    pub(crate) keys_max: u32,
    pub(crate) breaker: Option<Settings>,
}

impl BranchSettings {
    /// A builder in which every setting has its default.
    pub fn builder() -> BranchSettingsBuilder {
        BranchSettingsBuilder::default()
    }

    /// From so many keys the failures must come that open the circuit as a whole.
    pub const fn keys_min(&self) -> u32 {
        self.keys_min
    }

    /// So many keys are kept.
    pub const fn keys_max(&self) -> u32 {
        self.keys_max
    }

    /// What judges a branch; `None`: the circuit's own settings.
    pub const fn breaker(&self) -> Option<&Settings> {
        self.breaker.as_ref()
    }
}

impl Default for BranchSettings {
    fn default() -> Self {
        Self {
            keys_min: 3,
            keys_max: 10_000,
            breaker: None,
        }
    }
}

/// Builds [`BranchSettings`].
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct BranchSettingsBuilder {
    settings: BranchSettings,
}

impl BranchSettingsBuilder {
    /// The circuit as a whole opens only if the failures that decide came from at least so many
    /// keys, or from all keys seen in its window if those are fewer; 1 to 1,000, default 3.
    pub fn keys_min(mut self, keys_min: u32) -> Self {
        self.settings.keys_min = keys_min;
        self
    }

    /// So many keys are kept, the least recently used goes first; 1 to 1,000,000, default
    /// 10,000.
    pub fn keys_max(mut self, keys_max: u32) -> Self {
        self.settings.keys_max = keys_max;
        self
    }

    /// What judges a branch; default the circuit's own settings.
    pub fn breaker(mut self, settings: Settings) -> Self {
        self.settings.breaker = Some(settings);
        self
    }

    /// Checks everything.
    ///
    /// # Errors
    /// The setting that is outside its range.
    pub fn build(self) -> Result<BranchSettings, SettingsError> {
        let BranchSettings {
            keys_min, keys_max, ..
        } = self.settings;
        if !KEYS_MIN.contains(&keys_min) {
            return Err(SettingsError::new("keys_min", keys_min, "1 to 1000"));
        }
        if !KEYS_MAX.contains(&keys_max) {
            return Err(SettingsError::new("keys_max", keys_max, "1 to 1000000"));
        }
        Ok(self.settings)
    }
}
