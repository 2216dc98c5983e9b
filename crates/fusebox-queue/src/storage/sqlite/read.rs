//! Reading what was committed, over a connection of its own and in short transactions.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row};

use super::book::places;
use super::failed::Failed;
use super::row::{FACTS, Facts, TROUBLE, Trouble, death, integer, number};
use super::salvage::Known;
use super::{check, file, list, pause};
use crate::clock;
use crate::error::StorageError;
use crate::id::MessageId;
use crate::record::{
    Death, Depth, Group, MessageState, Page, Pause, Query, Record, Response, Scope,
};
use crate::storage::Reader;

/// Whether `m`, with its trouble `r`, is being sent: it has no turn, though it is the first.
pub(super) const IS_LEASED: &str = "(NOT EXISTS (SELECT 1 FROM turn t WHERE t.queue = m.queue
        AND t.grp = iif(m.grp IS NULL, '', '=' || m.grp)
        AND t.due = coalesce(r.due, m.due) AND t.seq = m.seq)
    AND (m.key IS NULL OR EXISTS (SELECT 1 FROM line l
        WHERE l.queue = m.queue AND l.key = m.key AND l.head = m.seq)))";

/// Reads a file that somebody writes.
#[derive(Debug)]
pub(super) struct Look {
    db: Connection,
    path: PathBuf,
    pub(super) known: Known,
}

impl Look {
    pub(super) fn new(path: &Path) -> Result<Self, Failed> {
        let db = file::look(path)?;
        db.set_prepared_statement_cache_capacity(64);
        let path = path.to_owned();
        let known = Known::default();
        Ok(Self { db, path, known })
    }

    /// Reads in one transaction, so that all of it is of one moment.
    pub(super) fn at_once<T>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, Failed>,
    ) -> Result<T, StorageError> {
        let found = self.db.unchecked_transaction().map_err(Failed::from);
        let found = found.and_then(|transaction| read(&transaction));
        found.map_err(|failed| failed.in_place(self.path.display().to_string()))
    }
}

impl Reader for Look {
    fn message(&mut self, id: MessageId) -> Result<Option<Record>, StorageError> {
        self.at_once(|db| message(db, id))
    }

    fn messages(&mut self, query: &Query) -> Result<Page<Record>, StorageError> {
        self.at_once(|db| list::page(db, query))
    }

    fn by_idempotency_key(
        &mut self,
        queue: &str,
        key: &str,
    ) -> Result<Option<Record>, StorageError> {
        self.at_once(|db| by_idempotency_key(db, queue, key))
    }

    fn has_backlog(&mut self, queue: &str, key: &str) -> Result<bool, StorageError> {
        let sql = "SELECT 1 FROM queue q JOIN line l ON l.queue = q.id AND l.key = ?2
                   WHERE q.name = ?1";
        self.at_once(|db| Ok(db.prepare_cached(sql)?.exists((queue, key))?))
    }

    fn depths(&mut self) -> Result<Vec<Depth>, StorageError> {
        self.at_once(depths)
    }

    fn groups(&mut self, queue: &str) -> Result<Vec<Group>, StorageError> {
        let sql = "SELECT m.grp, count(*) FROM message m JOIN queue q ON q.id = m.queue
                   WHERE q.name = ?1 AND m.grp IS NOT NULL GROUP BY m.grp ORDER BY m.grp";
        self.at_once(|db| {
            let mut statement = db.prepare_cached(sql)?;
            let groups = statement.query_map([queue], |row| {
                Ok(Group {
                    name: row.get(0)?,
                    messages: number(row.get(1)?),
                })
            })?;
            Ok(groups.collect::<Result<_, _>>()?)
        })
    }

    fn pauses(&mut self) -> Result<Vec<Pause>, StorageError> {
        self.at_once(pauses)
    }

    fn check(&mut self) -> Result<Vec<String>, StorageError> {
        let found = check::all(&self.db);
        found.map_err(|failed| failed.in_place(self.path.display().to_string()))
    }
}

/// Where a message can be, each with the columns of [`record`].
#[derive(Clone, Copy, Debug)]
pub(super) enum Table {
    Alive,
    Dead,
    Delivered,
}

impl Table {
    /// All of its columns, up to a condition.
    pub(super) fn select(self) -> String {
        let head = "SELECT m.seq, m.rnd, q.name, m.key, m.grp, m.idem, m.uncertain, m.size";
        let ended = "m.status, m.headers, m.answer";
        match self {
            Self::Alive => format!(
                "{head}, {IS_LEASED}, NULL, m.due, NULL, NULL, NULL, {TROUBLE}
                 FROM message m LEFT JOIN queue q ON q.id = m.queue
                 LEFT JOIN trouble r ON r.seq = m.seq"
            ),
            Self::Dead => format!(
                "{head}, 0, m.death, m.ended, {ended}, {TROUBLE}
                 FROM dead m LEFT JOIN queue q ON q.id = m.queue
                 LEFT JOIN trouble r ON r.seq = m.seq"
            ),
            Self::Delivered => format!(
                "{head}, 0, NULL, m.ended, {ended}, m.ended, 0, m.attempts, m.deferrals, m.crashes,
                     0, m.uncertain, coalesce(m.history, '[]')
                 FROM receipt m LEFT JOIN queue q ON q.id = m.queue"
            ),
        }
    }
}

