//! Records to be kept, each different from the others.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fusebox::{HoldKind, State};
use fusebox_store::{
    AuditDraft, CircuitRecord, EventRecord, EvidenceRecord, HoldRecord, KeptCircuit, MainRecord,
    OverrideRecord, StateRecord, WhyRecord,
};
use serde_json::{Value, json};

/// So many seconds into 2026.
pub(crate) fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_767_225_600 + seconds) + Duration::from_millis(7)
}

pub(crate) fn closed(circuit: &str, seconds: u64) -> KeptCircuit {
    let saved = StateRecord {
        state: State::Closed,
        state_age: Duration::ZERO,
        open_left: None,
        openings: 0,
        last_wait: Duration::ZERO,
        hold: None,
        why: None,
    };
    let record = CircuitRecord {
        circuit: circuit.to_owned(),
        branch: None,
        service: String::new(),
        at: at(seconds),
        saved,
        fail_counter: 0,
    };
    KeptCircuit {
        record,
        branches: Vec::new(),
    }
}

/// A circuit with a value in every field, and two branches.
pub(crate) fn full(circuit: &str, seconds: u64) -> KeptCircuit {
    let mut kept = closed(circuit, seconds);
    kept.record.service = "orchestrator".to_owned();
    kept.record.fail_counter = 3;
    kept.record.saved = StateRecord {
        state: State::Open,
        state_age: Duration::from_nanos(12_345_678_901),
        open_left: Some(Duration::from_nanos(1)),
        openings: 4,
        last_wait: Duration::from_secs(80),
        hold: Some(HoldRecord {
            kind: HoldKind::ForcedOpen,
            reason: "a \"quoted\"\nreason; DROP TABLE states --\u{0}\u{1f525}".to_owned(),
            author: "ada".to_owned(),
            age: Duration::from_millis(1),
            left: Some(Duration::from_secs(3600)),
        }),
        why: Some(WhyRecord {
            cause: "failure_rate".to_owned(),
            evidence: EvidenceRecord {
                calls: u64::MAX,
                failures: 6,
                slow: 1,
                consecutive_failures: 2,
                trial_successes: 3,
                trial_failures: 4,
                class: Some("timeout".to_owned()),
                open_for: Some(Duration::from_secs(80)),
                by: Some("ada".to_owned()),
            },
            age: Duration::from_secs(13),
        }),
    };
    kept.branches = ["shard'2", ""].map(|key| branch(&kept.record, key)).into();
    kept
}

fn branch(circuit: &CircuitRecord, key: &str) -> CircuitRecord {
    CircuitRecord {
        branch: Some(key.to_owned()),
        ..circuit.clone()
    }
}

pub(crate) fn main(seconds: u64) -> MainRecord {
    MainRecord {
        at: at(seconds),
        reason: "invoice dispute".to_owned(),
        author: "ada".to_owned(),
        since: at(seconds - 1),
        circuit: Some("apollo".to_owned()),
    }
}

pub(crate) fn override_of(circuit: &str, open_for: &str) -> OverrideRecord {
    let settings = json!({"open_for": open_for, "backoff": 1.5, "half_open_calls": 3});
    let Value::Object(settings) = settings else {
        unreachable!()
    };
    OverrideRecord {
        circuit: circuit.to_owned(),
        settings,
        reason: "a slow night".to_owned(),
        author: "ada".to_owned(),
        since: at(1),
        until: Some(at(3601)),
    }
}

/// A transition that began `generation`.
pub(crate) fn event(circuit: &str, generation: u32, seconds: u64) -> EventRecord {
    EventRecord {
        id: 0,
        at: at(seconds),
        circuit: circuit.to_owned(),
        branch: None,
        generation,
        kind: "transition".to_owned(),
        from: Some("closed".to_owned()),
        to: Some("open".to_owned()),
        cause: Some("failure_rate".to_owned()),
        evidence: Some(json!({"text": "6 of the last 10 calls failed", "calls": 10})),
        by: None,
        reason: None,
        details: None,
        has_replay: false,
    }
}

pub(crate) fn of_kind(kind: &str, circuit: &str, seconds: u64) -> EventRecord {
    EventRecord {
        kind: kind.to_owned(),
        from: None,
        to: None,
        cause: None,
        evidence: None,
        by: Some("ada".to_owned()),
        reason: Some("because".to_owned()),
        details: Some(json!({"hold": "observe", "until": null})),
        ..event(circuit, 9, seconds)
    }
}

pub(crate) fn action(action: &str, target: &str, seconds: u64) -> AuditDraft {
    AuditDraft {
        at: at(seconds),
        who: "ada".to_owned(),
        role: "operator".to_owned(),
        from: "127.0.0.1:40001".to_owned(),
        action: action.to_owned(),
        target: target.to_owned(),
        why: Some("because".to_owned()),
        // Numbers, order of keys and text have to come back as they went.
        before: json!({"z": 0.1, "a": 1e300, "m": [1, -2, 1.0, 0.30000000000000004]}),
        after: Value::Null,
        answer: 200,
        request_id: format!("request-{seconds}"),
    }
}
