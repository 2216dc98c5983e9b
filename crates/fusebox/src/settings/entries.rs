//! Settings from and to key-value pairs, whatever the file format.

use super::error::{SettingsError, nearest};
use super::value::{RATE_FORM, WINDOW_FORM};
use super::{Rate, Recovery, Settings, SettingsBuilder, Value, WindowSize, duration};
use std::time::Duration;

impl Settings {
    /// Reads and checks settings from key-value pairs.
    ///
    /// # Errors
    /// An unknown key (with the nearest known one), a key given twice, a value of the wrong
    /// kind or outside its range, a setting without effect.
    pub fn from_entries<'a>(
        entries: impl IntoIterator<Item = (&'a str, Value<'a>)>,
    ) -> Result<Self, SettingsError> {
        let mut builder = SettingsBuilder::default();
        let mut seen: Vec<&str> = Vec::new();
        for (key, value) in entries {
            if seen.contains(&key) {
                return Err(SettingsError::new(key, value, "given twice"));
            }
            seen.push(key);
            builder = set(builder, key, value)?;
        }
        builder.build()
    }

    /// The settings in force, as [`Settings::from_entries`] would read them. Policies that are
    /// off are left out, and so are window and minimum where nothing reads them.
    pub fn entries(&self) -> Vec<(&'static str, String)> {
        let mut entries = Vec::with_capacity(Self::KEYS.len());
        let mut put = |key, value: Option<String>| entries.extend(value.map(|value| (key, value)));
        put(
            "consecutive_failures",
            self.consecutive_failures.map(|n| n.to_string()),
        );
        put("failure_rate", self.failure_rate.map(|r| r.to_string()));
        put("failure_count", self.failure_count.map(|n| n.to_string()));
        put(
            "slow_call_rate",
            self.slow_call_rate().map(|r| r.to_string()),
        );
        put(
            "slow_call_duration",
            self.slow_call_duration().map(duration::format),
        );
        let rates = self.failure_rate.is_some() || self.slow_call.is_some();
        put(
            "window",
            self.reads_window().then(|| self.window.to_string()),
        );
        put(
            "minimum_calls",
            rates.then(|| self.minimum_calls.to_string()),
        );
        put("open_for", Some(duration::format(self.open_for)));
        put("open_for_max", Some(duration::format(self.open_for_max)));
        put("backoff", Some(self.backoff.to_string()));
        put("jitter", Some(self.jitter.to_string()));
        put("half_open_calls", Some(self.half_open_calls.to_string()));
        put(
            "half_open_successes",
            Some(self.half_open_successes.to_string()),
        );
        put(
            "half_open_failures",
            Some(self.half_open_failures.to_string()),
        );
        put(
            "half_open_timeout",
            Some(duration::format(self.half_open_timeout)),
        );
        let abandoned = self
            .abandoned_after
            .map_or_else(|| "off".to_owned(), duration::format);
        put("abandoned_after", Some(abandoned));
        put("ramp", Some(duration::format(self.ramp)));
        put("recovery", Some(self.recovery.as_str().to_owned()));
        entries
    }
}

pub(super) fn set(
    b: SettingsBuilder,
    key: &str,
    v: Value<'_>,
) -> Result<SettingsBuilder, SettingsError> {
    Ok(match key {
        "consecutive_failures" => b.consecutive_failures(whole(key, v, "1 to 1048576")?),
        "failure_rate" => b.failure_rate(rate(key, v)?),
        "failure_count" => b.failure_count(whole(key, v, "1 to 1048576")?),
        "slow_call_rate" => b.slow_call_rate(rate(key, v)?),
        "slow_call_duration" => b.slow_call_duration(time(key, v)?),
        "window" => b.window(parsed(key, v, WINDOW_FORM, WindowSize::parse)?),
        "minimum_calls" => match v {
            // More than can ever be counted: never.
            Value::Integer(n) if n > i64::from(u32::MAX) => b.minimum_calls(u32::MAX),
            _ => b.minimum_calls(whole(key, v, "1 or more")?),
        },
        "open_for" => b.open_for(time(key, v)?),
        "open_for_max" => b.open_for_max(time(key, v)?),
        "backoff" => b.backoff(number(key, v)?),
        "jitter" => b.jitter(rate(key, v)?),
        "half_open_calls" => b.half_open_calls(whole(key, v, "1 to 64")?),
        "half_open_successes" => b.half_open_successes(whole(key, v, "1 to 64")?),
        "half_open_failures" => b.half_open_failures(whole(key, v, "1 to 64")?),
        "half_open_timeout" => b.half_open_timeout(time(key, v)?),
        "abandoned_after" if v == Value::Text("off") => b.abandoned_after(None),
        "abandoned_after" => {
            let form = format!("\"off\" or {}", duration::FORM);
            b.abandoned_after(Some(parsed(key, v, &form, duration::parse)?))
        }
        "ramp" => b.ramp(time(key, v)?),
        "recovery" => b.recovery(match v {
            Value::Text("automatic") => Recovery::Automatic,
            Value::Text("manual") => Recovery::Manual,
            _ => return Err(SettingsError::new(key, v, "automatic or manual")),
        }),
        _ => return Err(unknown(key)),
    })
}

pub(super) fn unknown(key: &str) -> SettingsError {
    let allowed = match nearest(key, Settings::KEYS) {
        Some(known) => format!("unknown key (did you mean {known}?)"),
        None => format!("unknown key; known are {}", Settings::KEYS.join(", ")),
    };
    SettingsError::new(key, "", allowed)
}

fn whole(key: &str, value: Value<'_>, allowed: &str) -> Result<u32, SettingsError> {
    let number = match value {
        Value::Integer(number) => u32::try_from(number).ok(),
        _ => None,
    };
    number.ok_or_else(|| SettingsError::new(key, value, format!("a whole number, {allowed}")))
}

fn number(key: &str, value: Value<'_>) -> Result<f64, SettingsError> {
    match value {
        Value::Float(number) => Ok(number),
        // Exact for every backoff that anybody means; larger ones are capped by open_for_max.
        #[allow(clippy::cast_precision_loss)]
        Value::Integer(number) => Ok(number as f64),
        _ => Err(SettingsError::new(key, value, "a number of 1 or more")),
    }
}

fn rate(key: &str, value: Value<'_>) -> Result<Rate, SettingsError> {
    parsed(key, value, RATE_FORM, Rate::parse)
}

fn time(key: &str, value: Value<'_>) -> Result<Duration, SettingsError> {
    parsed(key, value, duration::FORM, duration::parse)
}

fn parsed<T>(
    key: &str,
    value: Value<'_>,
    form: &str,
    parse: impl FnOnce(&str) -> Result<T, String>,
) -> Result<T, SettingsError> {
    let Value::Text(text) = value else {
        return Err(SettingsError::new(key, value, form));
    };
    parse(text).map_err(|why| SettingsError::new(key, value, format!("{why}; allowed is {form}")))
}
