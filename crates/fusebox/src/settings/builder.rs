//! Typed settings, checked as a whole when built.

use super::error::SettingsError;
use super::value::{RATE_FORM, WINDOW_FORM};
use super::{RUN_MAX, Rate, Recovery, Settings, WindowSize, duration};
use std::time::Duration;

/// Builds [`Settings`]. What is not named has its default; naming any failure policy
/// (`consecutive_failures`, `failure_rate`, `failure_count`) replaces the two default ones.
#[derive(Clone, Debug, Default)]
pub struct SettingsBuilder {
    pub(super) consecutive_failures: Option<u32>,
    pub(super) failure_rate: Option<Rate>,
    pub(super) failure_count: Option<u32>,
    pub(super) slow_call_rate: Option<Rate>,
    pub(super) slow_call_duration: Option<Duration>,
    pub(super) window: Option<WindowSize>,
    pub(super) minimum_calls: Option<u32>,
    pub(super) open_for: Option<Duration>,
    pub(super) open_for_max: Option<Duration>,
    pub(super) backoff: Option<f64>,
    pub(super) jitter: Option<Rate>,
    pub(super) half_open_calls: Option<u32>,
    pub(super) half_open_successes: Option<u32>,
    pub(super) half_open_failures: Option<u32>,
    pub(super) half_open_timeout: Option<Duration>,
    pub(super) abandoned_after: Option<Option<Duration>>,
    pub(super) ramp: Option<Duration>,
    pub(super) recovery: Option<Recovery>,
}

macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident: $type:ty),* $(,)?) => {
        impl SettingsBuilder {
            $($(#[$doc])* #[must_use] pub fn $name(mut self, $name: $type) -> Self {
                self.$name = Some($name);
                self
            })*

            /// The first setting that was named, if there is one.
            pub(crate) fn first_named(&self) -> Option<&'static str> {
                let named = [$((stringify!($name), self.$name.is_some())),*];
                let first = named.into_iter().find(|(_, is_named)| *is_named);
                first.map(|(name, _)| name)
            }
        }
    };
}

/// Every setting with its meaning, once: `$then!` makes a setter of each.
macro_rules! each_setting {
    ($then:ident) => {
        $then! {
            /// Open after so many failures in a row (R2); 1 to 1,048,576, default 5.
            consecutive_failures: u32,
            /// Open at this share of failures in the window (R3); above 0 %, default 50 %.
            failure_rate: Rate,
            /// Open at so many failures in the window (R3); default off.
            failure_count: u32,
            /// Open at this share of slow calls in the window (R3); needs `slow_call_duration`.
            slow_call_rate: Rate,
            /// A call that took longer is slow; needs `slow_call_rate`.
            slow_call_duration: Duration,
            /// The calls that rates and counts look at; default the last 10 s.
            window: WindowSize,
            /// Rates are undefined below so many calls; default 20, or N of a smaller count window.
            minimum_calls: u32,
            /// How long the first opening lasts; default 5 s.
            open_for: Duration,
            /// How long an opening lasts at most; default 60 s, or `open_for` if longer.
            open_for_max: Duration,
            /// By what an opening is longer than the one before; at least 1, default 2.
            backoff: f64,
            /// Share by which an opening varies at random; default 20 %.
            jitter: Rate,
            /// How many trials may be in flight; 1 to 64, default 1.
            half_open_calls: u32,
            /// How many successful trials close; 1 to 64, default 2.
            half_open_successes: u32,
            /// How many failed trials open again; 1 to 64, default 1.
            half_open_failures: u32,
            /// A trial in flight for so long has failed; default 30 s.
            half_open_timeout: Duration,
            /// A permit dropped after so long counts as a failure (R11); default off (`None`).
            abandoned_after: Option<Duration>,
            /// How long the admitted share grows after a close (R17); default 0.
            ramp: Duration,
            /// Who ends an open period; default automatic.
            recovery: Recovery,
        }
    };
}
pub(crate) use each_setting;

each_setting!(setters);

impl SettingsBuilder {
    /// The value that was set for `abandoned_after`, if it was named at all.
    pub fn names_abandoned_after(&self) -> bool {
        self.abandoned_after.is_some()
    }

    /// Checks everything.
    ///
    /// # Errors
    /// The first setting that is outside its range, or that no policy in force reads.
    pub fn build(self) -> Result<Settings, SettingsError> {
        let defaults = Settings::defaults();
        let mut settings = Settings {
            open_for: self.open_for.unwrap_or(defaults.open_for),
            backoff: self.backoff.unwrap_or(defaults.backoff),
            jitter: self.jitter.unwrap_or(defaults.jitter),
            half_open_calls: self.half_open_calls.unwrap_or(defaults.half_open_calls),
            half_open_successes: self
                .half_open_successes
                .unwrap_or(defaults.half_open_successes),
            half_open_failures: self
                .half_open_failures
                .unwrap_or(defaults.half_open_failures),
            half_open_timeout: self.half_open_timeout.unwrap_or(defaults.half_open_timeout),
            abandoned_after: self.abandoned_after.unwrap_or_default(),
            ramp: self.ramp.unwrap_or(defaults.ramp),
            recovery: self.recovery.unwrap_or_default(),
            ..defaults
        };
        self.check_policies(&mut settings)?;
        self.check_open_time(&mut settings)?;
        half_open(&settings)?;
        settings
            .abandoned_after
            .map_or(Ok(()), |d| positive("abandoned_after", d))?;
        Ok(settings)
    }

