//! What a run found.

use super::world::Miss;
use serde_json::{Map, Value, json};
use std::fmt;

/// The answer of a run: the file holds, or where it does not.
///
/// Display is for people and names every step that was not as expected.
#[derive(Clone, Debug)]
pub struct Report {
    id: String,
    unmet: Vec<Unmet>,
}

/// One step that was not as expected: the keys that differ, in both maps the same.
#[derive(Clone, Debug)]
struct Unmet {
    /// `None` where the file has no steps.
    step: Option<usize>,
    /// The branch that the step speaks of.
    branch: Option<String>,
    expected: Map<String, Value>,
    actual: Map<String, Value>,
}

impl Report {
    pub(super) fn new(id: &str, misses: Vec<Miss>) -> Self {
        let split = |miss: Miss| {
            let (mut expected, mut actual) = (Map::new(), Map::new());
            if let Some(key) = &miss.branch {
                // Not a difference, but without it nobody knows what differs.
                expected.insert("key".to_owned(), json!(key));
                actual.insert("key".to_owned(), json!(key));
            }
            for difference in miss.differences {
                expected.insert(difference.key.clone(), difference.expected);
                actual.insert(difference.key, difference.actual);
            }
            Unmet {
                step: Some(miss.step),
                branch: miss.branch,
                expected,
                actual,
            }
        };
        Self {
            id: id.to_owned(),
            unmet: misses.into_iter().map(split).collect(),
        }
    }

    /// The report on settings that were to be refused with the field `expected`.
    pub(super) fn of_settings(id: &str, expected: Value, actual: Value) -> Self {
        let mut unmet = Vec::new();
        if expected != actual {
            let keyed = |value| Map::from_iter([("error".to_owned(), value)]);
            unmet.push(Unmet {
                step: None,
                branch: None,
                expected: keyed(expected),
                actual: keyed(actual),
            });
        }
        Self {
            id: id.to_owned(),
            unmet,
        }
    }

    /// The name that the file gives itself.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whether everything was as expected.
    pub fn ok(&self) -> bool {
        self.unmet.is_empty()
    }

    /// The first step that was not as expected, counted from 1; `None` if all were, or if the
    /// file has no steps (`error`).
    pub fn failed_step(&self) -> Option<usize> {
        self.unmet.first().and_then(|unmet| unmet.step)
    }

    /// What the first failed step expects, only the keys that differ (and the `key` of the
    /// branch that it speaks of); `None` if the file holds.
    pub fn expected(&self) -> Option<&Map<String, Value>> {
        self.unmet.first().map(|unmet| &unmet.expected)
    }

    /// What was seen instead of [`Report::expected`], under the same keys.
    pub fn actual(&self) -> Option<&Map<String, Value>> {
        self.unmet.first().map(|unmet| &unmet.actual)
    }

    /// One line of JSON with the keys `id`, `ok`, `failed_step`, `expected` and `actual`.
    pub fn to_json_line(&self) -> String {
        self.to_json().to_string()
    }

    pub(super) fn to_json(&self) -> Value {
        json!({
            "id": self.id,
            "ok": self.ok(),
            "failed_step": self.failed_step(),
            "expected": self.expected(),
            "actual": self.actual(),
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ok() {
            return write!(f, "{}: holds", self.id);
        }
        write!(f, "{}: does not hold", self.id)?;
        for Unmet {
            step,
            branch,
            expected,
            actual,
        } in &self.unmet
        {
            let pairs = expected.iter().zip(actual.values());
            for ((key, expected), actual) in pairs.filter(|((key, _), _)| *key != "key") {
                match step {
                    Some(step) => write!(f, "\n  step {step}: ")?,
                    None => write!(f, "\n  settings: ")?,
                }
                if let Some(branch) = branch {
                    write!(f, "branch {branch:?}: ")?;
                }
                f.write_str(key)?;
                write!(f, " expected {}, was {}", Plain(expected), Plain(actual))?;
            }
        }
        Ok(())
    }
}

/// A value as people write it.
struct Plain<'a>(&'a Value);

impl fmt::Display for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Value::Null => f.write_str("none"),
            Value::Bool(true) => f.write_str("yes"),
            Value::Bool(false) => f.write_str("no"),
            Value::String(text) => f.write_str(text),
            other => other.fmt(f),
        }
    }
}
