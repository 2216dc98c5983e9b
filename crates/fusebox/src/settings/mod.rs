//! Settings of a breaker: read once into a type that cannot be wrong (R21).

mod builder;
mod change;
pub mod duration;
mod entries;
mod error;
mod value;

pub use builder::SettingsBuilder;
pub(crate) use builder::each_setting;
pub use change::SettingsChange;
pub use error::SettingsError;
pub(crate) use error::{check_name_text, nearest};
pub(crate) use value::WINDOW_CALLS_MAX;
pub use value::{Rate, Recovery, Value, WindowSize};

use std::time::Duration;

/// Most consecutive failures that can be asked for; what the run in the state word can count.
pub(crate) const RUN_MAX: u32 = 1_048_576;

/// Checked settings of a breaker. Made by [`Settings::builder`] or [`Settings::from_entries`].
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    pub(crate) consecutive_failures: Option<u32>,
    pub(crate) failure_rate: Option<Rate>,
    pub(crate) failure_count: Option<u32>,
    pub(crate) slow_call: Option<(Rate, Duration)>,
    pub(crate) window: WindowSize,
    pub(crate) minimum_calls: u32,
    pub(crate) open_for: Duration,
    pub(crate) open_for_max: Duration,
    pub(crate) backoff: f64,
    pub(crate) jitter: Rate,
    pub(crate) half_open_calls: u32,
    pub(crate) half_open_successes: u32,
    pub(crate) half_open_failures: u32,
    pub(crate) half_open_timeout: Duration,
    pub(crate) abandoned_after: Option<Duration>,
    pub(crate) ramp: Duration,
    pub(crate) recovery: Recovery,
}

impl Settings {
    /// Every key that a breaker's settings can have.
    pub const KEYS: &'static [&'static str] = &[
        "consecutive_failures",
        "failure_rate",
        "failure_count",
        "slow_call_rate",
        "slow_call_duration",
        "window",
        "minimum_calls",
        "open_for",
        "open_for_max",
        "backoff",
        "jitter",
        "half_open_calls",
        "half_open_successes",
        "half_open_failures",
        "half_open_timeout",
        "abandoned_after",
        "ramp",
        "recovery",
    ];

    /// A builder in which every setting has its default.
    pub fn builder() -> SettingsBuilder {
        SettingsBuilder::default()
    }

    /// The defaults: 5 failures in a row or half of at least 20 calls in 10 s; open for 5 s,
    /// doubling up to 60 s, 20 % jitter; one trial at a time, two successes close.
    pub fn defaults() -> Self {
        Self {
            consecutive_failures: Some(5),
            failure_rate: Some(Rate::HALF),
            failure_count: None,
            slow_call: None,
            window: WindowSize::Time(Duration::from_secs(10)),
            minimum_calls: 20,
            open_for: Duration::from_secs(5),
            open_for_max: Duration::from_secs(60),
            backoff: 2.0,
            jitter: Rate::FIFTH,
            half_open_calls: 1,
            half_open_successes: 2,
            half_open_failures: 1,
            half_open_timeout: Duration::from_secs(30),
            abandoned_after: None,
            ramp: Duration::ZERO,
            recovery: Recovery::Automatic,
        }
    }

    /// Whether a policy in force reads the window.
    pub fn reads_window(&self) -> bool {
        self.failure_rate.is_some() || self.failure_count.is_some() || self.slow_call.is_some()
    }

    /// Opens after so many failures in a row, if that policy is in force.
    pub const fn consecutive_failures(&self) -> Option<u32> {
        self.consecutive_failures
    }

    /// Opens at this share of failures, if that policy is in force.
    pub const fn failure_rate(&self) -> Option<Rate> {
        self.failure_rate
    }

    /// Opens at so many failures in the window, if that policy is in force.
    pub const fn failure_count(&self) -> Option<u32> {
        self.failure_count
    }

    /// Opens at this share of slow calls, if that policy is in force.
    pub fn slow_call_rate(&self) -> Option<Rate> {
        self.slow_call.map(|(rate, _)| rate)
    }

    /// A call that took longer is slow, if that policy is in force.
    pub fn slow_call_duration(&self) -> Option<Duration> {
        self.slow_call.map(|(_, duration)| duration)
    }

    /// The calls that rates and counts look at.
    pub const fn window(&self) -> WindowSize {
        self.window
    }

    /// A rate is undefined below so many calls in the window.
    pub const fn minimum_calls(&self) -> u32 {
        self.minimum_calls
    }

    /// How long the first opening lasts.
    pub const fn open_for(&self) -> Duration {
        self.open_for
    }

    /// How long an opening lasts at most.
    pub const fn open_for_max(&self) -> Duration {
        self.open_for_max
    }

    /// By what an opening is longer than the one before.
    pub const fn backoff(&self) -> f64 {
        self.backoff
    }

    /// The share by which an opening is shortened or lengthened at random.
    pub const fn jitter(&self) -> Rate {
        self.jitter
    }

    /// How many trials may be in flight.
    pub const fn half_open_calls(&self) -> u32 {
        self.half_open_calls
    }

    /// How many successful trials close.
    pub const fn half_open_successes(&self) -> u32 {
        self.half_open_successes
    }

    /// How many failed trials open again.
    pub const fn half_open_failures(&self) -> u32 {
        self.half_open_failures
    }

    /// A trial in flight for so long has failed.
    pub const fn half_open_timeout(&self) -> Duration {
        self.half_open_timeout
    }

    /// A permit dropped after so long counts as a failure; `None`: never.
    pub const fn abandoned_after(&self) -> Option<Duration> {
        self.abandoned_after
    }

    /// How long the admitted share grows after a close; zero: at once.
    pub const fn ramp(&self) -> Duration {
        self.ramp
    }

    /// Who ends an open period.
    pub const fn recovery(&self) -> Recovery {
        self.recovery
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self::defaults()
    }
}
