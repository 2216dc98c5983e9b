//! One circuit as people read it.

use std::time::Duration;

use serde_json::Value;

use super::shape::Shape;
use super::table::{Cell, Table};
use crate::paint::Tone;

/// A circuit.
pub(super) const CIRCUIT: Shape = Shape::Object(&[
    ("name", Shape::Text),
    ("state", Shape::Word(&["closed", "open", "half_open"])),
    ("totals", Shape::Object(&[])),
]);

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

/// The state's word in its colour; a hold outranks it.
pub(super) fn state(circuit: &Value) -> Cell {
    let state = word(&circuit["state"]);
    let tone = match (word(&circuit["hold"]["kind"]), state) {
        ("forced_open", _) | ("", "open") => Tone::Bad,
        ("", "closed") => Tone::Good,
        ("", "half_open") | ("disabled" | "observe", _) => Tone::Trying,
        _ => Tone::Plain,
    };
    let held = match word(&circuit["hold"]["kind"]) {
        "" => return Cell::new(tone, state),
        "forced_open" => "held open".to_owned(),
        kind => format!("held: {kind}"),
    };
    Cell::new(tone, &format!("{state}, {held}"))
}

/// What decided, as a sentence; else its word. Under a hold, who set that and why.
pub(super) fn why(circuit: &Value) -> &str {
    if let Some(reason) = circuit["hold"]["reason"].as_str() {
        return reason;
    }
    let text = word(&circuit["why"]["evidence"]["text"]);
    if text.is_empty() {
        word(&circuit["why"]["cause"])
    } else {
        text
    }
}

/// Seconds as a time with a unit, rounded up to what still matters; empty where there are none.
pub(super) fn wait(seconds: &Value) -> String {
    let time = seconds.as_f64().map(Duration::try_from_secs_f64);
    let Some(Ok(time)) = time else {
        return String::new();
    };
    let millis = time.as_nanos().div_ceil(1_000_000);
    let step = match millis {
        ..=10_000 => 100,
        10_001..=600_000 => 1_000,
        _ => 60_000,
    };
    let shown = u64::try_from(millis.div_ceil(step) * step).unwrap_or(u64::MAX);
    fusebox::duration::rounded(Duration::from_millis(shown))
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_wait_is_as_exact_as_it_matters_and_never_too_short() {
        for (seconds, text) in [
            (json!(0.021), "100ms"),
            (json!(3.0), "3s"),
            (json!(8.214), "8.3s"),
            (json!(53.469), "54s"),
            (json!(3599.2), "1h"),
            (json!(null), ""),
            (json!(-1.0), ""),
        ] {
            assert_eq!(wait(&seconds), text, "{seconds}");
        }
    }

    #[test]
    fn a_held_circuit_shows_its_hold_before_its_state() {
        let held = |kind| {
            json!({
                "state": "closed",
                "hold": { "kind": kind, "reason": "new disk", "author": "local" },
                "why": { "evidence": { "text": "by local" } },
            })
        };
        for (kind, text, tone) in [
            ("forced_open", "closed, held open", Tone::Bad),
            ("disabled", "closed, held: disabled", Tone::Trying),
            ("observe", "closed, held: observe", Tone::Trying),
        ] {
            let circuit = held(kind);
            assert_eq!(state(&circuit), Cell::new(tone, text));
            assert_eq!(why(&circuit), "new disk");
        }
        let free = json!({ "state": "open", "hold": null, "why": { "cause": "manual" } });
        assert_eq!(state(&free), Cell::new(Tone::Bad, "open"));
        assert_eq!(why(&free), "manual");
    }
}
