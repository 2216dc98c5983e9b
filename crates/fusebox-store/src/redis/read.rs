//! Reading: what is in force, and pages of history and audit log.

use redis::{Cmd, Value, cmd};
use tracing::warn;

use super::plan::led_to;
use super::{Redis, SCHEMA, reply};
use crate::{
    AuditEntry, AuditQuery, EventQuery, EventRecord, Kept, KeptCircuit, OverrideRecord, Page,
    ReplayRecord, StoreError,
};

/// How much is asked for at once.
const CHUNK: usize = 1_000;

/// How many chunks one query may go through: ten times the history that is kept by default.
const CHUNKS_MAX: usize = 1_000;

pub(super) fn load(redis: &mut Redis) -> Result<Kept, StoreError> {
    let keys = &redis.keys;
    let answers = redis.link.ask(&[
        cmd("HGET").arg(keys.numbers()).arg("schema").to_owned(),
        cmd("SMEMBERS").arg(keys.circuits()).to_owned(),
        cmd("GET").arg(keys.main()).to_owned(),
        cmd("HVALS").arg(keys.overrides()).to_owned(),
    ])?;
    let unreadable = |what: &str| redis.link.unreadable(what);
    let [schema, circuits, main, overrides] = &answers[..] else {
        return Err(unreadable("the answer"));
    };
    check_schema(redis, schema)?;
    let main = match main {
        Value::Nil => None,
        some => Some(reply::record(some).ok_or_else(|| unreadable("the main breaker"))?),
    };
    let overrides = reply::list(overrides).ok_or_else(|| unreadable("the overrides"))?;
    let overrides = overrides.iter().map(reply::record::<OverrideRecord>);
    let overrides: Option<Vec<OverrideRecord>> = overrides.collect();
    let mut overrides = overrides.ok_or_else(|| unreadable("an override"))?;
    overrides.sort_by(|a, b| a.circuit.cmp(&b.circuit));
    let names = reply::texts(circuits).ok_or_else(|| unreadable("the names of the circuits"))?;
    let mut names: Vec<String> = names.into_iter().map(str::to_owned).collect();
    names.sort_unstable();
    let mut kept = Kept {
        main,
        overrides,
        circuits: Vec::with_capacity(names.len()),
    };
    for names in names.chunks(CHUNK) {
        load_circuits(redis, names, &mut kept.circuits)?;
    }
    Ok(kept)
}

fn load_circuits(
    redis: &mut Redis,
    names: &[String],
    circuits: &mut Vec<KeptCircuit>,
) -> Result<(), StoreError> {
    let asked: Vec<Cmd> = names
        .iter()
        .map(|name| {
            let key = redis.keys.state(name);
            cmd("HGET").arg(key).arg("fusebox").to_owned()
        })
        .collect();
    let answers = redis.link.ask(&asked)?;
    for (name, answer) in names.iter().zip(&answers) {
        // Its time is over, or somebody else wrote the hash: nothing of ours is there.
        if matches!(answer, Value::Nil) {
            continue;
        }
        let kept = reply::record::<KeptCircuit>(answer).filter(|kept| kept.record.circuit == *name);
        let what = || format!("the state of the circuit {name:?}");
        circuits.push(kept.ok_or_else(|| redis.link.unreadable(&reply::tame(&what())))?);
    }
    Ok(())
}

/// Refuses what a newer version wrote.
pub(super) fn check_schema(redis: &Redis, answer: &Value) -> Result<(), StoreError> {
    if matches!(answer, Value::Nil) {
        return Ok(());
    }
    let unreadable = || redis.link.unreadable("the schema");
    let found = reply::number(answer).ok_or_else(unreadable)?;
    let found = i64::try_from(found).map_err(|_| unreadable())?;
    if found > SCHEMA {
        return Err(StoreError::Newer {
            place: redis.place().to_owned(),
            found,
            known: SCHEMA,
        });
    }
    Ok(())
}