    fn check_policies(&self, settings: &mut Settings) -> Result<(), SettingsError> {
        let named = [
            self.consecutive_failures.is_some(),
            self.failure_count.is_some(),
        ];
        if self.failure_rate.is_some() || named.contains(&true) {
            settings.consecutive_failures = self.consecutive_failures;
            settings.failure_rate = self.failure_rate;
            settings.failure_count = self.failure_count;
        }
        let run = 1..=RUN_MAX;
        if let Some(n) = self.consecutive_failures.filter(|n| !run.contains(n)) {
            return Err(SettingsError::new(
                "consecutive_failures",
                n,
                "1 to 1048576",
            ));
        }
        if let Some(rate) = self.failure_rate.filter(|rate| *rate == Rate::ZERO) {
            return Err(SettingsError::new("failure_rate", rate, above_zero()));
        }
        self.check_slow_calls(settings)?;
        self.check_window(settings)
    }

    fn check_slow_calls(&self, settings: &mut Settings) -> Result<(), SettingsError> {
        settings.slow_call = match (self.slow_call_rate, self.slow_call_duration) {
            (None, None) => None,
            (Some(rate), Some(duration)) => Some((rate, duration)),
            (Some(_), None) => {
                let allowed = "missing: slow_call_rate needs to know what slow is";
                return Err(SettingsError::new("slow_call_duration", "", allowed));
            }
            (None, Some(_)) => {
                let allowed = "missing: slow_call_duration has no effect without it";
                return Err(SettingsError::new("slow_call_rate", "", allowed));
            }
        };
        match settings.slow_call {
            Some((Rate::ZERO, _)) => Err(SettingsError::new(
                "slow_call_rate",
                Rate::ZERO,
                above_zero(),
            )),
            Some((_, duration)) => positive("slow_call_duration", duration),
            None => Ok(()),
        }
    }

    fn check_window(&self, settings: &mut Settings) -> Result<(), SettingsError> {
        if let Some(window) = self.window {
            if !window.is_allowed() {
                return Err(SettingsError::new("window", window, WINDOW_FORM));
            }
            if !settings.reads_window() {
                let allowed = "no effect: no policy in force reads a window \
                    (failure_rate, failure_count and slow_call_rate do)";
                return Err(SettingsError::new("window", window, allowed));
            }
            settings.window = window;
        }
        let most = match settings.window {
            WindowSize::Calls(n) => n,
            WindowSize::Time(_) => u32::MAX,
        };
        if let Some(count) = settings.failure_count {
            let most = most.min(RUN_MAX);
            if !(1..=most).contains(&count) {
                let allowed = format!("1 to {most}");
                return Err(SettingsError::new("failure_count", count, allowed));
            }
        }
        settings.minimum_calls = self
            .minimum_calls
            .unwrap_or(settings.minimum_calls.min(most));
        let Some(minimum) = self.minimum_calls else {
            return Ok(());
        };
        if !(1..=most).contains(&minimum) {
            let allowed = match settings.window {
                WindowSize::Calls(n) => format!("1 to {n}, the calls of the window"),
                WindowSize::Time(_) => "1 or more".to_owned(),
            };
            return Err(SettingsError::new("minimum_calls", minimum, allowed));
        }
        if settings.failure_rate.is_none() && settings.slow_call.is_none() {
            let allowed = "no effect: no policy in force reads it \
                (failure_rate and slow_call_rate do)";
            return Err(SettingsError::new("minimum_calls", minimum, allowed));
        }
        Ok(())
    }

    fn check_open_time(&self, settings: &mut Settings) -> Result<(), SettingsError> {
        positive("open_for", settings.open_for)?;
        settings.open_for_max = match self.open_for_max {
            None => settings.open_for_max.max(settings.open_for),
            Some(max) if max < settings.open_for => {
                let least = duration::format(settings.open_for);
                let allowed = format!("at least open_for, {least}");
                return Err(SettingsError::new(
                    "open_for_max",
                    duration::format(max),
                    allowed,
                ));
            }
            Some(max) => max,
        };
        if !(settings.backoff >= 1.0 && settings.backoff.is_finite()) {
            return Err(SettingsError::new(
                "backoff",
                settings.backoff,
                "a number of 1 or more",
            ));
        }
        Ok(())
    }
}

fn half_open(settings: &Settings) -> Result<(), SettingsError> {
    let counts = [
        ("half_open_calls", settings.half_open_calls),
        ("half_open_successes", settings.half_open_successes),
        ("half_open_failures", settings.half_open_failures),
    ];
    for (field, value) in counts {
        if !(1..=64).contains(&value) {
            return Err(SettingsError::new(field, value, "1 to 64"));
        }
    }
    positive("half_open_timeout", settings.half_open_timeout)
}

fn above_zero() -> String {
    format!("{RATE_FORM}, above 0% and at most 100%")
}

fn positive(field: &str, value: Duration) -> Result<(), SettingsError> {
    if value.is_zero() {
        return Err(SettingsError::new(
            field,
            duration::format(value),
            "longer than 0s",
        ));
    }
    Ok(())
}
