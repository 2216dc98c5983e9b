//! Things to keep.

use std::time::{Duration, SystemTime};

use fusebox::State;
use fusebox_store::{
    AuditDraft, Batch, CircuitRecord, EventRecord, KeptCircuit, ReplayRecord, StateRecord,
    from_unix_millis,
};
use serde_json::json;

/// 2026-05-08T14:03:59.250Z
pub(crate) fn noon() -> SystemTime {
    from_unix_millis(1_778_249_039_250)
}

pub(crate) fn circuit(name: &str, state: State) -> KeptCircuit {
    let record = CircuitRecord {
        circuit: name.to_owned(),
        branch: None,
        service: "orchestrator".to_owned(),
        at: noon(),
        saved: StateRecord {
            state,
            state_age: Duration::from_secs(3),
            open_left: (state == State::Open).then_some(Duration::from_secs(57)),
            openings: 1,
            last_wait: Duration::from_secs(60),
            hold: None,
            why: None,
        },
        fail_counter: 5,
    };
    KeptCircuit {
        record,
        branches: Vec::new(),
    }
}

pub(crate) fn transition(circuit: &str, generation: u32) -> EventRecord {
    EventRecord {
        id: 0,
        at: noon(),
        circuit: circuit.to_owned(),
        branch: None,
        generation,
        kind: "transition".to_owned(),
        from: Some("closed".to_owned()),
        to: Some("open".to_owned()),
        cause: Some("consecutive_failures".to_owned()),
        evidence: Some(json!({"consecutive_failures": 5})),
        by: None,
        reason: None,
        details: None,
        has_replay: false,
    }
}

pub(crate) fn act(target: &str) -> AuditDraft {
    AuditDraft {
        at: noon(),
        who: "ann".to_owned(),
        role: "operator".to_owned(),
        from: "127.0.0.1".to_owned(),
        action: "hold".to_owned(),
        target: target.to_owned(),
        why: Some("maintenance".to_owned()),
        before: json!(null),
        after: json!({"hold": "forced_open"}),
        answer: 200,
        request_id: "r-1".to_owned(),
    }
}

/// A batch with one of everything that is numbered, and one state.
pub(crate) fn batch(number: u64) -> Batch {
    let generation = u32::try_from(number).expect("a small number");
    Batch {
        number,
        circuits: vec![circuit("rag_service", State::Open)],
        events: vec![transition("rag_service", generation)],
        replays: vec![ReplayRecord {
            circuit: "rag_service".to_owned(),
            generation,
            text: format!("replay {number}"),
        }],
        audit: vec![act("rag_service")],
        ..Batch::default()
    }
}
