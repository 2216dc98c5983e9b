//! What is wrong with an environment variable.

use std::fmt;

/// A variable was refused: which, what it says, what is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvironmentError {
    variable: String,
    value: String,
    allowed: String,
}

impl EnvironmentError {
    pub(super) fn new(
        variable: &str,
        value: impl Into<String>,
        allowed: impl Into<String>,
    ) -> Self {
        Self {
            variable: variable.to_owned(),
            value: value.into(),
            allowed: allowed.into(),
        }
    }

    /// The variable's name.
    pub fn variable(&self) -> &str {
        &self.variable
    }

    /// What it is set to, in quotes; empty where that is not what is wrong.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// What is allowed instead.
    pub fn allowed(&self) -> &str {
        &self.allowed
    }
}

impl fmt::Display for EnvironmentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.value.is_empty() {
            write!(f, "{}: {}", self.variable, self.allowed)
        } else {
            write!(f, "{} = {}: {}", self.variable, self.value, self.allowed)
        }
    }
}

impl std::error::Error for EnvironmentError {}
