//! What is wrong with the settings, and where.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

/// One thing that is wrong with the settings. Its `Display` is one line:
/// `fusebox.toml:4:1: circuits.rag.breaker.open_fro: unknown key (did you mean open_for?)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where it was said.
    pub place: Place,
    /// The setting, as a dotted path; empty where the whole source is meant.
    pub field: String,
    /// What is wrong, and what is allowed instead.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.place)?;
        if !self.field.is_empty() {
            write!(f, "{}: ", self.field)?;
        }
        f.write_str(&self.message)
    }
}

impl Problem {
    /// The problem with its place taken apart.
    pub fn to_json(&self) -> serde_json::Value {
        let (file, line, column) = match &self.place {
            Place::File { name, line, column } => (Some(name), Some(line), Some(column)),
            Place::WholeFile(name) => (Some(name), None, None),
            Place::Variable(_) | Place::Flag(_) => (None, None, None),
        };
        let variable = match &self.place {
            Place::Variable(name) => Some(name),
            _ => None,
        };
        serde_json::json!({
            "place": self.place.to_string(),
            "file": file.map(AsRef::<str>::as_ref),
            "line": line,
            "column": column,
            "variable": variable.map(AsRef::<str>::as_ref),
            "field": self.field,
            "message": self.message,
        })
    }
}

/// Where a setting comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A key or a value in the settings file.
    File {
        /// The file as it was named.
        name: Arc<str>,
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
    },
    /// The settings file as a whole.
    WholeFile(Arc<str>),
    /// An environment variable.
    Variable(Arc<str>),
    /// A flag of the command line.
    Flag(&'static str),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { name, line, column } => write!(f, "{name}:{line}:{column}"),
            Self::WholeFile(name) | Self::Variable(name) => f.write_str(name),
            Self::Flag(name) => f.write_str(name),
        }
    }
}

impl Place {
    /// Files first, in reading order; then variables, then flags.
    fn order(&self) -> (u8, usize, usize, &str) {
        match self {
            Self::WholeFile(_) => (0, 0, 0, ""),
            Self::File { line, column, .. } => (0, *line, *column, ""),
            Self::Variable(name) => (1, 0, 0, name),
            Self::Flag(name) => (2, 0, 0, name),
        }
    }
}

/// Collects problems while the settings are read, so that all are told at once.
#[derive(Debug, Default)]
pub(super) struct Report {
    problems: RefCell<Vec<Problem>>,
}

impl Report {
    /// Notes one problem.
    pub(super) fn add(&self, place: &Place, field: impl Into<String>, message: impl Into<String>) {
        self.problems.borrow_mut().push(Problem {
            place: place.clone(),
            field: one_line(field.into()),
            message: one_line(message.into()),
        });
    }

    /// All problems in reading order.
    pub(super) fn into_problems(self) -> Vec<Problem> {
        let mut problems = self.problems.into_inner();
        problems.sort_by(|a, b| a.place.order().cmp(&b.place.order()));
        problems
    }
}

/// A problem is one line of a log, whatever keys and values hold.
fn one_line(text: String) -> String {
    if !text.chars().any(char::is_control) {
        return text;
    }
    text.chars()
        .map(|c| {
            if c.is_control() {
                c.escape_default().to_string()
            } else {
                c.to_string()
            }
        })
        .collect()
}
