//! What a batch is to the server: commands, each with the key that it needs and what has to be
//! there. So a key that somebody else uses is found before anything is written.

use std::time::Duration;

use fusebox::State;
use redis::{Cmd, ToRedisArgs, cmd};
use serde::Serialize;

use super::keys::Keys;
use super::write::{Before, Mark};
use super::{Redis, SCHEMA};
use crate::{
    Batch, EventRecord, KeptCircuit, MainChange, OverrideChange, ReplayRecord, StoreError, Written,
    wall,
};

/// The history that others read is cut to about so many entries.
const HISTORY_MAX: u64 = 1_000;

/// How long a keeper may try a batch again: longer than a server hangs unnoticed.
const MARK_LIVES: Duration = Duration::from_secs(24 * 3600);

pub(super) struct Step {
    pub(super) needs: Option<Need>,
    pub(super) command: Cmd,
}

/// What a key has to be, if there is one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Need {
    pub(super) key: String,
    pub(super) kind: &'static str,
    /// Whether something else is replaced (true) or stops the batch.
    pub(super) replaces: bool,
}

pub(super) struct Plan<'a> {
    pub(super) steps: Vec<Step>,
    pub(super) written: Written,
    keys: &'a Keys,
    /// Seconds.
    ttl: u64,
}

impl<'a> Plan<'a> {
    pub(super) fn of(redis: &'a Redis, batch: &Batch, before: &Before) -> Result<Self, StoreError> {
        let mut plan = Self {
            steps: Vec::new(),
            written: Written::default(),
            keys: &redis.keys,
            ttl: redis.ttl.as_secs(),
        };
        for name in &batch.removed {
            plan.remove(name);
        }
        for kept in &batch.circuits {
            plan.put(kept)?;
        }
        plan.change_main(batch.main.as_ref())?;
        for change in &batch.overrides {
            plan.change_override(change)?;
        }
        plan.add_events(redis, batch, before)?;
        plan.add_audit(batch, before)?;
        plan.mark(&redis.writer, batch.number)?;
        Ok(plan)
    }

