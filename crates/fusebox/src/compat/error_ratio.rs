//! `error_ratio`, `response_time`, `broken_time`.

use super::{checked, one_trial_after};
use crate::environment::{EnvironmentError, Variables};
use crate::settings::{Rate, Settings, SettingsBuilder, SettingsError, WindowSize};
use std::time::Duration;

/// A share of failed calls in a window of time; the names are those of aiomisc's breaker.
///
/// Opens once at least 5 calls of the last `response_time` were recorded and `error_ratio` of
/// them failed; after `broken_time` one successful trial closes. The old settings name neither of
/// these two numbers. aiomisc itself asks for the share in each tenth of `response_time`, and
/// recovers by admitting a growing share of the calls: see `ramp` for that.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ErrorRatio {
    /// The share of failures that opens; above 0 and at most 1, default 0.5.
    pub error_ratio: f64,
    /// The time that the share looks back at, not a limit on a call; 1 s and longer, default
    /// 10 s.
    pub response_time: Duration,
    /// How long the circuit stays open; longer than 0, default 30 s.
    pub broken_time: Duration,
}

/// Calls below which the share says nothing.
const MINIMUM_CALLS: u32 = 5;

impl ErrorRatio {
    /// Reads `ERROR_RATIO`, `RESPONSE_TIME` and `BROKEN_TIME`; what is not set has its default.
    ///
    /// ```
    /// use fusebox::compat::ErrorRatio;
    /// use fusebox::environment::Variables;
    /// use std::time::Duration;
    ///
    /// let variables = Variables::from_iter([("BROKEN_TIME", "45")]);
    /// let old = ErrorRatio::from_variables(&variables)?;
    /// assert_eq!(old.settings()?.open_for(), Duration::from_secs(45));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The first that is no number, or no time.
    pub fn from_variables(variables: &Variables<'_>) -> Result<Self, EnvironmentError> {
        let ratio = variables.read("ERROR_RATIO", "a number", |text| text.parse().ok())?;
        let window = variables.seconds("RESPONSE_TIME")?;
        let open_for = variables.seconds("BROKEN_TIME")?;
        let default = Self::default();
        Ok(Self {
            error_ratio: ratio.unwrap_or(default.error_ratio),
            response_time: window.unwrap_or(default.response_time),
            broken_time: open_for.unwrap_or(default.broken_time),
        })
    }

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
        let builder = one_trial_after(self.broken_time)
            .failure_rate(self.rate()?)
            .window(WindowSize::Time(self.response_time))
            .minimum_calls(MINIMUM_CALLS);
        let names = [("window", "response_time"), ("open_for", "broken_time")];
        checked(builder, &names)
    }

    fn rate(&self) -> Result<Rate, SettingsError> {
        let rate = Rate::percent(self.error_ratio * 100.0).ok();
        rate.filter(|rate| *rate > Rate::ZERO).ok_or_else(|| {
            let allowed = "above 0 and at most 1, with at most 6 decimals";
            SettingsError::new("error_ratio", self.error_ratio, allowed)
        })
    }
}

impl Default for ErrorRatio {
    fn default() -> Self {
        Self {
            error_ratio: 0.5,
            response_time: Duration::from_secs(10),
            broken_time: Duration::from_secs(30),
        }
    }
}
