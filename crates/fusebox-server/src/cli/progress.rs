//! How far a long command has come: one line on a terminal, written over and over.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use fusebox::Tick;

/// Often enough to look alive, too seldom to cost anything.
const EVERY: Duration = Duration::from_millis(100);

/// Counts up to a total that may change under way. What cannot be written is left out: progress is
/// never the reason why the work fails.
pub(super) struct Progress<W: Write> {
    /// `None`: nobody watches.
    to: Option<W>,
    unit: &'static str,
    total: u64,
    done: u64,
    /// When the line was written last.
    shown: Option<Tick>,
}

impl Progress<io::Stderr> {
    /// On stderr, if that is a terminal and the data does not go to one, too: they would share its
    /// lines.
    pub(super) fn of_data(unit: &'static str, total: u64) -> Self {
        let is_watched = io::stderr().is_terminal() && !io::stdout().is_terminal();
        Self::new(is_watched.then(io::stderr), unit, total)
    }
}

impl<W: Write> Progress<W> {
    fn new(to: Option<W>, unit: &'static str, total: u64) -> Self {
        Self {
            to,
            unit,
            total,
            done: 0,
            shown: None,
        }
    }

    /// One more is done by now.
    pub(super) fn step(&mut self, now: Tick) {
        self.done += 1;
        let is_due = |shown: Tick| now.saturating_since(shown) >= EVERY;
        if self.to.is_none() || !self.shown.is_none_or(is_due) {
            return;
        }
        self.shown = Some(now);
        // More can have come since they were counted.
        let total = self.total.max(self.done);
        let share = u128::from(self.done) * 100 / u128::from(total.max(1));
        let line = format!("\r{} of {total} {}, {share} %", self.done, self.unit);
        self.write(&line);
    }

    /// Takes the line away.
    pub(super) fn end(mut self) {
        if self.shown.is_some() {
            // Back to its beginning, and clear to its end.
            self.write("\r\x1b[K");
        }
    }

    fn write(&mut self, text: &str) {
        if let Some(to) = &mut self.to {
            let _ = to.write_all(text.as_bytes()).and_then(|()| to.flush());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is written for steps at these milliseconds.
    fn written(total: u64, steps: &[u64]) -> String {
        let mut out = Vec::new();
        let mut progress = Progress::new(Some(&mut out), "messages", total);
        for step in steps {
            progress.step(Tick::from_nanos(step * 1_000_000));
        }
        progress.end();
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn the_line_tells_count_and_share_ten_times_a_second_and_goes_at_the_end() {
        assert_eq!(
            written(4, &[0, 99, 100, 150]),
            "\r1 of 4 messages, 25 %\r3 of 4 messages, 75 %\r\x1b[K"
        );
    }

    #[test]
    fn more_than_were_counted_are_all_there_are() {
        assert_eq!(
            written(0, &[0, 200]),
            "\r1 of 1 messages, 100 %\r2 of 2 messages, 100 %\r\x1b[K"
        );
    }

    #[test]
    fn nothing_is_written_where_nobody_watches_or_nothing_is_done() {
        assert_eq!(written(9, &[]), "");
        let mut unwatched = Progress::new(None::<Vec<u8>>, "messages", 1);
        unwatched.step(Tick::ZERO);
        assert_eq!(unwatched.shown, None);
        unwatched.end();
    }
}
