//! Some settings changed, the others as they are: overrides, and questions of what would be.

use super::error::SettingsError;
use super::{Settings, SettingsBuilder, Value, WindowSize};

/// Settings by key, to be put over others. Holds what it was given: it is checked where it is
/// [put over](Settings::changed_by) something.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SettingsChange(Vec<(String, Owned)>);

/// A [`Value`] of its own.
#[derive(Clone, Debug, PartialEq)]
enum Owned {
    Text(String),
    Integer(i64),
    Float(f64),
    Bool(bool),
    Other(&'static str),
}

impl SettingsChange {
    /// A change of nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// One more key; one that is there already is an error when the change is used.
    #[must_use]
    pub fn set(mut self, key: impl Into<String>, value: Value<'_>) -> Self {
        let value = match value {
            Value::Text(text) => Owned::Text(text.to_owned()),
            Value::Integer(number) => Owned::Integer(number),
            Value::Float(number) => Owned::Float(number),
            Value::Bool(truth) => Owned::Bool(truth),
            Value::Other(what) => Owned::Other(what),
        };
        self.0.push((key.into(), value));
        self
    }

    /// Keys and values in the order in which they were given.
    pub fn entries(&self) -> impl Iterator<Item = (&str, Value<'_>)> {
        self.0.iter().map(|(key, value)| {
            let value = match value {
                Owned::Text(text) => Value::Text(text),
                Owned::Integer(number) => Value::Integer(*number),
                Owned::Float(number) => Value::Float(*number),
                Owned::Bool(truth) => Value::Bool(*truth),
                Owned::Other(what) => Value::Other(what),
            };
            (key.as_str(), value)
        })
    }

    /// Whether this key is in it.
    pub fn names(&self, key: &str) -> bool {
        self.0.iter().any(|(named, _)| named == key)
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Settings {
    /// These settings with some keys changed, checked as a whole. `"off"` takes a trip policy out;
    /// one of the failure policies has to stay. What the change does not name follows it where it
    /// must: `open_for_max` is at least a new `open_for`, `minimum_calls` at most a new count
    /// window, and window and minimum go when nothing reads them any more.
    ///
    /// ```
    /// use fusebox::{Settings, SettingsChange, Value};
    ///
    /// let change = SettingsChange::new().set("open_for", Value::Text("90s"));
    /// let settings = Settings::defaults().changed_by(&change)?;
    /// assert_eq!(settings.open_for_max().as_secs(), 90);
    /// # Ok::<(), fusebox::SettingsError>(())
    /// ```
    ///
    /// # Errors
    /// As [`Settings::from_entries`].
    pub fn changed_by(&self, change: &SettingsChange) -> Result<Self, SettingsError> {
        let mut builder = self.named();
        let mut seen: Vec<&str> = Vec::new();
        for (key, value) in change.entries() {
            if seen.contains(&key) {
                return Err(SettingsError::new(key, value, "given twice"));
            }
            seen.push(key);
            builder = match value {
                Value::Text("off") if POLICY_KEYS.contains(&key) => take_out(builder, key),
                _ => super::entries::set(builder, key, value)?,
            };
        }
        follow(&mut builder, change, self)?;
        builder.build()
    }

    /// A builder in which everything is named that has an effect.
    fn named(&self) -> SettingsBuilder {
        let rates = self.failure_rate.is_some() || self.slow_call.is_some();
        SettingsBuilder {
            consecutive_failures: self.consecutive_failures,
            failure_rate: self.failure_rate,
            failure_count: self.failure_count,
            slow_call_rate: self.slow_call_rate(),
            slow_call_duration: self.slow_call_duration(),
            window: self.reads_window().then_some(self.window),
            minimum_calls: rates.then_some(self.minimum_calls),
            open_for: Some(self.open_for),
            open_for_max: Some(self.open_for_max),
            backoff: Some(self.backoff),
            jitter: Some(self.jitter),
            half_open_calls: Some(self.half_open_calls),
            half_open_successes: Some(self.half_open_successes),
            half_open_failures: Some(self.half_open_failures),
            half_open_timeout: Some(self.half_open_timeout),
            abandoned_after: Some(self.abandoned_after),
            ramp: Some(self.ramp),
            recovery: Some(self.recovery),
        }
    }
}

/// What `"off"` takes out.
const POLICY_KEYS: [&str; 5] = [
    "consecutive_failures",
    "failure_rate",
    "failure_count",
    "slow_call_rate",
    "slow_call_duration",
];

fn take_out(mut builder: SettingsBuilder, key: &str) -> SettingsBuilder {
    match key {
        "consecutive_failures" => builder.consecutive_failures = None,
        "failure_rate" => builder.failure_rate = None,
        "failure_count" => builder.failure_count = None,
        // One without the other has no effect.
        _ => (builder.slow_call_rate, builder.slow_call_duration) = (None, None),
    }
    builder
}

/// Brings what was not named in line with what was.
fn follow(
    builder: &mut SettingsBuilder,
    change: &SettingsChange,
    base: &Settings,
) -> Result<(), SettingsError> {
    let counts = builder.failure_rate.is_some() || builder.failure_count.is_some();
    if !counts && builder.consecutive_failures.is_none() {
        let off = POLICY_KEYS.into_iter().find(|key| change.names(key));
        let allowed = "one of consecutive_failures, failure_rate and failure_count has to stay";
        return Err(SettingsError::new(off.unwrap_or_default(), "off", allowed));
    }
    let slow = builder.slow_call_rate.is_some();
    if !(counts || slow || change.names("window")) {
        builder.window = None;
    }
    let rates = builder.failure_rate.is_some() || slow;
    if !change.names("minimum_calls") {
        let most = match builder.window {
            Some(WindowSize::Calls(calls)) => calls,
            Some(WindowSize::Time(_)) | None => u32::MAX,
        };
        let kept = builder.minimum_calls.filter(|_| rates);
        builder.minimum_calls = kept.map(|minimum| minimum.min(most));
    }
    if !change.names("open_for_max") {
        builder.open_for_max = Some(base.open_for_max.max(builder.open_for.unwrap_or_default()));
    }
    Ok(())
}
