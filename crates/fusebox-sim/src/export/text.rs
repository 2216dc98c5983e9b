//! The text of a file: one step a line.

use super::entries::{Act, Entries};
use super::{Trip, Verdict};
use crate::setting_text;
use fusebox::{Cause, Evidence, HoldKind, State, Tick, WindowSize, duration};
use serde_json::{Value, json};
use std::time::Duration;

/// How much a file expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Strictness {
    /// Nothing before the deciding step, and after it the time that was told too.
    Exact,
    /// Nothing before the deciding step.
    Strict,
    /// That it has happened by the end.
    Loose,
}

pub(super) mod line {
    //! Single steps.

    use super::{Act, setting_text};
    use fusebox::duration;
    use std::fmt::Write;
    use std::time::Duration;

    /// Empty where no time passes.
    pub(in crate::export) fn advance(by: Duration) -> String {
        if by.is_zero() {
            return String::new();
        }
        format!(r#"{{"do": "advance", "by": "{}"}}"#, duration::format(by))
    }

    pub(in crate::export) fn act(act: &Act) -> String {
        match act {
            Act::Call {
                outcome,
                took,
                retry_after,
                times,
            } => {
                let mut line = format!(r#"{{"do": "call", "outcome": "{outcome}""#);
                let durations = [("took", took), ("retry_after", retry_after)];
                for (key, value) in durations {
                    if let Some(value) = value {
                        // Writing to a text does not fail.
                        let _ = write!(line, r#", "{key}": "{}""#, duration::format(*value));
                    }
                }
                if *times > 1 {
                    let _ = write!(line, r#", "times": {times}"#);
                }
                line.push('}');
                line
            }
            Act::Settings(settings) => {
                let breaker = setting_text::breaker(settings);
                format!(r#"{{"do": "settings", "breaker": {breaker}}}"#)
            }
            Act::Begin(call) => format!(r#"{{"do": "begin", "call": "slow-{call}"}}"#),
            Act::Overdue(call) => format!(r#"{{"do": "overdue", "call": "slow-{call}"}}"#),
            Act::Transition(to) => {
                format!(r#"{{"do": "transition", "to": "{}"}}"#, to.as_str())
            }
        }
    }
}

pub(super) fn write(
    trip: &Trip,
    entries: &Entries,
    verdict: &Verdict<'_>,
    (strictness, holds): (Strictness, bool),
) -> String {
    let breaker = setting_text::breaker(&entries.settings);
    let about = about(trip, entries, verdict, holds);
    let lines = lines(trip, entries, verdict, strictness);
    let id = json!(trip.id);
    format!(
        "{{\"id\": {id},\n \"about\": {about},\n \"origin\": \"recorded\",\n \
         \"breaker\": {breaker},\n \"steps\": [\n  {}]}}\n",
        lines.join(",\n  "),
        about = json!(about),
    )
}

fn about(trip: &Trip, entries: &Entries, verdict: &Verdict<'_>, holds: bool) -> String {
    let why = verdict.evidence.explain(verdict.cause);
    let mut about = match (verdict.would, verdict.evidence.open_for) {
        (true, _) => format!("would have opened: {why}"),
        (false, Some(wait)) => format!("opened for {}: {why}", duration::rounded(wait)),
        (false, None) => format!("opened until somebody closes it: {why}"),
    };
    if entries.dropped() > 0 {
        let (calls, dropped) = (entries.calls(), entries.dropped());
        about += &format!(". Cut: the last {calls} calls, {dropped} before them do not fit");
    }
    if !trip.whole {
        about += ". Cut: its generation began before what is kept";
    }
    if trip.missed > 0 {
        about += &format!(". Cut: {} calls were missed", trip.missed);
    }
    if trip.keyed {
        about += ". The circuit judges by key, this file all calls as one";
    }
    if let Cause::Policy(name) = verdict.cause {
        about += &format!(". The policy {name} is in no file, so nothing is expected");
    } else if !holds {
        about += ". A replay does not come to the same";
    }
    about
}

fn lines(
    trip: &Trip,
    entries: &Entries,
    verdict: &Verdict<'_>,
    strictness: Strictness,
) -> Vec<String> {
    let mut lines = Vec::with_capacity(2 * entries.list.len() + 8);
    let cut = entries.dropped() > 0;
    let first = entries.list.first().map(|entry| entry.at);
    let mut now = first.filter(|_| cut).unwrap_or(trip.began);
    lines.push(line::advance(phase(entries, now)));
    let made = preface(trip, now, &mut lines);
    let decides = entries.list.len().saturating_sub(1);
    for (index, entry) in entries.list.iter().enumerate() {
        lines.push(line::advance(entry.at.saturating_since(now)));
        now = now.max(entry.at);
        if index == decides && strictness != Strictness::Loose && !verdict.would {
            let state = trip.state.as_str();
            lines.push(json!({"expect": {"state": state, "transitions": made}}).to_string());
        }
        lines.push(line::act(&entry.act));
    }
    if !matches!(verdict.cause, Cause::Policy(_)) {
        let expect = expected(trip, entries, verdict, (strictness, made));
        lines.push(json!({ "expect": expect }).to_string());
    }
    lines.retain(|line| !line.is_empty());
    lines
}

/// A time window's buckets begin at whole multiples of their width: the file begins as far into
/// one as the generation did.
fn phase(entries: &Entries, began: Tick) -> Duration {
    let changes = entries
        .list
        .iter()
        .any(|entry| matches!(entry.act, Act::Settings(_)));
    let whole = Duration::from_nanos(began.as_nanos());
    match entries.settings.window() {
        WindowSize::Time(length) if !changes && entries.settings.reads_window() => {
            let nanos = u64::try_from(length.as_nanos()).unwrap_or(u64::MAX);
            let width = (nanos / BUCKETS).max(1);
            Duration::from_nanos(began.as_nanos() % width)
        }
        _ if changes => whole,
        _ => Duration::ZERO,
    }
}

/// Buckets of a time window ("Keeping time" in the rules).
const BUCKETS: u64 = 16;

/// Puts the breaker where the generation began; says how many transitions that takes.
fn preface(trip: &Trip, now: Tick, lines: &mut Vec<String>) -> u64 {
    let moved = trip.state != State::Closed;
    if moved {
        lines.push(line::act(&Act::Transition(trip.state)));
    }
    if let Some((kind, left)) = trip.hold {
        let gone = now.saturating_since(trip.began);
        let left = left.map(|left| left.saturating_sub(gone));
        let mut step = json!({"do": "hold", "to": kind.as_str()});
        if let Some(left) = left.filter(|left| !left.is_zero()) {
            step["for"] = duration::format(left).into();
        }
        lines.push(step.to_string());
    }
    u64::from(moved)
}

fn expected(
    trip: &Trip,
    entries: &Entries,
    verdict: &Verdict<'_>,
    (strictness, made): (Strictness, u64),
) -> Value {
    let hold = trip.hold.map(|(kind, _)| kind);
    if verdict.would {
        return expected_under_observe(verdict.evidence, hold, (strictness, made));
    }
    let mut expect = json!({"state": "open", "transitions": made + 1});
    if strictness == Strictness::Exact {
        if let Some(hold) = hold {
            expect["hold"] = hold.as_str().into();
        } else if let Some(told) = undrawn(entries, verdict) {
            expect["retry_after"] = told;
        }
    }
    expect
}

fn expected_under_observe(
    evidence: &Evidence,
    hold: Option<HoldKind>,
    (strictness, made): (Strictness, u64),
) -> Value {
    let mut expect = json!({"state": "closed", "transitions": made});
    expect["hold"] = hold.map(HoldKind::as_str).into();
    if strictness != Strictness::Loose {
        expect["consecutive_failures"] = evidence.consecutive_failures.into();
        expect["failures"] = evidence.failures.into();
    }
    if strictness == Strictness::Exact {
        expect["calls"] = evidence.calls.into();
        expect["slow"] = evidence.slow.into();
    }
    expect
}

/// The time that a call is told at the opening, as it is without jitter; none where this was
/// not the first opening in a row, which a file cannot know.
fn undrawn(entries: &Entries, verdict: &Verdict<'_>) -> Option<Value> {
    let Some(drawn) = verdict.evidence.open_for else {
        return Some(Value::Null);
    };
    let settings = entries.last_settings();
    let (mut base, mut jitter) = (settings.open_for(), settings.jitter().ratio());
    match entries.list.last().map(|entry| &entry.act) {
        Some(Act::Transition(_)) => jitter = 0.0,
        Some(Act::Call { retry_after, .. }) => {
            base = base.max(retry_after.unwrap_or_default());
        }
        _ => {}
    }
    let base = base.min(settings.open_for_max());
    let off = drawn.max(base).saturating_sub(drawn.min(base));
    let reach = base.as_secs_f64() * jitter;
    (off.as_secs_f64() <= reach).then(|| duration::format(base).into())
}
