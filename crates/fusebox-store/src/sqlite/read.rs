//! Reading: what is in force, and pages of history and audit log.

use rusqlite::types::Value as Sql;
use rusqlite::{Connection, OptionalExtension, Row, params_from_iter};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::failed::Failed;
use super::write::{integer, number};
use crate::{AuditEntry, AuditQuery, EventQuery, EventRecord, Kept, Page, wall};

pub(super) fn load(from: &Connection) -> Result<Kept, Failed> {
    // One transaction, so that all of it is of one moment.
    let from = from.unchecked_transaction()?;
    Ok(Kept {
        circuits: records(&from, "SELECT record FROM states ORDER BY circuit")?,
        main: records(&from, "SELECT record FROM main")?.pop(),
        overrides: records(&from, "SELECT record FROM overrides ORDER BY circuit")?,
    })
}

fn records<T: DeserializeOwned>(from: &Connection, sql: &str) -> Result<Vec<T>, Failed> {
    let mut statement = from.prepare_cached(sql)?;
    let texts = statement.query_map((), |row| row.get::<_, String>(0))?;
    texts.map(|text| json("a record", &text?)).collect()
}

pub(super) fn events(from: &Connection, query: &EventQuery) -> Result<Page<EventRecord>, Failed> {
    let mut filter = Filter::default();
    filter.text("circuit = ?", query.circuit.as_ref());
    filter.text("branch = ?", query.branch.as_ref());
    if !query.kinds.is_empty() {
        let kinds = Value::from(query.kinds.clone()).to_string();
        filter.add("kind IN (SELECT value FROM json_each(?))", Sql::Text(kinds));
    }
    filter.number("id < ?", query.before);
    filter.number("id > ?", query.after);
    let columns = "SELECT id, at_ms, circuit, branch, generation, kind, from_state, to_state,
                       cause, evidence, by_whom, reason, details,
                       EXISTS (SELECT 1 FROM replays WHERE event = id) FROM events";
    let limit = query.bounded_limit();
    let found = filter.rows(from, columns, limit + 1, event)?;
    Ok(Page::cut(found, limit, |event| event.id))
}

fn event(row: &Row<'_>) -> Result<EventRecord, Failed> {
    Ok(EventRecord {
        id: number(row.get(0)?)?,
        at: wall::from_unix_millis(row.get(1)?),
        circuit: row.get(2)?,
        branch: row.get(3)?,
        generation: row.get(4)?,
        kind: row.get(5)?,
        from: row.get(6)?,
        to: row.get(7)?,
        cause: row.get(8)?,
        evidence: json_or_none(row, 9)?,
        by: row.get(10)?,
        reason: row.get(11)?,
        details: json_or_none(row, 12)?,
        has_replay: row.get(13)?,
    })
}

pub(super) fn replay(from: &Connection, event: u64) -> Result<Option<String>, Failed> {
    let sql = "SELECT replay FROM replays WHERE event = ?1";
    let mut statement = from.prepare_cached(sql)?;
    Ok(statement
        .query_row([integer(event)], |row| row.get(0))
        .optional()?)
}

pub(super) fn audit(from: &Connection, query: &AuditQuery) -> Result<Page<AuditEntry>, Failed> {
    let mut filter = Filter::default();
    filter.text("who = ?", query.who.as_ref());
    filter.text("action = ?", query.action.as_ref());
    filter.text("target = ?", query.target.as_ref());
    filter.number("id < ?", query.before);
    let columns = "SELECT id, at_ms, who, role, from_where, action, target, why, value_before,
                       value_after, answer, request_id, hash FROM audit";
    let limit = query.bounded_limit();
    let found = filter.rows(from, columns, limit + 1, entry)?;
    Ok(Page::cut(found, limit, |entry| entry.id))
}

fn entry(row: &Row<'_>) -> Result<AuditEntry, Failed> {
    Ok(AuditEntry {
        id: number(row.get(0)?)?,
        at: wall::from_unix_millis(row.get(1)?),
        who: row.get(2)?,
        role: row.get(3)?,
        from: row.get(4)?,
        action: row.get(5)?,
        target: row.get(6)?,
        why: row.get(7)?,
        before: json("a value", &row.get::<_, String>(8)?)?,
        after: json("a value", &row.get::<_, String>(9)?)?,
        answer: row.get(10)?,
        request_id: row.get(11)?,
        hash: row.get(12)?,
    })
}

pub(super) fn audit_last(from: &Connection) -> Result<Option<u64>, Failed> {
    let sql = "SELECT seq FROM sqlite_sequence WHERE name = 'audit'";
    let last: Option<i64> = from.query_row(sql, (), |row| row.get(0)).optional()?;
    last.map_or(Ok(Some(0)), |last| number(last).map(Some))
}

fn json<T: DeserializeOwned>(what: &str, text: &str) -> Result<T, Failed> {
    serde_json::from_str(text).map_err(|error| Failed::damaged(what, error))
}

fn json_or_none(row: &Row<'_>, column: usize) -> Result<Option<Value>, Failed> {
    let text: Option<String> = row.get(column)?;
    text.map(|text| json("a value", &text)).transpose()
}

/// The conditions of one query, and their values.
#[derive(Default)]
struct Filter {
    conditions: Vec<&'static str>,
    values: Vec<Sql>,
}

impl Filter {
    fn add(&mut self, condition: &'static str, value: Sql) {
        self.conditions.push(condition);
        self.values.push(value);
    }

    fn text(&mut self, condition: &'static str, value: Option<&String>) {
        if let Some(value) = value {
            self.add(condition, Sql::Text(value.clone()));
        }
    }

    fn number(&mut self, condition: &'static str, value: Option<u64>) {
        if let Some(value) = value {
            self.add(condition, Sql::Integer(integer(value)));
        }
    }

    /// At most `limit` rows, newest first.
    fn rows<T>(
        self,
        from: &Connection,
        columns: &str,
        limit: usize,
        read: impl Fn(&Row<'_>) -> Result<T, Failed>,
    ) -> Result<Vec<T>, Failed> {
        let conditions = match self.conditions.join(" AND ") {
            none if none.is_empty() => none,
            some => format!(" WHERE {some}"),
        };
        let sql = format!("{columns}{conditions} ORDER BY id DESC LIMIT {limit}");
        let mut statement = from.prepare_cached(&sql)?;
        let mut rows = statement.query(params_from_iter(self.values))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(read(row)?);
        }
        Ok(found)
    }
}
