//! What can still be read of a file whose pages are damaged.
//!
//! A damaged page of a table takes the rows on it along, and a walk over the table ends there. So
//! it is walked by places: after one that cannot be read the next one is sought that can. A row is
//! read from its own table alone; what stands elsewhere is added as far as that can be read.

use std::sync::Arc;

use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension, Row};

use super::failed::Failed;
use super::read::Look;
use super::row::{FACTS, Facts, TROUBLE, Trouble, death, number};
use crate::clock;
use crate::id::MessageId;
use crate::record::{Death, MessageState, Record};
use crate::storage::{Salvage, Salvaged};

/// Places of messages that are alive and of dead ones, as other tables have them, once asked for.
pub(super) type Known = [Option<Arc<[i64]>>; 2];

/// The last place that there can be.
const LAST: i64 = (1 << 60) - 1;

impl Salvage for Look {
    fn salvage(&mut self, dead: bool, after: i64) -> Salvaged {
        if after >= LAST {
            return Salvaged::End;
        }
        let table = table(dead);
        let seq = match self.at_once(|db| first_after(db, table, after)) {
            Ok(None) => return Salvaged::End,
            Ok(Some(seq)) => seq,
            Err(error) => {
                let until = self.readable_after(dead, after);
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
    /// A place after which the table can be read again, the first one as far as that can be told;
    /// the last place that there can be, if there is none.
    ///
    /// Other tables know most places: in order, the first of them that can be read is it, or there
    /// is one between it and the last that cannot. Where they cannot be read, and behind the last
    /// that they know, places are tried in steps that grow by a sixty-fourth: what lies between two
    /// damaged places may then be passed over.
    fn readable_after(&mut self, dead: bool, after: i64) -> i64 {
        let table = table(dead);
        let can_read =
            |look: &Self, place| look.at_once(|db| first_after(db, table, place)).is_ok();
        let known = self.known(dead);
        let mut bad = after;
        let mut good = None;
        for place in &known[known.partition_point(|place| *place <= after + 1)..] {
            if can_read(self, place - 1) {
                good = Some(place - 1);
                break;
            }
            bad = place - 1;
        }
        let (from, mut step) = (bad, 1_i64);
        let mut good = good.unwrap_or_else(|| {
            loop {
                let place = from.saturating_add(step).min(LAST);
                if place == LAST || can_read(self, place) {
                    return place;
                }
                bad = place;
                step += 1 + step / 64;
            }
        });
        while good - bad > 1 {
            let middle = bad + (good - bad) / 2;
            if can_read(self, middle) {
                good = middle;
            } else {
                bad = middle;
            }
        }
        good
    }

    fn known(&mut self, dead: bool) -> Arc<[i64]> {
        if let Some(known) = &self.known[usize::from(dead)] {
            return Arc::clone(known);
        }
        let tables: &[&str] = if dead {
            &["SELECT seq FROM dead INDEXED BY dead_of_queue"]
        } else {
            &["SELECT seq FROM turn", "SELECT next FROM chain"]
        };
        let mut known = Vec::new();
        for sql in tables {
            // As far as it can be read.
            let read = self.at_once(|db| {
                let mut statement = db.prepare(sql)?;
                let mut rows = statement.query([])?;
                while let Some(row) = rows.next()? {
                    known.push(row.get(0)?);
                }
                Ok(())
            });
            drop(read);
        }
        known.sort_unstable();
        let known: Arc<[i64]> = known.into();
        self.known[usize::from(dead)] = Some(Arc::clone(&known));
        known
    }
}

fn table(dead: bool) -> &'static str {
    if dead { "dead" } else { "message" }
}

/// Not `seq > after`: that seeks `after` itself, on its page, which may be the damaged one.
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
