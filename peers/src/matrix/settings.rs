//! The settings of a replay file as plain numbers, for adapters.

use fusebox::duration;
use serde_json::{Map, Value};

#[derive(Clone, Copy, Debug)]
pub(crate) enum Window {
    Calls(u64),
    Time(u64),
}

#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// Failures in a row; `None`: that policy is not in force.
    pub(crate) run: Option<u64>,
    pub(crate) rate: Option<f64>,
    pub(crate) count: Option<u64>,
    pub(crate) window: Window,
    pub(crate) minimum: u64,
    pub(crate) slow: Option<(f64, u64)>,
    pub(crate) open_ns: u64,
    pub(crate) open_max_ns: u64,
    pub(crate) backoff: f64,
    pub(crate) calls: u64,
    pub(crate) successes: u64,
}

impl Settings {
    /// Reads the `breaker` of a file that our own breaker has accepted, with our defaults.
    pub(crate) fn read(breaker: &Map<String, Value>) -> Result<Self, String> {
        let number =
            |key: &str, default| breaker.get(key).and_then(Value::as_u64).unwrap_or(default);
        let text = |key: &str| breaker.get(key).and_then(Value::as_str);
        let ns = |key: &str, default: u64| match text(key) {
            None => Ok(default),
            Some(text) => nanoseconds(text),
        };
        let share = |key: &str| match text(key) {
            None => Ok(None),
            Some(text) => {
                let number = text.trim_end_matches('%').trim().parse::<f64>();
                number
                    .map(|percent| Some(percent / 100.0))
                    .map_err(|e| format!("{key}: {e}"))
            }
        };
        let named = ["consecutive_failures", "failure_rate", "failure_count"];
        let defaults = !named.iter().any(|key| breaker.contains_key(*key));
        let window = match text("window") {
            None => Window::Time(10_000_000_000),
            Some(text) => match text.strip_suffix(" calls") {
                Some(calls) => Window::Calls(calls.trim().parse().map_err(|_| text.to_owned())?),
                None => Window::Time(nanoseconds(text)?),
            },
        };
        let most = match window {
            Window::Calls(calls) => calls.min(20),
            Window::Time(_) => 20,
        };
        let slow = share("slow_call_rate")?.zip(Some(ns("slow_call_duration", 0)?));
        let open_ns = ns("open_for", 5_000_000_000)?;
        Ok(Self {
            run: match breaker.get("consecutive_failures").and_then(Value::as_u64) {
                Some(run) => Some(run),
                None => defaults.then_some(5),
            },
            rate: share("failure_rate")?.or(defaults.then_some(0.5)),
            count: breaker.get("failure_count").and_then(Value::as_u64),
            window,
            minimum: number("minimum_calls", most),
            slow,
            open_ns,
            open_max_ns: ns("open_for_max", open_ns.max(60_000_000_000))?,
            backoff: breaker
                .get("backoff")
                .and_then(Value::as_f64)
                .unwrap_or(2.0),
            calls: number("half_open_calls", 1),
            successes: number("half_open_successes", 2),
        })
    }
}

pub(crate) fn nanoseconds(text: &str) -> Result<u64, String> {
    let long = duration::parse(text).map_err(|e| format!("{text}: {e}"))?;
    u64::try_from(long.as_nanos()).map_err(|e| format!("{text}: {e}"))
}
