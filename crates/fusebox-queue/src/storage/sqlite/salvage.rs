//! What can still be read of a file whose pages are damaged.
//!
//! A damaged page of a table takes the rows on it along, and a walk over the table ends there. So
//! it is walked by places: after one that cannot be read the next one is sought that can. A row is
//! read from its own table alone; what stands elsewhere is added as far as that can be read.

use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension, Row};

use super::failed::Failed;
use super::read::Look;
use super::row::{FACTS, Facts, TROUBLE, Trouble, death, number};
use crate::clock;
use crate::id::MessageId;
use crate::record::{Death, MessageState, Record};
use crate::storage::{Salvage, Salvaged};

/// The last place that there can be.
const LAST: i64 = (1 << 60) - 1;

impl Salvage for Look {
    fn salvage(&mut self, dead: bool, after: i64) -> Salvaged {
        if after >= LAST {
            return Salvaged::End;
        }
        let table = if dead { "dead" } else { "message" };
        let seq = match self.at_once(|db| first_after(db, table, after)) {
            Ok(None) => return Salvaged::End,
            Ok(Some(seq)) => seq,
            Err(error) => {
                let until = self.readable_after(table, after);
                let (from, to) = (MessageId::new(after + 1, 0), MessageId::new(until, 0));
                let told = format!("what there is from {from} to {to}: {error}");
                return Salvaged::Lost { until, told };
            }
        };
        match self.at_once(|db| record(db, table, seq)) {
            Ok(Some(record)) => Salvaged::Message(Box::new(record)),
            found => {
                let why = found.map_or_else(|error| error.to_string(), |_| "it is gone".to_owned());
                let told = format!("the message {}: {why}", MessageId::new(seq, 0));
                Salvaged::Lost { until: seq, told }
            }
        }
    }
}

impl Look {
    /// A place after which the table can be read again; the last place that there can be, if there
    /// is none. It is the first one, unless damage follows damage: rows between the two that came
    /// within a sixty-fourth of the time of those that are lost may be passed over.
    fn readable_after(&self, table: &str, after: i64) -> i64 {
        let can_read = |place| self.at_once(|db| first_after(db, table, place)).is_ok();
        let (mut bad, mut step) = (after, 1_i64);
        let mut good = loop {
            let place = after.saturating_add(step).min(LAST);
            if place == LAST || can_read(place) {
                break place;
            }
            bad = place;
            step += 1 + step / 64;
        };
        while good - bad > 1 {
            let middle = bad + (good - bad) / 2;
            if can_read(middle) {
                good = middle;
            } else {
                bad = middle;
            }
        }
        good
    }
}

/// Not `seq > after`: that looks for `after` first, on the page that holds it, and for what comes
/// next then, which may stand on another one.
fn first_after(db: &Connection, table: &str, after: i64) -> Result<Option<i64>, Failed> {
    let sql = format!("SELECT seq FROM {table} WHERE seq >= ?1 ORDER BY seq LIMIT 1");
    let mut statement = db.prepare_cached(&sql)?;
    let found = statement.query_row([after.saturating_add(1)], |row| row.get(0));
    Ok(found.optional()?)
}

fn record(db: &Connection, table: &str, seq: i64) -> Result<Option<Record>, Failed> {
    let word = if table == "dead" { "m.death" } else { "NULL" };
    let sql = format!("SELECT {FACTS}, {word} FROM {table} m WHERE m.seq = ?1");
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query([seq])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let word: Option<String> = row.get(13)?;
    let rnd: i64 = row.get(1)?;
    let id = MessageId::new(seq, rnd.cast_unsigned());
    let due: i64 = row.get(7)?;
    let trouble = trouble(db, seq).unwrap_or_else(|| Trouble::none(due, 0, true));
    let queue = queue(db, row);
    let facts = queue.as_deref().and_then(|queue| Facts::sound(row, queue));
    let mut record = Record {
        id,
        queue: queue.clone().unwrap_or_default(),
        key: row.get(3)?,
        group: row.get(4)?,
        idempotency_key: row.get(5)?,
        state: match &word {
            None => MessageState::Pending,
            Some(word) if word == "expired" => MessageState::Expired,
            Some(_) => MessageState::Dead,
        },
        death: word.map(|word| death(&word).unwrap_or(Death::Corrupt)),
        pushed_at: id.time(),
        at: clock::time(trouble.due),
        attempts: trouble.attempts,
        deferrals: trouble.deferrals,
        crashes: trouble.crashes,
        uncertain: trouble.uncertain,
        bytes: number(row.get(9)?),
        history: trouble.history,
        attributes: Vec::new(),
        body: Bytes::new(),
        response: None,
    };
    match facts {
        Some(facts) => {
            record.attributes = serde_json::from_str(facts.attributes).unwrap_or_default();
            record.body = Bytes::copy_from_slice(facts.body);
        }
        // Without the queue's name nobody can tell whether it is as it was written.
        None if queue.is_none() => {
            let attributes: String = row.get(11)?;
            record.attributes = serde_json::from_str(&attributes).unwrap_or_default();
            record.body = row.get::<_, Vec<u8>>(12)?.into();
        }
        None => record.death = Some(Death::Corrupt),
    }
    Ok(Some(record))
}

fn queue(db: &Connection, row: &Row<'_>) -> Option<String> {
    let mut statement = db
        .prepare_cached("SELECT name FROM queue WHERE id = ?1")
        .ok()?;
    let id: i64 = row.get(2).ok()?;
    statement.query_row([id], |row| row.get(0)).ok()
}

/// `None`: there is none, or it cannot be read.
fn trouble(db: &Connection, seq: i64) -> Option<Trouble> {
    let sql = format!("SELECT {TROUBLE} FROM trouble r WHERE r.seq = ?1");
    let mut statement = db.prepare_cached(&sql).ok()?;
    let mut rows = statement.query([seq]).ok()?;
    Trouble::read(rows.next().ok()??, 0)?
}