/// A row as it is read, without content. What cannot be understood is a corrupt dead letter,
/// whether it was set aside already or not.
pub(super) fn record(row: &Row<'_>, table: Table) -> Result<Record, Failed> {
    let (seq, rnd): (i64, i64) = (row.get(0)?, row.get(1)?);
    let id = MessageId::new(seq, rnd.cast_unsigned());
    let trouble = Trouble::read(row, 14);
    let word: Option<String> = row.get(9)?;
    let mut ended = word.map(|word| death(&word).unwrap_or(Death::Corrupt));
    if trouble.is_none() {
        ended = Some(Death::Corrupt);
    }
    let due: i64 = row.get(10)?;
    let none = || Trouble::none(due, 0, row.get(6).unwrap_or(true));
    let trouble = trouble.flatten().unwrap_or_else(none);
    let (state, at) = match (table, ended) {
        (_, Some(Death::Expired)) => (MessageState::Expired, due),
        (_, Some(_)) => (MessageState::Dead, due),
        (Table::Delivered, None) => (MessageState::Delivered, due),
        (_, None) if row.get(8)? => (MessageState::Delivering, trouble.due),
        (_, None) => (MessageState::Pending, trouble.due),
    };
    Ok(Record {
        id,
        queue: lossy(row, 2)?.unwrap_or_default(),
        key: lossy(row, 3)?,
        group: lossy(row, 4)?,
        idempotency_key: lossy(row, 5)?,
        state,
        death: ended,
        pushed_at: id.time(),
        at: clock::time(at),
        attempts: trouble.attempts,
        deferrals: trouble.deferrals,
        crashes: trouble.crashes,
        uncertain: trouble.uncertain,
        bytes: number(row.get(7)?),
        history: trouble.history,
        attributes: Vec::new(),
        body: Bytes::new(),
        response: response(row)?,
    })
}

/// A text as well as it can be read: of a damaged row, too.
fn lossy(row: &Row<'_>, at: usize) -> Result<Option<String>, Failed> {
    Ok(match row.get_ref(at)? {
        ValueRef::Text(text) => Some(String::from_utf8_lossy(text).into_owned()),
        _ => None,
    })
}

fn response(row: &Row<'_>) -> Result<Option<Response>, Failed> {
    let status: Option<u16> = row.get(11)?;
    let Some(status) = status else {
        return Ok(None);
    };
    let headers: String = row.get(12)?;
    let headers = serde_json::from_str(&headers);
    Ok(Some(Response {
        status,
        headers: headers.map_err(|error| Failed::damaged("the headers of an answer", error))?,
        body: row.get::<_, Vec<u8>>(13)?.into(),
    }))
}

fn message(db: &Connection, id: MessageId) -> Result<Option<Record>, Failed> {
    for table in [Table::Alive, Table::Dead, Table::Delivered] {
        let sql = format!("{} WHERE m.seq = ?1 AND m.rnd = ?2", table.select());
        let mut statement = db.prepare_cached(&sql)?;
        let mut rows = statement.query((id.seq(), integer(id.random())))?;
        let Some(row) = rows.next()? else { continue };
        let mut found = record(row, table)?;
        match table {
            Table::Alive => content(db, "message", &mut found)?,
            Table::Dead => content(db, "dead", &mut found)?,
            Table::Delivered => {}
        }
        return Ok(Some(found));
    }
    Ok(None)
}

fn by_idempotency_key(db: &Connection, queue: &str, key: &str) -> Result<Option<Record>, Failed> {
    for table in ["message", "dead", "receipt"] {
        let sql = format!(
            "SELECT m.seq, m.rnd FROM {table} m JOIN queue q ON q.id = m.queue
             WHERE q.name = ?1 AND m.idem = ?2"
        );
        let mut statement = db.prepare_cached(&sql)?;
        let place = |row: &Row<'_>| Ok((row.get(0)?, row.get::<_, i64>(1)?));
        let found = statement.query_row((queue, key), place).optional()?;
        if let Some((seq, rnd)) = found {
            return message(db, MessageId::new(seq, rnd.cast_unsigned()));
        }
    }
    Ok(None)
}