pub(super) fn events(
    redis: &mut Redis,
    query: &EventQuery,
) -> Result<Page<EventRecord>, StoreError> {
    let limit = query.bounded_limit();
    let every_one_counts = query.branch.is_none() && query.kinds.is_empty();
    let chunk = if every_one_counts { limit + 1 } else { CHUNK };
    let first = query.after.map_or(0, |after| after.saturating_add(1));
    let mut before = query.before;
    let mut found = Vec::new();
    for _ in 0..CHUNKS_MAX {
        let Some(last) = last_before(before) else {
            break;
        };
        let (events, next) = match &query.circuit {
            None => newest(redis, (first, last), chunk)?,
            Some(circuit) => newest_of(redis, circuit, (first, last), chunk)?,
        };
        found.extend(events.into_iter().filter(|event| query.wants(event)));
        before = next;
        if found.len() > limit || next.is_none() {
            break;
        }
    }
    found.truncate(limit + 1);
    mark_replays(redis, &mut found)?;
    Ok(Page::cut(found, limit, |event| event.id))
}

/// The largest number before a cursor; `None`: there is none.
fn last_before(cursor: Option<u64>) -> Option<u64> {
    // What the server counts with: 64 bits and a sign.
    const LAST: u64 = i64::MAX.unsigned_abs();
    cursor.map_or(Some(LAST), |cursor| cursor.checked_sub(1))
}

/// Events from the first to the last number, newest first, and the cursor for more of them.
type Chunk = (Vec<EventRecord>, Option<u64>);

fn newest(redis: &mut Redis, (first, last): (u64, u64), chunk: usize) -> Result<Chunk, StoreError> {
    let key = redis.keys.events();
    let asked = range_back(key, first, last, chunk);
    let answers = redis.link.ask(&[asked])?;
    let entries = answers.first().and_then(reply::list);
    let entries = entries.ok_or_else(|| redis.link.unreadable("the history"))?;
    let events = entries.iter().filter_map(readable_event).collect();
    Ok((events, cursor(redis, entries, chunk)?))
}

/// The entries of a stream under our numbers, newest first.
fn range_back(key: String, first: u64, last: u64, chunk: usize) -> Cmd {
    cmd("XREVRANGE")
        .arg(key)
        .arg(last)
        .arg(first)
        .arg("COUNT")
        .arg(chunk)
        .to_owned()
}

/// Where to go on after a chunk; `None`: there was no more.
fn cursor(redis: &Redis, entries: &[Value], chunk: usize) -> Result<Option<u64>, StoreError> {
    let Some(last) = entries.last().filter(|_| entries.len() >= chunk) else {
        return Ok(None);
    };
    let id = reply::list(last)
        .and_then(<[Value]>::first)
        .and_then(reply::text);
    let number = id
        .and_then(|id| id.split_once('-'))
        .and_then(|(number, _)| number.parse().ok());
    number
        .map(Some)
        .ok_or_else(|| redis.link.unreadable("the number of an entry"))
}

fn newest_of(
    redis: &mut Redis,
    circuit: &str,
    (first, last): (u64, u64),
    chunk: usize,
) -> Result<Chunk, StoreError> {
    let asked = cmd("ZREVRANGEBYSCORE")
        .arg(redis.keys.events_of(circuit))
        .arg(last)
        .arg(first)
        .arg("LIMIT")
        .arg(0)
        .arg(chunk)
        .to_owned();
    let answers = redis.link.ask(&[asked])?;
    let numbers = answers.first().and_then(reply::list);
    let numbers: Option<Vec<u64>> =
        numbers.and_then(|numbers| numbers.iter().map(reply::number).collect());
    let numbers = numbers.ok_or_else(|| redis.link.unreadable("the history of a circuit"))?;
    let next = numbers.last().filter(|_| numbers.len() >= chunk).copied();
    let asked: Vec<Cmd> = numbers
        .iter()
        .map(|number| range_back(redis.keys.events(), *number, *number, 1))
        .collect();
    let entries = match asked.is_empty() {
        true => Vec::new(),
        false => redis.link.ask(&asked)?,
    };
    let entries = entries.iter().filter_map(reply::list).flatten();
    Ok((entries.filter_map(readable_event).collect(), next))
}

