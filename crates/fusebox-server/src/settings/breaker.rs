//! The breaker's settings of one circuit, checked by the core and placed in the file.

use std::time::Duration;

use fusebox::{Settings, SettingsError, duration};

use super::nearest::nearest;
use super::problem::Place;
use super::section::Section;
use super::tree::{Node, Value};

/// Trials get this much longer than a call may take, so that a time-out is seen as what it is.
const TRIAL_MARGIN: Duration = Duration::from_secs(5);

/// Reads a breaker's table. The gateway knows its own time-outs: a trial may take `timeout` + 5 s
/// at least, and a call dropped after `timeout` was abandoned by a caller's time-out (R11), unless
/// the file says otherwise.
pub(super) fn read(section: Section<'_>, at: &Place, timeout: Duration) -> Settings {
    let unknown = |key: &str| !Settings::KEYS.contains(&key);
    let mut meant_keys = Vec::new();
    for (key, node) in section.table.0.iter().filter(|(key, _)| unknown(key)) {
        let message = match nearest(key, Settings::KEYS.iter().copied()) {
            Some(meant) => {
                meant_keys.push(meant);
                format!("unknown key (did you mean {meant}?)")
            }
            None => format!("unknown key (known are {})", Settings::KEYS.join(", ")),
        };
        section
            .report
            .add(&node.key_at, section.field(key), message);
    }

    let known = section.table.0.iter().filter(|(key, _)| !unknown(key));
    let mut entries: Vec<(String, Value)> = known
        .map(|(key, node)| (key.clone(), settings_value(key, node)))
        .collect();
    // A policy whose name has a slip was meant: what belongs to it is not to be called without
    // effect.
    for key in meant_keys {
        if let Some(value) =
            harmless(key).filter(|_| !entries.iter().any(|(known, _)| known == key))
        {
            entries.push((key.to_owned(), value));
        }
    }
    let trial = Settings::defaults()
        .half_open_timeout()
        .max(timeout.saturating_add(TRIAL_MARGIN));
    for (key, default) in [("half_open_timeout", trial), ("abandoned_after", timeout)] {
        if !section.has(key) {
            entries.push((key.to_owned(), Value::Text(duration::format(default))));
        }
    }

    // The core tells one mistake at a time. A mistaken value is replaced by a harmless one and the
    // rest is looked at again, so that every mistake is told once; each key is replaced at most
    // once, so this ends.
    let mut replaced: Vec<String> = Vec::new();
    loop {
        let error = match Settings::from_entries(
            entries
                .iter()
                .map(|(key, value)| (key.as_str(), borrowed(value))),
        ) {
            Ok(settings) => return settings,
            Err(error) => error,
        };
        let field = error.field().to_owned();
        if replaced.contains(&field) {
            return Settings::defaults();
        }
        report(section, at, &error);
        entries.retain(|(key, _)| *key != field);
        if let Some(value) = harmless(&field) {
            entries.push((field.clone(), value));
        }
        replaced.push(field);
    }
}

fn report(section: Section<'_>, at: &Place, error: &SettingsError) {
    let partner = match error.field() {
        "slow_call_rate" => section.place_of("slow_call_duration", at),
        "slow_call_duration" => section.place_of("slow_call_rate", at),
        _ => at.clone(),
    };
    let place = section.place_of(error.field(), &partner);
    let message = match error.value() {
        "" => error.allowed().to_owned(),
        // The core's sentence where it has one, else its bare range.
        value
            if error.allowed().contains("allowed is")
                || error.allowed().starts_with("no effect") =>
        {
            format!("{value} is not allowed: {}", error.allowed())
        }
        value => format!("{value} is not allowed; allowed is {}", error.allowed()),
    };
    section
        .report
        .add(&place, section.field(error.field()), message);
}

/// The keys whose value is a number in the file; all others are texts.
const NUMBERS: &[&str] = &[
    "consecutive_failures",
    "failure_count",
    "minimum_calls",
    "backoff",
    "half_open_calls",
    "half_open_successes",
    "half_open_failures",
];

/// The value for the core; one from the environment is taken in the form that the key wants.
fn settings_value(key: &str, node: &Node) -> Value {
    match &node.raw {
        Some(raw) if !NUMBERS.contains(&key) => Value::Text(raw.clone()),
        _ => node.value.clone(),
    }
}

/// A value that no other setting can conflict with; none: leave the key out.
fn harmless(key: &str) -> Option<Value> {
    match key {
        "consecutive_failures" | "failure_count" | "minimum_calls" => Some(Value::Integer(1)),
        "failure_rate" | "slow_call_rate" => Some(Value::Text("50%".into())),
        "slow_call_duration" => Some(Value::Text("1s".into())),
        "window" => Some(Value::Text("10s".into())),
        "open_for" => Some(Value::Text("1ns".into())),
        _ => None,
    }
}

fn borrowed(value: &Value) -> fusebox::Value<'_> {
    match value {
        Value::Text(text) => fusebox::Value::Text(text),
        Value::Integer(number) => fusebox::Value::Integer(*number),
        Value::Float(number) => fusebox::Value::Float(*number),
        Value::Bool(truth) => fusebox::Value::Bool(*truth),
        Value::Array(_) => fusebox::Value::Other("an array"),
        Value::Table(_) => fusebox::Value::Other("a table"),
        Value::Other(_) => fusebox::Value::Other("a date or a number beyond 64 bits"),
    }
}
