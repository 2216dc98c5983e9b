//! One circuit as people read it.

use std::time::Duration;

use serde_json::Value;

use super::table::{Cell, Table};
use crate::paint::Tone;

/// Every fact of a circuit on a line of its own.
pub(super) fn of(circuit: &Value) -> String {
    let mut table = Table::bare();
    let mut line = |name: &str, cell: Cell| table.add(vec![Cell::new(Tone::Quiet, name), cell]);
    line("circuit", Cell::new(Tone::Strong, word(&circuit["name"])));
    line("state", state(circuit));
    line("since", Cell::plain(word(&circuit["since"])));
    line("why", Cell::plain(why(circuit)));
    line("next trial in", Cell::plain(&wait(&circuit["retry_after"])));
    line("hold", hold(circuit));
    if let Some(text) = overridden(&circuit["override"]) {
        line("override", Cell::new(Tone::Strong, &text));
    }
    line("window", Cell::plain(&counts(&circuit["window"])));
    line("totals", Cell::plain(&counts(&circuit["totals"])));
    line("rejected", Cell::plain(&counts(&circuit["rejected"])));
    line(
        "in a row",
        Cell::plain(&number(&circuit["consecutive_failures"])),
    );
    line("trials", Cell::plain(&number(&circuit["in_flight"])));
    if circuit["branches"].is_object() {
        line("branches", Cell::plain(&counts(&circuit["branches"])));
    }
    line("priority", Cell::plain(&number(&circuit["priority"])));
    line("settings", Cell::plain(&counts(&circuit["settings"])));
    table.write()
}

/// A text of the API; empty where there is none.
pub(super) fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// A number as it was written; empty where there is none.
pub(super) fn number(value: &Value) -> String {
    value
        .as_number()
        .map(ToString::to_string)
        .unwrap_or_default()
}

/// The state's word in its colour.
pub(super) fn state(circuit: &Value) -> Cell {
    let word = word(&circuit["state"]);
    let tone = match word {
        "closed" => Tone::Good,
        "open" => Tone::Bad,
        "half_open" => Tone::Trying,
        _ => Tone::Plain,
    };
    Cell::new(tone, word)
}

/// What decided, as a sentence; else its word.
pub(super) fn why(circuit: &Value) -> &str {
    let text = word(&circuit["why"]["evidence"]["text"]);
    if text.is_empty() {
        word(&circuit["why"]["cause"])
    } else {
        text
    }
}

/// Seconds as a time with a unit; empty where there are none.
pub(super) fn wait(seconds: &Value) -> String {
    seconds
        .as_f64()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .map(fusebox::duration::rounded)
        .unwrap_or_default()
}

/// A hold with its end, author and reason.
pub(super) fn hold(circuit: &Value) -> Cell {
    let hold = &circuit["hold"];
    if !hold.is_object() {
        return Cell::plain("");
    }
    let mut text = word(&hold["kind"]).to_owned();
    if let Some(until) = hold["until"].as_str() {
        text.push_str(&format!(" until {until}"));
    }
    text.push_str(&by(hold));
    Cell::new(Tone::Strong, &text)
}

/// Who and why: ` by local: disk is being replaced`.
fn by(what: &Value) -> String {
    let mut text = String::new();
    if let Some(author) = what["author"].as_str() {
        text.push_str(&format!(" by {author}"));
    }
    if let Some(reason) = what["reason"].as_str().filter(|reason| !reason.is_empty()) {
        text.push_str(&format!(": {reason}"));
    }
    text
}

/// Settings that stand in place of the file's, and who said so.
fn overridden(over: &Value) -> Option<String> {
    over.as_object()?;
    let mut text = counts(&over["settings"]);
    if let Some(until) = over["until"].as_str() {
        text.push_str(&format!(" until {until}"));
    }
    text.push_str(&by(over));
    Some(text)
}

/// `calls 20, failures 3`; what is null is left out.
fn counts(object: &Value) -> String {
    let pairs = object.as_object().into_iter().flatten();
    let shown: Vec<String> = pairs
        .filter(|(_, value)| !value.is_null())
        .map(|(key, value)| match value.as_str() {
            Some(text) => format!("{key} {text}"),
            None => format!("{key} {value}"),
        })
        .collect();
    shown.join(", ")
}