    fn step(&mut self, needs: Option<(String, &'static str)>, command: &Cmd) {
        let needs = needs.map(|(key, kind)| Need {
            key,
            kind,
            replaces: false,
        });
        let command = command.clone();
        self.steps.push(Step { needs, command });
    }

    fn remove(&mut self, name: &str) {
        let (circuits, overrides) = (self.keys.circuits(), self.keys.overrides());
        self.step(None, cmd("DEL").arg(self.keys.state(name)));
        let command = cmd("SREM").arg(&circuits).arg(name).to_owned();
        self.step(Some((circuits, "set")), &command);
        let command = cmd("HDEL").arg(&overrides).arg(name).to_owned();
        self.step(Some((overrides, "hash")), &command);
    }

    fn put(&mut self, kept: &KeptCircuit) -> Result<(), StoreError> {
        let record = &kept.record;
        let key = self.keys.state(&record.circuit);
        // Whatever stood there: the name is that of a circuit's state.
        self.step(None, cmd("DEL").arg(&key));
        let fields = [
            ("service_name", record.circuit.clone()),
            ("state", word(record.saved.state)),
            ("timestamp", wall::rfc3339(record.at)),
            ("fail_counter", record.fail_counter.to_string()),
            ("fusebox", json(kept)?),
        ];
        self.step(None, cmd("HSET").arg(&key).arg(&fields));
        self.step(None, cmd("EXPIRE").arg(&key).arg(self.ttl));
        let history = self.keys.history(&record.circuit);
        self.step(None, cmd("EXPIRE").arg(history).arg(self.ttl));
        let circuits = self.keys.circuits();
        let command = cmd("SADD").arg(&circuits).arg(&record.circuit).to_owned();
        self.step(Some((circuits, "set")), &command);
        Ok(())
    }

    fn change_main(&mut self, change: Option<&MainChange>) -> Result<(), StoreError> {
        let key = self.keys.main();
        match change {
            None => {}
            Some(MainChange::Closed) => self.step(None, cmd("DEL").arg(key)),
            Some(MainChange::Open(record)) => {
                self.step(None, cmd("SET").arg(key).arg(json(record)?));
            }
        }
        Ok(())
    }

    fn change_override(&mut self, change: &OverrideChange) -> Result<(), StoreError> {
        let key = self.keys.overrides();
        let command = match change {
            OverrideChange::Ended(name) => cmd("HDEL").arg(&key).arg(name).to_owned(),
            OverrideChange::Set(record) => {
                let (name, record) = (&record.circuit, json(record)?);
                cmd("HSET").arg(&key).arg(name).arg(record).to_owned()
            }
        };
        self.step(Some((key, "hash")), &command);
        Ok(())
    }

    fn add_events(
        &mut self,
        redis: &Redis,
        batch: &Batch,
        before: &Before,
    ) -> Result<(), StoreError> {
        let mut id = before.event;
        for event in &batch.events {
            id = next(redis, id)?;
            self.written.events.push(id);
            self.add_event(id, event)?;
        }
        if !batch.events.is_empty() {
            self.count("event", id);
        }
        for replay in &batch.replays {
            let numbered = self.written.events.iter().zip(&batch.events).rev();
            let mut led_to = numbered.filter(|(_, event)| led_to(replay, event));
            if let Some((id, _)) = led_to.next() {
                self.attach(*id, replay);
            }
        }
        Ok(())
    }

    fn add_event(&mut self, id: u64, event: &EventRecord) -> Result<(), StoreError> {
        let record = json(event)?;
        self.append(self.keys.events(), id, "event", &record);
        let of_circuit = self.keys.events_of(&event.circuit);
        let command = cmd("ZADD").arg(&of_circuit).arg(id).arg(id).to_owned();
        self.step(Some((of_circuit, "zset")), &command);
        if event.circuit.is_empty() {
            return Ok(());
        }
        let history = self.keys.history(&event.circuit);
        let fields = [
            ("timestamp", wall::rfc3339(event.at)),
            ("event", event.kind.clone()),
            ("from", event.from.clone().unwrap_or_default()),
            ("to", event.to.clone().unwrap_or_default()),
            ("fusebox", record),
        ];
        let added = cmd("XADD")
            .arg(&history)
            .arg(("MAXLEN", "~", HISTORY_MAX))
            .arg("*")
            .arg(&fields)
            .to_owned();
        self.steps.push(Step {
            needs: Some(Need {
                key: history.clone(),
                kind: "stream",
                replaces: true,
            }),
            command: added,
        });
        self.step(None, cmd("EXPIRE").arg(history).arg(self.ttl));
        Ok(())
    }

    /// An entry of a stream under our own number.
    fn append(&mut self, key: String, id: u64, field: &str, record: &str) {
        let command = cmd("XADD")
            .arg(&key)
            .arg(format!("{id}-0"))
            .arg(field)
            .arg(record)
            .to_owned();
        self.step(Some((key, "stream")), &command);
    }

    pub(super) fn attach(&mut self, event: u64, replay: &ReplayRecord) {
        let text = self.keys.replay(event);
        self.step(None, cmd("SET").arg(text).arg(&replay.text));
        let of_circuit = self.keys.replays_of(&replay.circuit);
        let command = cmd("ZADD")
            .arg(&of_circuit)
            .arg(event)
            .arg(event)
            .to_owned();
        self.step(Some((of_circuit, "zset")), &command);
        let replayed = self.keys.replayed();
        let command = cmd("SADD").arg(&replayed).arg(&replay.circuit).to_owned();
        self.step(Some((replayed, "set")), &command);
    }

    fn add_audit(&mut self, batch: &Batch, before: &Before) -> Result<(), StoreError> {
        let (mut id, mut hash) = before.audit.clone();
        for draft in &batch.audit {
            let entry = draft.chained(id.saturating_add(1), &hash);
            self.append(self.keys.audit(), entry.id, "entry", &json(&entry)?);
            (id, hash) = (entry.id, entry.hash.clone());
            self.written.audit.push(entry);
        }
        if !batch.audit.is_empty() {
            self.count("audit", id);
        }
        Ok(())
    }

    fn count(&mut self, list: &str, newest: u64) {
        let key = self.keys.numbers();
        let fields = [
            (list, newest.to_redis_args()),
            ("schema", SCHEMA.to_redis_args()),
        ];
        let command = cmd("HSET").arg(&key).arg(&fields).to_owned();
        self.step(Some((key, "hash")), &command);
    }

    fn mark(&mut self, writer: &str, number: u64) -> Result<(), StoreError> {
        let mark = json(&Mark {
            number,
            events: self.written.events.clone(),
            audit: self.written.audit.clone(),
        })?;
        let lives = MARK_LIVES.as_secs();
        let key = self.keys.writer(writer);
        self.step(None, cmd("SET").arg(key).arg(mark).arg(("EX", lives)));
        Ok(())
    }
}

/// Whether a replay file shows what led to the event.
pub(super) fn led_to(replay: &ReplayRecord, event: &EventRecord) -> bool {
    event.kind == "transition"
        && event.branch.is_none()
        && event.generation == replay.generation
        && event.circuit == replay.circuit
}

/// The state in the words of those who read the hash without Fusebox.
fn word(state: State) -> String {
    state.as_str().replace('_', "-")
}

fn next(redis: &Redis, id: u64) -> Result<u64, StoreError> {
    // The server counts with a sign, and doubles hold the numbers of a circuit's events.
    const LAST: u64 = 1 << 53;
    let next = id.checked_add(1).filter(|next| *next <= LAST);
    next.ok_or_else(|| redis.link.unreadable("the number of the newest event"))
}

fn json(record: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(record).map_err(|error| StoreError::Unavailable {
        place: "Redis".to_owned(),
        detail: format!("a record cannot be written as JSON: {error}"),
    })
}
