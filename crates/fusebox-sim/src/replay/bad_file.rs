//! What is wrong with a replay file, and where.

use std::fmt;

/// A file that is no replay file, or that asks for what cannot be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadFile {
    id: Option<String>,
    step: Option<usize>,
    text: String,
}

/// Texts quote what was found; a hostile file must not make them as long as itself.
const TEXT_CHARS_MAX: usize = 600;

impl BadFile {
    pub(super) fn new(text: impl Into<String>) -> Self {
        let mut text = text.into();
        if let Some((end, _)) = text.char_indices().nth(TEXT_CHARS_MAX) {
            text.truncate(end);
            text.push_str(" ...");
        }
        Self {
            id: None,
            step: None,
            text,
        }
    }

    #[must_use]
    pub(super) fn at_step(mut self, step: usize) -> Self {
        self.step.get_or_insert(step);
        self
    }

    #[must_use]
    pub(super) fn in_script(mut self, id: &str) -> Self {
        self.id.get_or_insert_with(|| id.to_owned());
        self
    }

    /// The file's `id`, if reading came so far.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The step where it is, counted from 1; `None` where it is in no step.
    pub const fn step(&self) -> Option<usize> {
        self.step
    }

    /// What is wrong and what is allowed, without the place.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for BadFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(step) = self.step {
            write!(f, "step {step}: ")?;
        }
        f.write_str(&self.text)
    }
}

impl std::error::Error for BadFile {}
