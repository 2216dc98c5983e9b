//! Plain lines: one a second, and one for everything that happens.

use std::fmt;
use std::io::{self, Write};
use std::time::Duration;

use super::{Line, Paint, Tone};
use crate::demo::picture::{Addresses, Happening, Picture, Row};
use crate::demo::words;

/// Lines in a file are not cut.
const WIDTH: usize = usize::MAX;

/// Writes lines.
pub(crate) struct Plain {
    out: Box<dyn Write + Send>,
    paint: Paint,
    next: Duration,
}

impl fmt::Debug for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plain")
            .field("paint", &self.paint)
            .field("next", &self.next)
            .finish()
    }
}

impl Plain {
    pub(super) fn to(out: Box<dyn Write + Send>, paint: Paint) -> Plain {
        Plain {
            out,
            paint,
            next: Duration::from_secs(1),
        }
    }

    pub(super) fn begin(&mut self, addresses: Addresses, once: bool) -> io::Result<()> {
        let Addresses {
            arena,
            is_elsewhere,
            gateway,
            admin,
        } = addresses;
        if let Some(arena) = arena {
            writeln!(self.out, "Break it yourself: http://{arena}/")?;
            if is_elsewhere {
                let port = crate::demo::arena::PORT;
                writeln!(
                    self.out,
                    "Port {port} is taken, so this is another one; --port names one."
                )?;
            }
            writeln!(
                self.out,
                "Five systems with breakers and without: kill, hang or slow what they call."
            )?;
            writeln!(self.out)?;
        }
        writeln!(
            self.out,
            "fusebox demo: gateway http://{gateway}  admin http://{admin}"
        )?;
        writeln!(
            self.out,
            "Four real services on loopback sockets, a real gateway in front, steady clients."
        )?;
        writeln!(self.out, "try: curl -i http://{gateway}/payments")?;
        writeln!(self.out, "     curl http://{admin}/api/v1/circuit-breakers")?;
        if !once {
            writeln!(
                self.out,
                "The script repeats until Ctrl-C, which ends with a summary."
            )?;
        }
        writeln!(self.out)?;
        self.out.flush()
    }

    pub(super) fn tell(&mut self, happening: &Happening) -> io::Result<()> {
        let line = stamp(happening.at)
            .with(happening.tone, &happening.text)
            .with(Tone::Plain, happening.more.as_deref().unwrap_or_default());
        writeln!(self.out, "{}", line.paint(WIDTH, self.paint))?;
        self.out.flush()
    }

    /// A line, if a second has gone by since the last.
    pub(super) fn second(&mut self, picture: &Picture) -> io::Result<()> {
        if picture.elapsed < self.next {
            return Ok(());
        }
        self.next = Duration::from_secs(picture.elapsed.as_secs() + 1);
        let mut line = stamp(picture.elapsed);
        for (n, row) in picture.rows.iter().enumerate() {
            let comma = if n == 0 { "" } else { " | " };
            line = brief(
                line.with(Tone::Plain, format!("{comma}{} ", row.circuit)),
                row,
            );
        }
        writeln!(self.out, "{}", line.paint(WIDTH, self.paint))?;
        self.out.flush()
    }
}

fn stamp(at: Duration) -> Line {
    Line::default().with(Tone::Quiet, format!("{:>7}  ", words::seconds(at)))
}

fn brief(line: Line, row: &Row) -> Line {
    let state = match row.hold {
        Some(hold) => hold.as_str(),
        None => row.state.as_str(),
    };
    let counts = &row.counts;
    let numbers = [
        ("failed", counts.not_served()),
        ("rejected", counts.kept_away()),
        ("fallbacks", counts.fallbacks()),
    ];
    let mut text = format!(" {:.0}/s ok {}", row.rate, counts.served);
    for (word, number) in numbers.into_iter().filter(|(_, number)| *number > 0) {
        text.push_str(&format!(" {word} {number}"));
    }
    line.with(words::tone(row.state, row.hold), state)
        .with(Tone::Plain, text)
}
