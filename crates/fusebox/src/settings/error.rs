//! What is wrong with a setting: which, what was given, what is allowed.

use std::fmt;

/// A setting was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsError {
    field: String,
    value: String,
    allowed: String,
}

impl SettingsError {
    pub(crate) fn new(field: &str, value: impl fmt::Display, allowed: impl fmt::Display) -> Self {
        Self {
            field: field.to_owned(),
            value: value.to_string(),
            allowed: allowed.to_string(),
        }
    }

    /// The key that is to be changed.
    pub fn field(&self) -> &str {
        &self.field
    }

    /// What was given, in quotes if it was a text; empty if something is missing.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// What is allowed instead.
    pub fn allowed(&self) -> &str {
        &self.allowed
    }
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.value.is_empty() {
            write!(f, "{}: {}", self.field, self.allowed)
        } else {
            write!(f, "{} = {}: {}", self.field, self.value, self.allowed)
        }
    }
}

impl std::error::Error for SettingsError {}

/// The key most like `unknown`, if one is like it at all.
pub(crate) fn nearest<'a>(unknown: &str, keys: &[&'a str]) -> Option<&'a str> {
    // A text this long is no misspelt key, and its distances would cost memory.
    if unknown.len() > 100 {
        return None;
    }
    let best = keys
        .iter()
        .map(|key| (distance(unknown, key), *key))
        .min()?;
    (best.0 <= unknown.len().max(3) / 3).then_some(best.1)
}

/// Edits (insert, delete, replace, swap of neighbours) between two short words: the optimal
/// string alignment distance.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            rows[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let change = usize::from(a[i - 1] != b[j - 1]);
                let mut best = (rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
                best = best.min(rows[i - 1][j - 1] + change);
                if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                    best = best.min(rows[i - 2][j - 2] + 1);
                }
                best
            };
        }
    }
    rows[a.len()][b.len()]
}

/// Names with a meaning of their own where circuits are listed by name.
const RESERVED: [&str; 2] = ["health", "stream"];

/// See [`crate::check_name`].
pub(crate) fn check_name_text(name: &str) -> Result<(), SettingsError> {
    let refuse = |allowed: &str| Err(SettingsError::new("name", format!("{name:?}"), allowed));
    let legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    let begins_well = name
        .bytes()
        .next()
        .is_some_and(|b| b.is_ascii_alphanumeric());
    if !begins_well || name.len() > 100 || !name.bytes().all(legal) {
        return refuse("1 to 100 letters, digits, '.', '_', '-', first a letter or digit");
    }
    if RESERVED.contains(&name) {
        return refuse("health and stream are reserved");
    }
    Ok(())
}
