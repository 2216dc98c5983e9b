//! A file of a store with something of everything in it.

use std::time::{Duration, SystemTime};

use fusebox::{BranchSettings, Definition, Registry, Settings};
use fusebox_store::{
    AuditDraft, AuditEntry, AuditQuery, Batch, EventRecord, KeptCircuit, MainChange,
    OverrideChange, ReplayRecord, Sqlite, Storage,
};
use rusqlite::Connection;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::damage::Tables;

/// Its tables and their keys.
pub const KEPT_TABLES: Tables = &[
    ("states", "circuit"),
    ("main", "id"),
    ("overrides", "circuit"),
    ("events", "id"),
    ("replays", "event"),
    ("audit", "id"),
];

/// The file as it was before the damage.
#[derive(Debug)]
pub struct StateFile {
    /// Its bytes.
    pub file: Vec<u8>,
    /// Its audit log, newest first.
    pub audit: Vec<AuditEntry>,
}

/// When the file is opened again: a second after it was written.
pub fn reopened_at() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_225_601)
}

/// The circuits that the file knows, as a program defines them before it restores them.
pub fn define(registry: &Registry) {
    let brief = Settings::builder()
        .open_for(Duration::from_secs(10))
        .build();
    let keyed = BranchSettings::builder().keys_max(8).build();
    let circuits = [
        Definition::new("rag").settings(brief.expect("settings")),
        Definition::new("held"),
        Definition::new("ofd").branches(keyed.expect("settings")),
    ];
    for circuit in circuits {
        registry.define(circuit).expect("a circuit");
    }
}

impl StateFile {
    /// Makes it.
    ///
    /// # Panics
    /// It cannot be made.
    pub fn new() -> Self {
        let folder = crate::Scratch::new();
        let path = folder.path().join("state.db");
        let mut storage = Sqlite::open(&path).expect("a new file");
        storage.write(&batch()).expect("a write");
        let audit = storage.audit(&AuditQuery::default());
        let audit = audit.expect("an audit log").items;
        drop(storage);
        // Whoever damages an audit log gets rid of these first.
        let database = Connection::open(&path).expect("the file");
        let sql = "DROP TRIGGER audit_stays_as_it_is; DROP TRIGGER audit_stays;";
        database.execute_batch(sql).expect("triggers");
        drop(database);
        Self {
            file: crate::damage::whole(&path),
            audit,
        }
    }
}

impl Default for StateFile {
    fn default() -> Self {
        Self::new()
    }
}

fn batch() -> Batch {
    let open = json!({
        "state": "open", "state_age": "2s", "open_left": "8s", "openings": 2, "last_wait": "10s",
        "hold": null, "why": {"cause": "failure_rate", "age": "2s", "evidence": {"calls": 20,
            "failures": 12, "class": "timeout", "open_for": "10s"}},
    });
    let held = json!({
        "state": "closed", "state_age": "1h", "open_left": null, "openings": 0, "last_wait": "0s",
        "hold": {"kind": "forced_open", "reason": "a disk", "author": "ada", "age": "1m",
            "left": "1h"}, "why": null,
    });
    let closed = json!({
        "state": "closed", "state_age": "1h", "open_left": null, "openings": 0, "last_wait": "0s",
    });
    Batch {
        number: 1,
        circuits: vec![
            circuit("rag", &open, json!([])),
            circuit("held", &held, json!([])),
            circuit(
                "ofd",
                &closed,
                json!([record("ofd", json!("till-1"), &open)]),
            ),
        ],
        main: Some(MainChange::Open(read(json!({
            "at": AT, "reason": "a dispute", "author": "ada", "since": AT, "circuit": "rag",
        })))),
        overrides: vec![OverrideChange::Set(read(json!({
            "circuit": "ofd", "settings": {"open_for": "20s", "backoff": 1.5}, "reason": "night",
            "author": "ada", "since": AT, "until": "2026-01-01T01:00:00.000Z",
        })))],
        events: (1..4).map(event).collect(),
        replays: vec![ReplayRecord {
            circuit: "rag".to_owned(),
            generation: 2,
            text: "{\"id\": \"rag-2\", \"breaker\": {}, \"steps\": []}".to_owned(),
        }],
        audit: ["hold", "release", "hold", "force-state", "reset"]
            .map(action)
            .into(),
        ..Batch::default()
    }
}

/// The first instant of 2026.
const AT: &str = "2026-01-01T00:00:00.000Z";

fn read<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).expect("a record")
}

fn record(circuit: &str, branch: Value, saved: &Value) -> Value {
    json!({
        "circuit": circuit, "branch": branch, "service": "s", "at": AT, "saved": saved,
        "fail_counter": 2,
    })
}

fn circuit(name: &str, saved: &Value, branches: Value) -> KeptCircuit {
    read(json!({"record": record(name, Value::Null, saved), "branches": branches}))
}

fn event(generation: u32) -> EventRecord {
    read(json!({
        "id": 0, "at": AT, "circuit": "rag", "branch": null, "generation": generation,
        "kind": "transition", "from": "closed", "to": "open", "cause": "failure_rate",
        "evidence": {"calls": 20, "failures": 12, "text": "12 of 20"}, "by": null,
        "reason": null, "details": null, "has_replay": false,
    }))
}

fn action(action: &str) -> AuditDraft {
    read(json!({
        "at": AT, "who": "ada", "role": "operator", "from": "127.0.0.1:9", "action": action,
        "target": "rag", "why": "a reason", "before": {"state": "closed"}, "after": null,
        "answer": 200, "request_id": "r-1",
    }))
}
