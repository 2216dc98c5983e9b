//! One JSON object with known keys: each read has one type, and what is not known is refused.

use super::BadFile;
use fusebox::duration;
use serde_json::{Map, Value};
use std::time::Duration;

/// An object whose keys have been checked.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a> {
    object: &'a Map<String, Value>,
    /// Put before a key in texts: `expect.` for an inner object.
    prefix: &'static str,
}

impl<'a> Fields<'a> {
    /// The object in `value`, which is called `what` in texts and may have the keys `known`.
    pub(super) fn read(
        value: &'a Value,
        what: &str,
        prefix: &'static str,
        known: &[&str],
    ) -> Result<Self, BadFile> {
        let Value::Object(object) = value else {
            return Err(BadFile::new(format!(
                "{what} is {}, not an object",
                kind(value)
            )));
        };
        match object.keys().find(|key| !known.contains(&key.as_str())) {
            Some(key) => Err(BadFile::new(format!(
                "unknown key {:?}; {what} has {}",
                format!("{prefix}{key}"),
                known.join(", ")
            ))),
            None => Ok(Self { object, prefix }),
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<&'a Value> {
        self.object.get(key)
    }

    /// The value of a key that has to be there.
    pub(super) fn need(&self, key: &str, allowed: &str) -> Result<&'a Value, BadFile> {
        self.get(key).ok_or_else(|| {
            BadFile::new(format!(
                "key {:?} is missing; it takes {allowed}",
                self.named(key)
            ))
        })
    }

    pub(super) fn text(&self, key: &str) -> Result<Option<&'a str>, BadFile> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(self.wrong(key, other, "a text")),
        }
    }

    /// A text that has to be there and says something.
    pub(super) fn name(&self, key: &str, allowed: &str) -> Result<&'a str, BadFile> {
        match self.need(key, allowed)? {
            Value::String(text) if !text.is_empty() => Ok(text),
            other => Err(self.wrong(key, other, allowed)),
        }
    }

    pub(super) fn duration(&self, key: &str) -> Result<Option<Duration>, BadFile> {
        self.get(key)
            .map(|value| self.as_duration(key, value))
            .transpose()
    }

    pub(super) fn as_duration(&self, key: &str, value: &Value) -> Result<Duration, BadFile> {
        let allowed = "a duration like \"250ms\", \"1.5s\" or \"10m\"";
        let Value::String(text) = value else {
            return Err(self.wrong(key, value, allowed));
        };
        duration::parse(text).map_err(|why| {
            BadFile::new(format!(
                "key {:?}: {why}; it takes {allowed}",
                self.named(key)
            ))
        })
    }

    /// One of the words that `words` knows, in the type that stands for it.
    pub(super) fn word<T: Copy>(
        &self,
        key: &str,
        value: &Value,
        words: &[(&str, T)],
    ) -> Result<T, BadFile> {
        let found = value
            .as_str()
            .and_then(|text| words.iter().find(|(word, _)| *word == text));
        found.map(|(_, meaning)| *meaning).ok_or_else(|| {
            let allowed: Vec<_> = words.iter().map(|(word, _)| format!("{word:?}")).collect();
            self.wrong(key, value, &allowed.join(", "))
        })
    }

    /// The error for a value that is not allowed.
    pub(super) fn wrong(&self, key: &str, value: &Value, allowed: &str) -> BadFile {
        BadFile::new(format!(
            "key {:?} is {value}; it takes {allowed}",
            self.named(key)
        ))
    }

    fn named(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }
}

/// The kind of a value in words.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
