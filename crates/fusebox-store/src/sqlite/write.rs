//! Writing: one transaction for a batch.

use std::time::SystemTime;

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use serde::Serialize;

use super::failed::{Context, Failed};
use crate::{
    AuditDraft, AuditEntry, Batch, EventRecord, GENESIS, Limits, MainChange, OverrideChange,
    ReplayRecord, Written, wall,
};

pub(super) fn batch(connection: &mut Connection, batch: &Batch) -> Result<Written, Failed> {
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .context("begin")?;
    states(&transaction, batch)?;
    let mut written = Written::default();
    for event in &batch.events {
        written.events.push(add_event(&transaction, event)?);
    }
    for replay in &batch.replays {
        attach(&transaction, replay)?;
    }
    let mut last = last_audit(&transaction)?;
    for draft in &batch.audit {
        let entry = add_audit(&transaction, draft, &last)?;
        last = (entry.id, entry.hash.clone());
        written.audit.push(entry);
    }
    transaction.commit().context("commit")?;
    Ok(written)
}

fn states(to: &Transaction<'_>, batch: &Batch) -> Result<(), Failed> {
    for name in &batch.removed {
        run(to, "DELETE FROM states WHERE circuit = ?1", [name])?;
        run(to, "DELETE FROM overrides WHERE circuit = ?1", [name])?;
    }
    for kept in &batch.circuits {
        let sql = "INSERT OR REPLACE INTO states (circuit, record) VALUES (?1, ?2)";
        run(to, sql, (&kept.record.circuit, json(kept)?))?;
    }
    match &batch.main {
        None => {}
        Some(MainChange::Closed) => run(to, "DELETE FROM main", ())?,
        Some(MainChange::Open(record)) => {
            let sql = "INSERT OR REPLACE INTO main (id, record) VALUES (1, ?1)";
            run(to, sql, [json(record)?])?;
        }
    }
    for change in &batch.overrides {
        match change {
            OverrideChange::Ended(name) => {
                run(to, "DELETE FROM overrides WHERE circuit = ?1", [name])?;
            }
            OverrideChange::Set(record) => {
                let sql = "INSERT OR REPLACE INTO overrides (circuit, record) VALUES (?1, ?2)";
                run(to, sql, (&record.circuit, json(record)?))?;
            }
        }
    }
    Ok(())
}

fn add_event(to: &Transaction<'_>, event: &EventRecord) -> Result<u64, Failed> {
    let sql = "INSERT INTO events (at_ms, circuit, branch, generation, kind, from_state, to_state,
                   cause, evidence, by_whom, reason, details)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
    let values = params![
        wall::unix_millis(event.at),
        event.circuit,
        event.branch,
        event.generation,
        event.kind,
        event.from,
        event.to,
        event.cause,
        event.evidence.as_ref().map(json).transpose()?,
        event.by,
        event.reason,
        event.details.as_ref().map(json).transpose()?,
    ];
    run(to, sql, values)?;
    number(to.last_insert_rowid())
}

fn attach(to: &Transaction<'_>, replay: &ReplayRecord) -> Result<(), Failed> {
    let sql = "INSERT OR REPLACE INTO replays (event, circuit, replay)
               SELECT id, circuit, ?3 FROM events
               WHERE circuit = ?1 AND generation = ?2 AND branch IS NULL AND kind = 'transition'
               ORDER BY id DESC LIMIT 1";
    run(to, sql, (&replay.circuit, replay.generation, &replay.text))
}

/// Number and hash of the newest entry.
fn last_audit(from: &Connection) -> Result<(u64, String), Failed> {
    let sql = "SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1";
    let last: Option<(i64, String)> = from
        .query_row(sql, (), |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    match last {
        Some((id, hash)) => Ok((number(id)?, hash)),
        None => Ok((0, GENESIS.to_owned())),
    }
}

fn add_audit(
    to: &Transaction<'_>,
    draft: &AuditDraft,
    (last, hash): &(u64, String),
) -> Result<AuditEntry, Failed> {
    let entry = draft.chained(last + 1, hash);
    let sql = "INSERT INTO audit (id, at_ms, who, role, from_where, action, target, why,
                   value_before, value_after, answer, request_id, hash)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
    let values = params![
        integer(entry.id),
        wall::unix_millis(entry.at),
        entry.who,
        entry.role,
        entry.from,
        entry.action,
        entry.target,
        entry.why,
        json(&entry.before)?,
        json(&entry.after)?,
        entry.answer,
        entry.request_id,
        entry.hash,
    ];
    run(to, sql, values)?;
    Ok(entry)
}

pub(super) fn trim(
    connection: &mut Connection,
    limits: &Limits,
    now: SystemTime,
) -> Result<(), Failed> {
    let to = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .context("begin")?;
    let oldest = wall::unix_millis(limits.oldest(now));
    run(&to, "DELETE FROM events WHERE at_ms < ?1", [oldest])?;
    let sql = "DELETE FROM events WHERE id <=
                   (SELECT id FROM events ORDER BY id DESC LIMIT 1 OFFSET ?1)";
    run(&to, sql, [integer(limits.events_max)])?;
    let sql = "DELETE FROM replays WHERE event IN (
                   SELECT event FROM (
                       SELECT event, row_number() OVER
                           (PARTITION BY circuit ORDER BY event DESC) AS place FROM replays)
                   WHERE place > ?1)";
    run(&to, sql, [integer(limits.replays_max)])?;
    to.commit().context("commit")
}

fn run(to: &Connection, sql: &str, values: impl rusqlite::Params) -> Result<(), Failed> {
    to.prepare_cached(sql)?.execute(values)?;
    Ok(())
}

fn json(value: &impl Serialize) -> Result<String, Failed> {
    serde_json::to_string(value).map_err(|error| Failed::damaged("a record", error))
}

pub(super) fn number(id: i64) -> Result<u64, Failed> {
    u64::try_from(id).map_err(|error| Failed::damaged("a number", error))
}

pub(super) fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
