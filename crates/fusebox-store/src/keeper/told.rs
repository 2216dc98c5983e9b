//! Events of the core as records of the history.

use std::sync::Arc;

use fusebox::{
    Author, Cause, Event, EventKind, Evidence, FailureClass, Hold, MainOpening, Override, State,
    Tick,
};
use serde_json::{Value, json};

use super::dial::Now;
use super::read;
use crate::{EventRecord, wall};

/// The event as a record without a number.
pub(super) fn record(event: &Event, now: &Now) -> EventRecord {
    let record = EventRecord {
        circuit: event.circuit.to_string(),
        branch: event.branch.as_deref().map(str::to_owned),
        generation: event.generation,
        ..empty(now, event.at)
    };
    fill(record, &event.kind, now)
}

/// So many events were lost before anybody could keep them.
pub(super) fn missed(count: u64, at: Tick, now: &Now) -> EventRecord {
    EventRecord {
        kind: "missed".to_owned(),
        details: Some(json!({ "missed": count })),
        ..empty(now, at)
    }
}

/// An override that ended while nothing ran, or that fits its circuit no more.
pub(super) fn override_ended(circuit: &str, why: Option<String>, now: &Now) -> EventRecord {
    EventRecord {
        circuit: circuit.to_owned(),
        kind: "override_ended".to_owned(),
        details: Some(json!({ "expired": why.is_none() })),
        reason: why,
        ..empty(now, now.tick)
    }
}

fn empty(now: &Now, at: Tick) -> EventRecord {
    EventRecord {
        id: 0,
        at: now.wall_of(at),
        circuit: String::new(),
        branch: None,
        generation: 0,
        kind: String::new(),
        from: None,
        to: None,
        cause: None,
        evidence: None,
        by: None,
        reason: None,
        details: None,
        has_replay: false,
    }
}

fn fill(mut to: EventRecord, kind: &EventKind, now: &Now) -> EventRecord {
    let word = match kind {
        EventKind::Transition {
            from,
            to: next,
            cause,
            evidence: numbers,
        } => {
            to.from = Some(word(*from));
            to.to = Some(word(*next));
            decided(&mut to, *cause, numbers);
            "transition"
        }
        EventKind::WouldOpen { cause, evidence } => {
            decided(&mut to, *cause, evidence);
            "would_open"
        }
        EventKind::Restored { state } => {
            to.to = Some(word(*state));
            "restored"
        }
        EventKind::HoldSet(hold) => hold_set(&mut to, hold, now),
        EventKind::HoldEnded { kind, expired, by } => {
            to.by = by.as_ref().map(name);
            to.details = Some(json!({ "hold": kind.as_str(), "expired": expired }));
            "hold_ended"
        }
        EventKind::MainOpened(opening) => main_opened(&mut to, opening),
        EventKind::OverrideSet(over) => override_set(&mut to, over, now),
        EventKind::OverrideEnded { expired, by } => {
            to.by = by.as_ref().map(name);
            to.details = Some(json!({ "expired": expired }));
            "override_ended"
        }
        EventKind::Added { defaulted, by } => {
            to.details = Some(json!({ "defaulted": defaulted }));
            by_whom(&mut to, by, "added")
        }
        EventKind::Reset { by } => by_whom(&mut to, by, "reset"),
        EventKind::SettingsChanged { by } => by_whom(&mut to, by, "settings_changed"),
        EventKind::MainClosed { by } => by_whom(&mut to, by, "main_closed"),
        EventKind::Replaced { by } => by_whom(&mut to, by, "replaced"),
        EventKind::Removed { by } => by_whom(&mut to, by, "removed"),
    };
    word.clone_into(&mut to.kind);
    to
}

fn by_whom(to: &mut EventRecord, by: &Author, kind: &'static str) -> &'static str {
    to.by = Some(name(by));
    kind
}

fn decided(to: &mut EventRecord, cause: Cause, numbers: &Evidence) {
    to.cause = Some(cause.as_str().to_owned());
    to.by = numbers.by.as_ref().map(name);
    to.evidence = Some(evidence(cause, numbers));
}

fn hold_set(to: &mut EventRecord, hold: &Hold, now: &Now) -> &'static str {
    let until = hold.until.map(|until| wall::rfc3339(now.wall_of(until)));
    to.details = Some(json!({ "hold": hold.kind.as_str(), "until": until }));
    to.reason = Some(hold.reason.clone());
    by_whom(to, &hold.author, "hold_set")
}

fn main_opened(to: &mut EventRecord, opening: &MainOpening) -> &'static str {
    to.details = opening
        .circuit
        .as_deref()
        .map(|circuit| json!({ "circuit": circuit }));
    to.reason = Some(opening.reason.clone());
    by_whom(to, &opening.by, "main_opened")
}

fn override_set(to: &mut EventRecord, over: &Arc<Override>, now: &Now) -> &'static str {
    let time = |tick| wall::rfc3339(now.wall_of(tick));
    to.details = Some(json!({
        "settings": read::settings(over),
        "until": over.until.map(time),
    }));
    to.reason = Some(over.reason.clone());
    by_whom(to, &over.author, "override_set")
}

/// The numbers that decided, and the same as a sentence in `text`.
fn evidence(cause: Cause, numbers: &Evidence) -> Value {
    json!({
        "text": numbers.explain(cause),
        "calls": numbers.calls,
        "failures": numbers.failures,
        "slow": numbers.slow,
        "consecutive_failures": numbers.consecutive_failures,
        "trial_successes": numbers.trial_successes,
        "trial_failures": numbers.trial_failures,
        "class": numbers.class.map(FailureClass::as_str),
        "open_for": numbers.open_for.map(fusebox::duration::rounded),
        "by": numbers.by.as_ref().map(Author::as_str),
    })
}

fn word(state: State) -> String {
    state.as_str().to_owned()
}

fn name(author: &Author) -> String {
    author.as_str().to_owned()
}
