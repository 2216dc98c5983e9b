//! Settings as single texts, as `Settings::entries` writes them and a command line gives them.

use fusebox::{Settings, Value};
use serde_json::Map;

/// The text as the kind of value that it looks like: no duration, rate or word looks like a number.
pub(crate) fn value(text: &str) -> Value<'_> {
    if let Ok(whole) = text.parse() {
        return Value::Integer(whole);
    }
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Value::Float(number),
        _ => Value::Text(text),
    }
}

/// The settings as the `breaker` object of a replay file.
pub(crate) fn breaker(settings: &Settings) -> serde_json::Value {
    let entries = settings.entries().into_iter();
    let object: Map<_, _> = entries
        .map(|(key, text)| (key.to_owned(), json(&text)))
        .collect();
    object.into()
}

fn json(text: &str) -> serde_json::Value {
    match value(text) {
        Value::Integer(whole) => whole.into(),
        Value::Float(number) => number.into(),
        _ => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_is_read_back_from_what_is_written() {
        let entries = [
            ("failure_rate", Value::Text("12.5%")),
            ("slow_call_rate", Value::Text("100%")),
            ("slow_call_duration", Value::Text("1.5s")),
            ("window", Value::Text("100 calls")),
            ("minimum_calls", Value::Integer(7)),
            ("backoff", Value::Float(1.5)),
            ("abandoned_after", Value::Text("90s")),
            ("recovery", Value::Text("manual")),
        ];
        for settings in [
            Settings::defaults(),
            Settings::from_entries(entries).unwrap(),
        ] {
            let written = settings.entries();
            let read = written.iter().map(|(key, text)| (*key, value(text)));
            assert_eq!(Settings::from_entries(read).unwrap(), settings);
        }
    }
}
