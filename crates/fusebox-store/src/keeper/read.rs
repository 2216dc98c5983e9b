//! What is in force in a registry as records, and the way back.

use std::time::SystemTime;

use fusebox::{
    Author, Evidence, Listed, MainOpening, Override, OverrideRequest, Saved, SavedHold, SavedWhy,
    SettingsChange,
};
use serde_json::{Map, Value};

use super::dial::Now;
use crate::{
    CircuitRecord, EvidenceRecord, HoldRecord, KeptCircuit, MainRecord, OverrideRecord,
    StateRecord, WhyRecord,
};

/// A circuit with at most `branches_max` branches.
pub(super) fn circuit(listed: &Listed, branches_max: usize, now: &Now) -> KeptCircuit {
    let circuit = listed.circuit;
    let record = |branch: Option<String>, saved: Saved| CircuitRecord {
        circuit: circuit.name().to_owned(),
        branch,
        service: listed.service.clone(),
        at: now.wall,
        fail_counter: saved.failures_in_row,
        saved: StateRecord::from(saved),
    };
    let branches = circuit.save_branches(branches_max).into_iter();
    KeptCircuit {
        record: record(None, circuit.save()),
        branches: branches
            .map(|(key, saved)| record(Some(key), saved))
            .collect(),
    }
}

pub(super) fn main(opening: &MainOpening, now: &Now) -> MainRecord {
    MainRecord {
        at: now.wall,
        reason: opening.reason.clone(),
        author: opening.by.as_str().to_owned(),
        since: now.wall_of(opening.since),
        circuit: opening.circuit.as_deref().map(str::to_owned),
    }
}

pub(super) fn override_of(circuit: &str, over: &Override, now: &Now) -> OverrideRecord {
    OverrideRecord {
        circuit: circuit.to_owned(),
        settings: settings(over),
        reason: over.reason.clone(),
        author: over.author.as_str().to_owned(),
        since: now.wall_of(over.since),
        until: over.until.map(|until| now.wall_of(until)),
    }
}

pub(super) fn settings(over: &Override) -> Map<String, Value> {
    let value = |value| match value {
        fusebox::Value::Text(text) => Value::from(text),
        fusebox::Value::Integer(number) => Value::from(number),
        fusebox::Value::Float(number) => Value::from(number),
        fusebox::Value::Bool(truth) => Value::from(truth),
        // No setting takes one, so no override in force has one.
        fusebox::Value::Other(what) => Value::from(what),
    };
    let entries = over.change.entries();
    entries
        .map(|(key, of)| (key.to_owned(), value(of)))
        .collect()
}

/// The override as it is to be set again; `None`: its time is over.
pub(super) fn request(record: &OverrideRecord, now: &Now) -> Option<OverrideRequest> {
    let left = |until: SystemTime| until.duration_since(now.wall).ok();
    let for_ = match record.until.map(left) {
        None => None,
        Some(Some(left)) if !left.is_zero() => Some(left),
        Some(_) => return None,
    };
    Some(OverrideRequest {
        change: change(&record.settings),
        reason: record.reason.clone(),
        author: Author::new(record.author.as_str()),
        for_,
        age: Some(now.since(record.since)),
    })
}

fn change(settings: &Map<String, Value>) -> SettingsChange {
    let entries = settings.iter();
    entries.fold(SettingsChange::new(), |change, (key, of)| {
        change.set(key.as_str(), value(of))
    })
}

/// What no setting takes is refused where the override is set.
fn value(value: &Value) -> fusebox::Value<'_> {
    match value {
        Value::String(text) => fusebox::Value::Text(text),
        Value::Bool(truth) => fusebox::Value::Bool(*truth),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => fusebox::Value::Integer(whole),
            (None, Some(number)) => fusebox::Value::Float(number),
            (None, None) => fusebox::Value::Other("a number"),
        },
        Value::Null => fusebox::Value::Other("nothing"),
        Value::Array(_) => fusebox::Value::Other("a list"),
        Value::Object(_) => fusebox::Value::Other("a table"),
    }
}

impl From<Saved> for StateRecord {
    fn from(saved: Saved) -> Self {
        Self {
            state: saved.state,
            state_age: saved.state_age,
            open_left: saved.open_left,
            openings: saved.openings,
            last_wait: saved.last_wait,
            hold: saved.hold.map(|hold| HoldRecord {
                kind: hold.kind,
                reason: hold.reason,
                author: hold.author.as_str().to_owned(),
                age: hold.age,
                left: hold.left,
            }),
            why: saved.why.map(|why| WhyRecord {
                cause: why.cause,
                evidence: EvidenceRecord::from(why.evidence),
                age: why.age,
            }),
        }
    }
}

impl From<CircuitRecord> for Saved {
    fn from(record: CircuitRecord) -> Self {
        let failures_in_row = record.fail_counter;
        let record = record.saved;
        Self {
            failures_in_row,
            state: record.state,
            state_age: record.state_age,
            open_left: record.open_left,
            openings: record.openings,
            last_wait: record.last_wait,
            hold: record.hold.map(|hold| SavedHold {
                kind: hold.kind,
                reason: hold.reason,
                author: Author::new(hold.author),
                age: hold.age,
                left: hold.left,
            }),
            why: record.why.map(|why| SavedWhy {
                cause: why.cause,
                evidence: Evidence::from(why.evidence),
                age: why.age,
            }),
        }
    }
}

impl From<Evidence> for EvidenceRecord {
    fn from(evidence: Evidence) -> Self {
        Self {
            calls: evidence.calls,
            failures: evidence.failures,
            slow: evidence.slow,
            consecutive_failures: evidence.consecutive_failures,
            trial_successes: evidence.trial_successes,
            trial_failures: evidence.trial_failures,
            class: evidence.class.map(|class| class.as_str().to_owned()),
            open_for: evidence.open_for,
            by: evidence.by.map(|by| by.as_str().to_owned()),
        }
    }
}

impl From<EvidenceRecord> for Evidence {
    fn from(record: EvidenceRecord) -> Self {
        Self {
            calls: record.calls,
            failures: record.failures,
            slow: record.slow,
            consecutive_failures: record.consecutive_failures,
            trial_successes: record.trial_successes,
            trial_failures: record.trial_failures,
            // Shown and nothing else: a word that a later version may have is left out.
            class: record.class.and_then(|class| class.parse().ok()),
            open_for: record.open_for,
            by: record.by.map(Author::new),
        }
    }
}
