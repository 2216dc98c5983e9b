//! What a check says: a place, a sentence, and whether it fails the run.

use std::fmt;

/// One thing that a check noticed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    place: String,
    message: String,
    fails: bool,
}

impl Finding {
    /// Something about a whole file, package or dependency.
    pub(crate) fn at(place: impl Into<String>, message: impl Into<String>) -> Finding {
        Finding {
            place: place.into(),
            message: message.into(),
            fails: true,
        }
    }

    /// Something on one line; `index` counts from 0, people count from 1.
    pub(crate) fn on_line(path: &str, index: usize, message: impl Into<String>) -> Finding {
        Finding::at(format!("{path}:{}", index + 1), message)
    }

    /// The same, but only worth a thought.
    pub(crate) fn into_warning(mut self) -> Finding {
        self.fails = false;
        self
    }

    pub(crate) fn fails(&self) -> bool {
        self.fails
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.place, self.message)
    }
}