/// Adds the content, if it is as it was written.
fn content(db: &Connection, table: &str, record: &mut Record) -> Result<(), Failed> {
    let sql = format!("SELECT {FACTS} FROM {table} m WHERE m.seq = ?1");
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query([record.id.seq()])?;
    let Some(row) = rows.next()? else {
        return Ok(());
    };
    if let Some(facts) = Facts::sound(row, &record.queue) {
        let attributes = serde_json::from_str(facts.attributes);
        let damaged = |error| Failed::damaged("the attributes of a message", error);
        record.attributes = attributes.map_err(damaged)?;
        record.body = Bytes::copy_from_slice(facts.body);
    } else {
        record.death = Some(Death::Corrupt);
    }
    Ok(())
}

fn depths(db: &Connection) -> Result<Vec<Depth>, Failed> {
    let oldest = format!(
        "SELECT m.seq FROM message m LEFT JOIN trouble r ON r.seq = m.seq
         WHERE m.seq >= ?2 AND m.queue = ?1 AND NOT {IS_LEASED} ORDER BY m.seq LIMIT 1"
    );
    // From group to group by seeks.
    let next_due = "
        WITH RECURSIVE groups (grp) AS (
            SELECT min(grp) FROM turn WHERE queue = ?1
            UNION ALL
            SELECT (SELECT min(grp) FROM turn WHERE queue = ?1 AND grp > groups.grp)
                FROM groups WHERE groups.grp IS NOT NULL)
        SELECT min((SELECT min(due) FROM turn WHERE queue = ?1 AND grp = groups.grp))
            FROM groups WHERE grp IS NOT NULL";
    let sql = "SELECT id, name, messages, bytes, dead, corrupt, in_flight, low FROM queue
               ORDER BY name";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(())?;
    let mut depths = Vec::new();
    while let Some(row) = rows.next()? {
        let (id, low): (i64, i64) = (row.get(0)?, row.get(7)?);
        let messages = number(row.get(2)?);
        let mut oldest_waiting: Option<i64> = None;
        let mut due: Option<i64> = None;
        if messages > 0 {
            let mut statement = db.prepare_cached(&oldest)?;
            oldest_waiting = statement
                .query_row((id, low), |row| row.get(0))
                .optional()?;
            due = db
                .prepare_cached(next_due)?
                .query_row([id], |row| row.get(0))?;
        }
        depths.push(Depth {
            queue: row.get(1)?,
            messages,
            bytes: number(row.get(3)?),
            dead: number(row.get(4)?),
            corrupt: number(row.get(5)?),
            in_flight: number(row.get(6)?),
            oldest: oldest_waiting.map(|seq| MessageId::new(seq, 0).time()),
            next_due: due.map(clock::time),
        });
    }
    Ok(depths)
}

fn pauses(db: &Connection) -> Result<Vec<Pause>, Failed> {
    let sql = format!("SELECT {} FROM pause", pause::PAUSE);
    let mut statement = db.prepare_cached(&sql)?;
    let found = statement.query_map((), pause::read)?;
    let mut pauses = found.collect::<rusqlite::Result<Vec<_>>>()?;
    pauses.sort_by(|one, other| one.scope.cmp(&other.scope));
    let in_flight = in_flight(db)?;
    for pause in &mut pauses {
        let is_in = |queue: &String, group: &Option<String>| match &pause.scope {
            Scope::Everything => true,
            Scope::Queue(of) => queue == of,
            Scope::Group(of, name) => queue == of && group.as_ref() == Some(name),
        };
        let found = in_flight.iter().filter(|((q, g), _)| is_in(q, g));
        pause.in_flight = found.map(|(_, count)| count).sum();
    }
    Ok(pauses)
}

type OfGroups = HashMap<(String, Option<String>), u64>;

/// How much is being sent, by queue and group: no more rows than that are looked at.
fn in_flight(db: &Connection) -> Result<OfGroups, Failed> {
    let mut found = OfGroups::new();
    for seq in leased(db)? {
        let sql = format!(
            "SELECT q.name, m.grp FROM message m JOIN queue q ON q.id = m.queue
             LEFT JOIN trouble r ON r.seq = m.seq WHERE m.seq = ?1 AND {IS_LEASED}"
        );
        let mut statement = db.prepare_cached(&sql)?;
        let of = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
        if let Some(of) = statement.query_row([seq], of).optional()? {
            *found.entry(of).or_default() += 1;
        }
    }
    Ok(found)
}

/// The places that leases name: all that is being sent, and some that is not any more.
pub(super) fn leased(db: &Connection) -> Result<Vec<i64>, Failed> {
    let mut statement = db.prepare_cached("SELECT seqs FROM lease")?;
    let rows = statement.query_map((), |row| row.get::<_, Vec<u8>>(0))?;
    let mut seqs = Vec::new();
    for bytes in rows {
        seqs.extend(places(&bytes?));
    }
    // One that was given back and taken anew stands in two.
    seqs.sort_unstable();
    seqs.dedup();
    Ok(seqs)
}
