//! A line of text whose parts have a meaning; colour comes last, and only where it is wanted.

use std::env;

use fusebox::State;

/// What a part of a line means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    Plain,
    /// Less important.
    Quiet,
    /// More important.
    Strong,
    Good,
    Bad,
    /// Neither yet.
    Trying,
}

impl Tone {
    /// The parameters of "select graphic rendition". The eight basic colours are readable on light
    /// and dark.
    fn code(self) -> Option<&'static str> {
        match self {
            Tone::Plain => None,
            Tone::Quiet => Some("2"),
            Tone::Strong => Some("1"),
            Tone::Good => Some("32"),
            Tone::Bad => Some("1;31"),
            Tone::Trying => Some("33"),
        }
    }
}

/// Which means of expression there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Paint {
    pub(crate) colour: bool,
    /// Letters beyond ASCII are understood.
    pub(crate) unicode: bool,
}

impl Paint {
    /// Neither colour nor letters beyond ASCII: for files and pipes.
    pub(crate) const NONE: Paint = Paint {
        colour: false,
        unicode: false,
    };

    /// What the environment says about a terminal; nothing without one.
    pub(crate) fn choose(terminal: bool) -> Paint {
        let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
        // The first that is set decides, as in every program that asks for the locale.
        let locale = set("LC_ALL")
            .or_else(|| set("LC_CTYPE"))
            .or_else(|| set("LANG"));
        let utf8 = locale.is_some_and(|locale| {
            let locale = locale.to_string_lossy().to_ascii_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        });
        Paint {
            colour: terminal && set("NO_COLOR").is_none(),
            unicode: terminal && utf8,
        }
    }

    /// A text without control letters, in the colour of its tone where there are colours.
    pub(crate) fn shade(self, tone: Tone, text: &str) -> String {
        match tone.code().filter(|_| self.colour && !text.is_empty()) {
            Some(code) => format!("\x1b[{code}m{text}\x1b[0m"),
            None => text.to_owned(),
        }
    }

    /// A sign that stands beside the state's word.
    pub(crate) fn symbol(self, state: State) -> &'static str {
        match (state, self.unicode) {
            (State::Closed, true) => "●",
            (State::Open, true) => "○",
            (State::HalfOpen, true) => "◐",
            (State::Closed, false) => "+",
            (State::Open, false) => "x",
            (State::HalfOpen, false) => "~",
        }
    }
}

/// A line, not yet painted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Line {
    parts: Vec<(Tone, String)>,
}

impl Line {
    /// Adds a part.
    pub(crate) fn with(mut self, tone: Tone, text: impl Into<String>) -> Line {
        self.parts.push((tone, text.into()));
        self
    }

    /// The text as it goes to the terminal: at most `width` letters, all of them one column wide.
    pub(crate) fn paint(&self, width: usize, paint: Paint) -> String {
        let mut left = width;
        let mut out = String::new();
        for (tone, text) in &self.parts {
            let shown: String = text
                .chars()
                .filter(|c| !c.is_control())
                .take(left)
                .collect();
            left -= shown.chars().count();
            out.push_str(&paint.shade(*tone, &shown));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_is_cut_by_letters_and_not_by_escapes() {
        let line = Line::default()
            .with(Tone::Bad, "○ open")
            .with(Tone::Plain, ", trial in 2 s");
        let colour = Paint {
            colour: true,
            unicode: true,
        };
        assert_eq!(line.paint(8, colour), "\x1b[1;31m○ open\x1b[0m, ");
        assert_eq!(line.paint(3, Paint::NONE), "○ o");
        assert_eq!(line.paint(80, Paint::NONE), "○ open, trial in 2 s");
    }

    #[test]
    fn control_letters_never_reach_the_terminal() {
        let line = Line::default().with(Tone::Plain, "a\x1b[2Jb\n");
        assert_eq!(line.paint(80, Paint::NONE), "a[2Jb");
    }
}
