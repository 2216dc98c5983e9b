//! Settings of a breaker as key and text, and back.

use fusebox::{Settings, SettingsError, Value};

/// The text as the kind of value that it looks like: no duration, rate or word looks like a number.
pub fn typed(text: &str) -> Value<'_> {
    if let Ok(whole) = text.parse() {
        return Value::Integer(whole);
    }
    match text.parse::<f64>() {
        Ok(number) => Value::Float(number),
        Err(_) => match text {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "[]" => Value::Other("an array"),
            _ => Value::Text(text),
        },
    }
}

/// Makes numbers of those values of an object that look like one, as they stand in a file.
pub fn as_numbers(object: &mut serde_json::Value) {
    let values = object.as_object_mut().into_iter().flatten();
    for (_, value) in values {
        let number = match value.as_str().map(typed) {
            Some(Value::Integer(whole)) => Some(whole.into()),
            Some(Value::Float(number)) => Some(number.into()),
            _ => None,
        };
        *value = number.unwrap_or_else(|| value.take());
    }
}

/// Reads `key=value` lines. A line without `=` is a key with an empty text.
///
/// # Errors
/// As [`Settings::from_entries`].
pub fn read(lines: &str) -> Result<Settings, SettingsError> {
    let entry = |line| {
        let (key, value) = split(line);
        (key, typed(value))
    };
    Settings::from_entries(lines.lines().map(entry))
}

/// What is shown as entries reads back as the same.
///
/// # Panics
/// It does not.
pub fn entries_read_back(settings: &Settings) {
    let shown = settings.entries();
    let typed = shown.iter().map(|(key, text)| (*key, typed(text)));
    let read = Settings::from_entries(typed);
    assert_eq!(read.as_ref(), Ok(settings), "shown as {shown:?}");
}

fn split(line: &str) -> (&str, &str) {
    line.split_once('=').unwrap_or((line, ""))
}
