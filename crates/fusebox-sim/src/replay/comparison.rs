//! What other settings would have made of a file.

use super::Report;
use crate::openings::{Opening, Openings};
use crate::what_if::Outlook;
use fusebox::{SettingsChange, State, Tick, Value, duration};
use serde_json::{Map, json};
use std::fmt;
use std::time::Duration;

/// A file with other settings beside the file as it is.
///
/// Display is for people: what was asked, both courses, and every step that is not as the file
/// expects it.
#[derive(Clone, Debug)]
pub struct Comparison {
    pub(super) report: Report,
    pub(super) change: SettingsChange,
    pub(super) recorded: Outlook,
    pub(super) now: Outlook,
    pub(super) length: Duration,
}

/// Openings that are shown to people.
const SHOWN_MAX: usize = 10;

impl Comparison {
    /// The expectations of the file, in the run with other settings.
    pub const fn report(&self) -> &Report {
        &self.report
    }

    /// The file as it is.
    pub const fn recorded(&self) -> &Outlook {
        &self.recorded
    }

    /// The file with other settings.
    pub const fn now(&self) -> &Outlook {
        &self.now
    }

    /// One line of JSON: the keys of [`Report::to_json_line`], and `set`, `recorded`, `now` (each
    /// with its openings), `calls`, `rejected`, `failures_avoided`, `successes_lost`,
    /// `let_through`.
    pub fn to_json_line(&self) -> String {
        let mut line = self.report.to_json();
        let set = self.change.entries().map(|(key, value)| {
            let value = match value {
                Value::Text(text) => json!(text),
                Value::Integer(number) => json!(number),
                Value::Float(number) => json!(number),
                Value::Bool(truth) => json!(truth),
                Value::Other(what) => json!(what),
            };
            (key.to_owned(), value)
        });
        line["set"] = set.collect::<Map<_, _>>().into();
        line["recorded"] = course(&self.recorded);
        line["now"] = course(&self.now);
        line["calls"] = self.now.calls.into();
        line["rejected"] = self.now.calls_rejected.into();
        line["failures_avoided"] = self.now.failures_avoided.into();
        line["successes_lost"] = self.now.successes_lost.into();
        line["let_through"] = self.now.let_through.into();
        line.to_string()
    }
}

fn course(outlook: &Outlook) -> serde_json::Value {
    let openings = outlook.openings.kept().iter().map(opening);
    json!({
        "openings": openings.collect::<Vec<_>>(),
        "openings_total": outlook.openings.total(),
        "rejected": outlook.rejected(),
        "time_open": duration::format(outlook.time_open),
        "state": outlook.ended.map(State::as_str),
    })
}

fn opening(opening: &Opening) -> serde_json::Value {
    json!({
        "after": duration::format(opening.at.saturating_since(Tick::ZERO)),
        "branch": opening.branch.as_deref(),
        "cause": opening.cause.as_str(),
        "why": opening.why(),
        "open_for": opening.evidence.open_for.map(duration::format),
        "lasted": opening.lasted.map(duration::format),
        "would": opening.would,
    })
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let set = self.change.entries().map(|(key, value)| match value {
            Value::Text(text) => format!("{key} = {text}"),
            other => format!("{key} = {other}"),
        });
        let set: Vec<_> = set.collect();
        writeln!(f, "{} with {}", self.report.id(), set.join(", "))?;
        told(f, "as it is", &self.recorded.openings)?;
        told(f, "now", &self.now.openings)?;
        let Outlook {
            calls,
            calls_rejected,
            failures_avoided,
            successes_lost,
            let_through,
            ..
        } = self.now;
        write!(
            f,
            "  of {calls} calls rejected {calls_rejected} ({failures_avoided} had failed, \
             {successes_lost} had succeeded); let through {let_through} that were rejected"
        )?;
        if let_through > 0 {
            f.write_str("\n  how those would have ended nobody knows: they count as ignored")?;
        }
        let (now, recorded) = (self.now.time_open, self.recorded.time_open);
        writeln!(
            f,
            "\n  open for {} of {}, as it is {}",
            duration::rounded(now),
            duration::rounded(self.length),
            duration::rounded(recorded)
        )?;
        self.report.fmt(f)
    }
}

fn told(f: &mut fmt::Formatter<'_>, which: &str, openings: &Openings) -> fmt::Result {
    if openings.total() == 0 {
        writeln!(f, "  {which}: did not open")?;
    }
    for opening in openings.kept().iter().take(SHOWN_MAX) {
        writeln!(f, "  {which}: {}", opening.explain(Tick::ZERO))?;
    }
    match openings.total().saturating_sub(SHOWN_MAX as u64) {
        0 => Ok(()),
        more => writeln!(f, "  {which}: and {more} more"),
    }
}
