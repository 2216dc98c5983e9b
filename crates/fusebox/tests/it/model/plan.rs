//! Settings in plain values: read by the model, built into the breaker's own type.

use fusebox::{Rate, Recovery, Settings, WindowSize};
use std::time::Duration;

/// The window of a plan.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Span {
    /// The last so many calls.
    Calls(u32),
    /// The last so much time.
    Time(Duration),
}

/// Settings of one breaker. Rates are in millionths, so that a percent has four decimals.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Plan {
    pub(crate) consecutive_failures: Option<u32>,
    pub(crate) failure_rate: Option<u32>,
    pub(crate) failure_count: Option<u32>,
    pub(crate) slow_calls: Option<(u32, Duration)>,
    pub(crate) span: Span,
    pub(crate) minimum_calls: u32,
    pub(crate) open_for: Duration,
    pub(crate) open_for_max: Duration,
    pub(crate) backoff: f64,
    pub(crate) half_open_calls: u32,
    pub(crate) half_open_successes: u32,
    pub(crate) half_open_failures: u32,
    pub(crate) half_open_timeout: Duration,
    pub(crate) abandoned_after: Option<Duration>,
    pub(crate) ramp: Duration,
    pub(crate) manual: bool,
}

/// A rate in millionths as the settings write it.
pub(crate) fn percent(millionths: u32) -> Rate {
    let text = format!("{}.{:04}%", millionths / 10_000, millionths % 10_000);
    Rate::parse(&text).unwrap()
}

impl Plan {
    /// Whether any policy looks at the window.
    pub(crate) fn reads_window(&self) -> bool {
        self.failure_rate.is_some() || self.failure_count.is_some() || self.slow_calls.is_some()
    }

    fn reads_minimum(&self) -> bool {
        self.failure_rate.is_some() || self.slow_calls.is_some()
    }

    /// The same settings in the breaker's type, without jitter.
    pub(crate) fn settings(&self) -> Settings {
        let mut builder = Settings::builder()
            .open_for(self.open_for)
            .open_for_max(self.open_for_max)
            .backoff(self.backoff)
            .jitter(percent(0))
            .half_open_calls(self.half_open_calls)
            .half_open_successes(self.half_open_successes)
            .half_open_failures(self.half_open_failures)
            .half_open_timeout(self.half_open_timeout)
            .abandoned_after(self.abandoned_after)
            .ramp(self.ramp)
            .recovery(if self.manual {
                Recovery::Manual
            } else {
                Recovery::Automatic
            });
        if let Some(n) = self.consecutive_failures {
            builder = builder.consecutive_failures(n);
        }
        if let Some(rate) = self.failure_rate {
            builder = builder.failure_rate(percent(rate));
        }
        if let Some(n) = self.failure_count {
            builder = builder.failure_count(n);
        }
        if let Some((rate, duration)) = self.slow_calls {
            builder = builder
                .slow_call_rate(percent(rate))
                .slow_call_duration(duration);
        }
        if self.reads_window() {
            builder = builder.window(match self.span {
                Span::Calls(n) => WindowSize::Calls(n),
                Span::Time(d) => WindowSize::Time(d),
            });
        }
        if self.reads_minimum() {
            builder = builder.minimum_calls(self.minimum_calls);
        }
        builder.build().unwrap()
    }

    /// R13: how long the `k`-th automatic opening waits.
    pub(crate) fn wait(&self, k: u32, retry_after: Option<Duration>) -> Duration {
        let factor = self.backoff.powi(i32::try_from(k).unwrap() - 1);
        let nanos = self.open_for.as_nanos() as f64 * factor;
        let grown = if nanos >= self.open_for_max.as_nanos() as f64 {
            self.open_for_max
        } else {
            Duration::from_nanos(nanos.round() as u64)
        };
        grown
            .max(retry_after.unwrap_or_default())
            .min(self.open_for_max)
    }
}
