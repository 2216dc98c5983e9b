//! The page on a terminal, drawn anew a few times a second. Readable at 80 by 24; what does not fit
//! is left out, the least important first.

use std::collections::VecDeque;
use std::io;

use fusebox::State;

use super::screen::{self, Screen, Size};
use super::suspend::{self, Suspend};
use super::{Line, Paint, Tone};
use crate::demo::picture::{Addresses, Happening, Picture, Row};
use crate::demo::words;

/// Enough for a tall terminal.
const HAPPENINGS_MAX: usize = 100;

/// Lines below the list.
const HINTS: usize = 4;

/// A terminal less high than this shows numbers only.
const STORIES_FROM: usize = 22;

/// Draws the page.
#[derive(Debug)]
pub(crate) struct Live {
    paint: Paint,
    happenings: VecDeque<Happening>,
    screen: Option<Screen>,
    suspend: Option<Suspend>,
}

impl Live {
    pub(super) fn new(paint: Paint) -> Live {
        Live {
            suspend: None,
            paint,
            happenings: VecDeque::new(),
            screen: None,
        }
    }

    pub(super) fn begin(&mut self) -> io::Result<()> {
        self.screen = Some(Screen::enter()?);
        self.suspend = Some(Suspend::listen()?);
        Ok(())
    }

    /// Waits for Ctrl-Z. Cancel safe.
    pub(super) async fn suspended(&mut self) {
        match &mut self.suspend {
            Some(suspend) => suspend.asked().await,
            None => std::future::pending().await,
        }
    }

    /// Stops the process, with the terminal as it was found, until somebody lets it go on.
    pub(super) fn suspend(&mut self) -> io::Result<()> {
        self.screen = None;
        suspend::stop();
        self.screen = Some(Screen::enter()?);
        Ok(())
    }

    pub(super) fn remember(&mut self, happening: Happening) {
        if self.happenings.len() == HAPPENINGS_MAX {
            self.happenings.pop_front();
        }
        self.happenings.push_back(happening);
    }

    pub(super) fn draw(&mut self, picture: &Picture) -> io::Result<()> {
        let size = screen::size();
        let lines = page(picture, &self.happenings, size, self.paint);
        let lines: Vec<String> = lines
            .iter()
            .map(|line| line.paint(size.columns, self.paint))
            .collect();
        match &mut self.screen {
            Some(screen) => screen.draw(&lines),
            None => Ok(()),
        }
    }
}

/// The whole page, at most as high as the terminal.
fn page(
    picture: &Picture,
    happenings: &VecDeque<Happening>,
    size: Size,
    paint: Paint,
) -> Vec<Line> {
    let mut lines = title(picture);
    lines.push(Line::default());
    let columns = Column::fitting(size.columns);
    lines.push(heading(&columns));
    for row in &picture.rows {
        lines.push(numbers(row, &columns, paint));
        if size.lines >= STORIES_FROM {
            lines.push(story(row));
        }
    }
    lines.push(Line::default());
    lines.push(Line::default().with(Tone::Strong, "What happened, the newest first"));
    let room = size.lines.saturating_sub(lines.len() + HINTS).max(1);
    for happening in happenings.iter().rev().take(room) {
        lines.push(told(happening, size.columns));
    }
    // The hints stay where they are while the list above them grows.
    let shown = happenings.len().min(room);
    lines.extend(std::iter::repeat_n(Line::default(), room - shown));
    lines.extend(hints(picture));
    lines.truncate(size.lines);
    lines
}

fn told(happening: &Happening, width: usize) -> Line {
    let at = format!("{:>6}  ", words::seconds(happening.at));
    let room = width.saturating_sub(at.len() + happening.text.chars().count());
    let line = Line::default()
        .with(Tone::Quiet, at)
        .with(happening.tone, &happening.text);
    match &happening.more {
        Some(more) if more.chars().count() <= room => line.with(Tone::Plain, more),
        _ => line,
    }
}