/// The newest event that a replay file belongs to, if it is still kept.
pub(super) fn newest_led_to(
    redis: &mut Redis,
    replay: &ReplayRecord,
) -> Result<Option<u64>, StoreError> {
    let mut before = None;
    while let Some(last) = last_before(before) {
        let (events, next) = newest_of(redis, &replay.circuit, (0, last), CHUNK)?;
        if let Some(event) = events.iter().find(|event| led_to(replay, event)) {
            return Ok(Some(event.id));
        }
        before = next;
        if next.is_none() {
            break;
        }
    }
    Ok(None)
}

/// The event of an entry. One that is not ours to read is told in the log and left out, so that it
/// does not hide the others.
pub(super) fn readable_event(entry: &Value) -> Option<EventRecord> {
    let event = reply::entry(entry).and_then(|(id, value)| {
        let event: EventRecord = reply::record(value)?;
        Some(EventRecord { id, ..event })
    });
    if event.is_none() {
        warn!("an entry of the history in Redis cannot be read and is left out");
    }
    event
}

fn mark_replays(redis: &mut Redis, events: &mut [EventRecord]) -> Result<(), StoreError> {
    let mut led_to: Vec<&mut EventRecord> = events
        .iter_mut()
        .filter(|event| event.kind == "transition" && event.branch.is_none())
        .collect();
    let exists = |id| cmd("EXISTS").arg(redis.keys.replay(id)).to_owned();
    let asked: Vec<Cmd> = led_to.iter().map(|event| exists(event.id)).collect();
    if asked.is_empty() {
        return Ok(());
    }
    let answers = redis.link.ask(&asked)?;
    for (event, answer) in led_to.iter_mut().zip(&answers) {
        event.has_replay = matches!(answer, Value::Int(1));
    }
    Ok(())
}

pub(super) fn replay(redis: &mut Redis, event: u64) -> Result<Option<String>, StoreError> {
    let asked = cmd("GET").arg(redis.keys.replay(event)).to_owned();
    let answers = redis.link.ask(&[asked])?;
    match answers.first() {
        Some(Value::Nil) => Ok(None),
        some => match some.and_then(reply::text) {
            Some(text) => Ok(Some(text.to_owned())),
            None => Err(redis.link.unreadable("a replay file")),
        },
    }
}

pub(super) fn audit(redis: &mut Redis, query: &AuditQuery) -> Result<Page<AuditEntry>, StoreError> {
    let limit = query.bounded_limit();
    let every_one_counts = query.who.is_none() && query.action.is_none() && query.target.is_none();
    let chunk = if every_one_counts { limit + 1 } else { CHUNK };
    let mut before = query.before;
    let mut found: Vec<AuditEntry> = Vec::new();
    while let Some(last) = last_before(before) {
        let asked = range_back(redis.keys.audit(), 0, last, chunk);
        let answers = redis.link.ask(&[asked])?;
        let entries = answers.first().and_then(reply::list);
        let entries = entries.ok_or_else(|| redis.link.unreadable("the audit log"))?;
        for entry in entries {
            // Nothing is left out of this log in silence.
            let entry = audit_entry(entry)
                .ok_or_else(|| redis.link.unreadable("an entry of the audit log"))?;
            if query.wants(&entry) {
                found.push(entry);
            }
        }
        before = cursor(redis, entries, chunk)?;
        if found.len() > limit || before.is_none() {
            break;
        }
    }
    found.truncate(limit + 1);
    Ok(Page::cut(found, limit, |entry| entry.id))
}

/// The entry of the audit log, if its number is that under which it stands.
pub(super) fn audit_entry(entry: &Value) -> Option<AuditEntry> {
    let (id, value) = reply::entry(entry)?;
    reply::record::<AuditEntry>(value).filter(|entry| entry.id == id)
}

pub(super) fn audit_last(redis: &mut Redis) -> Result<u64, StoreError> {
    let asked = cmd("HGET")
        .arg(redis.keys.numbers())
        .arg("audit")
        .to_owned();
    let answers = redis.link.ask(&[asked])?;
    let counted = match answers.first() {
        Some(Value::Nil) => Some(0),
        some => some.and_then(reply::number),
    };
    let counted = counted.ok_or_else(|| redis.link.unreadable("the number of the audit log"))?;
    let seen = redis.seen.audit.as_ref().map_or(0, |(id, _)| *id);
    Ok(counted.max(seen))
}
