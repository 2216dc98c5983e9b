//! Aligned columns, the same on a terminal and in a file; colour on a terminal only.

use std::io::{self, IsTerminal};

use super::plain;
use crate::paint::{Paint, Tone};

/// A cell before it is known how wide its column is.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::cli) struct Cell {
    tone: Tone,
    text: String,
}

impl Cell {
    /// A text of whatever origin, in a tone.
    pub(in crate::cli) fn new(tone: Tone, text: &str) -> Self {
        Self {
            tone,
            text: plain::text(text),
        }
    }

    /// A text of whatever origin; nothing is shown as `-`, so that columns can be counted.
    pub(in crate::cli) fn plain(text: &str) -> Self {
        Self::new(Tone::Plain, if text.is_empty() { "-" } else { text })
    }
}

/// Rows under a headline.
#[derive(Debug)]
pub(in crate::cli) struct Table {
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// A table with these words above its columns.
    pub(in crate::cli) fn with_columns(names: &[&str]) -> Self {
        let names = names.iter().map(|name| Cell::new(Tone::Quiet, name));
        Self {
            rows: vec![names.collect()],
        }
    }

    /// Rows without a headline.
    pub(in crate::cli) fn bare() -> Self {
        Self { rows: Vec::new() }
    }

    pub(in crate::cli) fn add(&mut self, row: Vec<Cell>) {
        self.rows.push(row);
    }

    /// The text for standard output, with colours where that is a terminal that wants them.
    pub(in crate::cli) fn write(&self) -> String {
        self.paint(Paint::choose(io::stdout().is_terminal()))
    }

    fn paint(&self, paint: Paint) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells
                .map(|cell| cell.text.chars().count())
                .max()
                .unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let mut out = String::new();
        for row in &self.rows {
            for (column, cell) in row.iter().enumerate() {
                out.push_str(&paint.shade(cell.tone, &cell.text));
                // Nothing stands behind the last column, so nothing has to be aligned.
                if column + 1 < row.len() {
                    let gap = widths[column] - cell.text.chars().count() + 2;
                    out.extend(std::iter::repeat_n(' ', gap));
                }
            }
            out.push('\n');
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::with_columns(&["NAME", "STATE", "WHY"]);
        table.add(vec![
            Cell::plain("r\u{e4}g"),
            Cell::new(Tone::Bad, "open"),
            Cell::plain("5 failures"),
        ]);
        table.add(vec![
            Cell::plain("payments"),
            Cell::plain(""),
            Cell::plain("\x1b[2J"),
        ]);
        table
    }

    #[test]
    fn columns_are_aligned_by_letters_and_lines_end_without_blanks() {
        let expected = "NAME      STATE  WHY\n\
                        r\u{e4}g       open   5 failures\n\
                        payments  -      \\u{1b}[2J\n";
        assert_eq!(table().paint(Paint::NONE), expected);
    }

    #[test]
    fn colours_stand_around_the_words_and_not_around_the_blanks() {
        let paint = Paint {
            colour: true,
            ..Paint::NONE
        };
        assert!(
            table()
                .paint(paint)
                .contains("\x1b[1;31mopen\x1b[0m   5 failures")
        );
    }
}