fn title(picture: &Picture) -> Vec<Line> {
    let time = match picture.length {
        Some(length) => {
            format!(
                "{:.0} s of {:.0} s",
                picture.elapsed.as_secs_f64(),
                length.as_secs_f64()
            )
        }
        None => format!("{:.0} s", picture.elapsed.as_secs_f64()),
    };
    let Addresses {
        arena,
        is_elsewhere,
        gateway,
        admin,
    } = picture.addresses;
    let name = Line::default().with(Tone::Strong, "fusebox demo");
    let elsewhere = match is_elsewhere {
        true => format!("  (port {} is taken)", crate::demo::arena::PORT),
        false => String::new(),
    };
    let first = match arena {
        // The other two are among the hints.
        Some(arena) => name
            .with(Tone::Plain, "  Break it yourself: ")
            .with(Tone::Strong, format!("http://{arena}/"))
            .with(Tone::Quiet, elsewhere),
        None => name
            .with(Tone::Plain, format!("  gateway http://{gateway}"))
            .with(Tone::Plain, format!("  admin http://{admin}")),
    };
    vec![
        first,
        Line::default().with(
            Tone::Quiet,
            format!("Four real services on loopback, clients call through the gateway.  {time}"),
        ),
    ]
}

/// A column of numbers: heading, and what it shows of a row.
struct Column {
    heading: &'static str,
    of: fn(&Row) -> String,
}

impl Column {
    const WIDTH: usize = 9;
    /// Before the numbers: name, symbol and state.
    const LEFT: usize = Column::NAME + Column::STATE;
    const NAME: usize = 10;
    /// As wide as the longest: "x open, trial in 12.3 s".
    const STATE: usize = 24;

    /// What stands to the right is left out first.
    const ALL: [Column; 6] = [
        Column {
            heading: "calls/s",
            of: |row| format!("{:.0}", row.rate),
        },
        Column {
            heading: "ok",
            of: |row| row.counts.served.to_string(),
        },
        Column {
            heading: "failed",
            of: |row| row.counts.not_served().to_string(),
        },
        Column {
            heading: "rejected",
            of: |row| row.counts.kept_away().to_string(),
        },
        Column {
            heading: "fallback",
            of: |row| row.counts.fallbacks().to_string(),
        },
        Column {
            heading: "reached",
            of: |row| row.seen.to_string(),
        },
    ];

    fn fitting(width: usize) -> Vec<Column> {
        let room = width.saturating_sub(Column::LEFT) / Column::WIDTH;
        Column::ALL.into_iter().take(room).collect()
    }
}

fn heading(columns: &[Column]) -> Line {
    let (name, state) = (Column::NAME, Column::STATE);
    let mut text = format!("{:<name$}{:<state$}", "circuit", "state");
    for column in columns {
        text.push_str(&format!(
            "{:>width$}",
            column.heading,
            width = Column::WIDTH
        ));
    }
    Line::default().with(Tone::Quiet, text)
}

fn numbers(row: &Row, columns: &[Column], paint: Paint) -> Line {
    let state = words::state(row.state, row.hold, row.next_trial);
    let state = format!("{} {state}", paint.symbol(row.state.under(row.hold)));
    let mut line = Line::default()
        .with(
            Tone::Strong,
            format!("{:<width$}", row.circuit, width = Column::NAME),
        )
        .with(
            words::tone(row.state, row.hold),
            format!("{state:<width$}", width = Column::STATE),
        );
    for column in columns {
        let number = (column.of)(row);
        line = line.with(
            Tone::Plain,
            format!("{number:>width$}", width = Column::WIDTH),
        );
    }
    line
}

/// How the service is, and why the circuit is as it is.
fn story(row: &Row) -> Line {
    let service = format!("  service {}", words::health(row.health));
    let tone = if row.in_trouble {
        Tone::Trying
    } else {
        Tone::Quiet
    };
    let why = match &row.why {
        Some((why, time)) => {
            let state = match row.state.under(row.hold) {
                State::Closed => "Closed",
                State::Open => "Open",
                State::HalfOpen => "Half-open",
            };
            format!(". {state} for {}: {why}", words::seconds(*time))
        }
        None => ". Closed since the start".to_owned(),
    };
    Line::default().with(tone, service).with(Tone::Quiet, why)
}

