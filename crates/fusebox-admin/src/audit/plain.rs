//! Texts from outside, made fit for logs and the audit log.

use std::fmt::Write;

use serde_json::{Map, Value};

use crate::access::redacted;

/// Longer texts are cut. A reason has at most 1,000 characters.
const CHARS_MAX: usize = 1200;
/// A value that is longer as JSON is kept as the beginning of its text.
const VALUE_BYTES_MAX: usize = 4096;

/// The text in one line, without what a terminal or a reader could take for something else, without
/// tokens, and not endless.
pub(super) fn plain(text: &str) -> String {
    let text = redacted(text);
    let mut plain = String::with_capacity(text.len().min(CHARS_MAX));
    for (count, c) in text.chars().enumerate() {
        if count == CHARS_MAX {
            plain.push('…');
            break;
        }
        if is_treacherous(c) {
            // Writing to a string does not fail.
            let _ = write!(plain, "\\u{{{:x}}}", u32::from(c));
        } else {
            plain.push(c);
        }
    }
    plain
}

/// The same for all texts in a value, and for the whole. Fractions become texts: an entry is hashed
/// as it is written, and a fraction may be written in another way once it has been read.
pub(super) fn plain_value(value: Value) -> Value {
    let value = cleaned(value);
    let text = value.to_string();
    if text.len() <= VALUE_BYTES_MAX {
        return value;
    }
    Value::String(plain(&text))
}

/// The same without a bound on the whole, for values of our own: only texts in them are not ours.
pub(super) fn cleaned(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(plain(&text)),
        Value::Number(number) if number.is_f64() => Value::String(number.to_string()),
        Value::Array(items) => Value::Array(items.into_iter().map(cleaned).collect()),
        Value::Object(entries) => {
            let entries = entries.into_iter();
            let entries = entries.map(|(key, value)| (plain(&key), cleaned(value)));
            Value::Object(entries.collect::<Map<_, _>>())
        }
        other => other,
    }
}

/// Controls (line feeds, escapes), signs that turn the direction of the text around them, and
/// what takes no room.
fn is_treacherous(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{feff}' | '\u{ad}')
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_could_pose_as_something_else_is_written_out() {
        for (text, expected) in [
            ("drill", "drill"),
            ("größer \"x\" \\ ✓", "größer \"x\" \\ ✓"),
            ("a\nb\r\tc\0", "a\\u{a}b\\u{d}\\u{9}c\\u{0}"),
            ("\u{1b}[31mred", "\\u{1b}[31mred"),
            ("a\u{202e}b\u{2028}c\u{85}", "a\\u{202e}b\\u{2028}c\\u{85}"),
        ] {
            assert_eq!(plain(text), expected);
        }
        assert_eq!(plain(&"ä".repeat(5000)).chars().count(), CHARS_MAX + 1);
        let token = format!("x fbx_{} y", "a".repeat(43));
        assert_eq!(plain(&token), "x fbx_[redacted] y");
    }

    #[test]
    fn values_are_cleaned_all_through_and_bounded() {
        let token = format!("fbx_{}", "b".repeat(43));
        let value = json!({ "a\n": [token, { "c": "d\u{7}" }], "n": 1, "f": 1.5, "z": null });
        assert_eq!(
            plain_value(value),
            json!({ "a\\u{a}": ["fbx_[redacted]", { "c": "d\\u{7}" }], "n": 1, "f": "1.5",
                "z": null })
        );
        let long = plain_value(json!(vec!["x".repeat(1000); 60]));
        assert!(
            long.as_str().is_some_and(|text| text.len() < 2000),
            "{long}"
        );
    }
}