fn hints(picture: &Picture) -> [Line; HINTS] {
    let addresses = picture.addresses;
    [
        Line::default(),
        Line::default().with(Tone::Strong, "Try  ").with(
            Tone::Plain,
            format!("curl -i http://{}/payments", addresses.gateway),
        ),
        Line::default().with(
            Tone::Plain,
            format!(
                "     curl http://{}/api/v1/circuit-breakers",
                addresses.admin
            ),
        ),
        Line::default().with(Tone::Quiet, "Ctrl-C ends with a summary."),
    ]
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::demo::health::Health;
    use crate::demo::script::CAST;
    use crate::demo::tally::Counts;

    fn picture() -> Picture {
        let addr = ([127, 0, 0, 1], 65535).into();
        let counts = Counts {
            sent: 99_999,
            served: 99_999,
            failed: 9_999,
            rejected: 99_999,
            ..Counts::default()
        };
        let rows = CAST.map(|role| Row {
            circuit: role.circuit,
            state: State::Open,
            hold: None,
            next_trial: Some(Duration::from_millis(12_300)),
            why: Some((
                "5 failures in a row, the last could not connect".to_owned(),
                Duration::from_millis(1200),
            )),
            rate: 25.0,
            counts,
            seen: 99_999,
            health: Health::Down,
            in_trouble: true,
        });
        Picture {
            addresses: Addresses {
                arena: Some(addr),
                is_elsewhere: false,
                gateway: addr,
                admin: addr,
            },
            elapsed: Duration::from_secs(13),
            length: Some(Duration::from_secs(20)),
            rows: rows.into(),
        }
    }

    fn shown(columns: usize, lines: usize, paint: Paint) -> Vec<String> {
        let happened = Happening {
            at: Duration::from_secs(3),
            tone: Tone::Bad,
            text: "circuit payments opens: 5 failures in a row, the last could not connect"
                .to_owned(),
            more: None,
        };
        let happened = VecDeque::from(vec![happened; 50]);
        let page = page(&picture(), &happened, Size { columns, lines }, paint);
        page.iter().map(|line| line.paint(columns, paint)).collect()
    }

    #[test]
    fn nothing_is_cut_off_at_80_by_24() {
        let lines = shown(80, 24, Paint::NONE);
        assert_eq!(lines.len(), 24, "{lines:#?}");
        for (line, wide) in lines.iter().zip(shown(200, 24, Paint::NONE)) {
            // A wider terminal shows one column more, and nothing else.
            let end = ["  reached", "    99999"]
                .iter()
                .find(|end| wide.ends_with(**end));
            let same = wide.strip_suffix(end.copied().unwrap_or_default());
            assert_eq!(Some(line.as_str()), same);
        }
        let all = lines.join("\n");
        for word in [
            "fallback",
            "x open, trial in 12.3 s",
            "could not connect",
            "Break it yourself: http://127.0.0.1:65535/",
            "Ctrl-C",
        ] {
            assert!(all.contains(word), "{word}:\n{all}");
        }
    }

    #[test]
    fn small_terminals_get_less_and_never_too_much() {
        for (columns, lines) in [(79, 23), (60, 20), (40, 12), (20, 5), (1, 1)] {
            let page = shown(columns, lines, Paint::NONE);
            assert!(page.len() <= lines);
            assert!(
                page.iter().all(|line| line.chars().count() <= columns),
                "{page:#?}"
            );
        }
    }

    #[test]
    fn state_is_a_word_and_a_symbol_also_where_there_is_no_colour() {
        let colour = Paint {
            colour: true,
            unicode: true,
        };
        assert!(
            shown(80, 24, colour)
                .iter()
                .any(|line| line.contains("\x1b[1;31m○ open, trial"))
        );
        assert!(
            shown(80, 24, Paint::NONE)
                .iter()
                .any(|line| line.contains("x open, trial"))
        );
    }
}
