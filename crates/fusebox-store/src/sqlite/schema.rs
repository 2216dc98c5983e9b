//! The tables, and how an older file becomes one of today.
//!
//! `PRAGMA user_version` is the number of steps that a file has behind it. A step, once released,
//! is never changed; a new one is put behind it.

use rusqlite::{Connection, TransactionBehavior};

use super::failed::{Context, Failed};

/// "Fuse", so that another program's database is not taken for ours.
const APPLICATION_ID: i64 = 0x4675_7365;

const STEPS: &[&str] = &[
    // 1: what is in force, the history, the audit log.
    "
    CREATE TABLE states (
        circuit TEXT PRIMARY KEY,
        record TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE main (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        record TEXT NOT NULL
    ) STRICT;
    CREATE TABLE overrides (
        circuit TEXT PRIMARY KEY,
        record TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE events (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at_ms INTEGER NOT NULL,
        circuit TEXT NOT NULL,
        branch TEXT,
        generation INTEGER NOT NULL,
        kind TEXT NOT NULL,
        from_state TEXT,
        to_state TEXT,
        cause TEXT,
        evidence TEXT,
        by_whom TEXT,
        reason TEXT,
        details TEXT
    ) STRICT;
    CREATE INDEX events_of_circuit ON events (circuit, id);
    CREATE INDEX events_by_time ON events (at_ms);
    CREATE TABLE replays (
        event INTEGER PRIMARY KEY REFERENCES events (id) ON DELETE CASCADE,
        circuit TEXT NOT NULL,
        replay TEXT NOT NULL
    ) STRICT;
    CREATE INDEX replays_of_circuit ON replays (circuit, event);

    CREATE TABLE audit (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at_ms INTEGER NOT NULL,
        who TEXT NOT NULL,
        role TEXT NOT NULL,
        from_where TEXT NOT NULL,
        action TEXT NOT NULL,
        target TEXT NOT NULL,
        why TEXT,
        value_before TEXT NOT NULL,
        value_after TEXT NOT NULL,
        answer INTEGER NOT NULL,
        request_id TEXT NOT NULL,
        hash TEXT NOT NULL
    ) STRICT;
    CREATE TRIGGER audit_stays_as_it_is BEFORE UPDATE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
    CREATE TRIGGER audit_stays BEFORE DELETE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
    -- INSERT OR REPLACE deletes without the trigger above.
    CREATE TRIGGER audit_is_not_replaced BEFORE INSERT ON audit
    WHEN EXISTS (SELECT 1 FROM audit WHERE id = NEW.id)
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
    ",
];

/// The schema version of this program.
pub(super) const KNOWN: i64 = STEPS.len().cast_signed() as i64;

/// Brings the file to today's schema, step by step, each in a transaction of its own.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), Failed> {
    loop {
        // Immediate: of two processes that start at once, the second sees what the first did.
        let step = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .context("begin")?;
        let found = check(&step)?;
        let Some(sql) = usize::try_from(found).ok().and_then(|n| STEPS.get(n)) else {
            return Ok(());
        };
        step.execute_batch(sql).context("make the tables")?;
        step.pragma_update(None, "application_id", APPLICATION_ID)
            .context("name the file")?;
        step.pragma_update(None, "user_version", found + 1)
            .context("number the schema")?;
        step.commit().context("commit the schema")?;
    }
}

/// The schema version of a file that is ours, or new.
pub(super) fn check(connection: &Connection) -> Result<i64, Failed> {
    let (id, version) = (
        pragma(connection, "application_id")?,
        pragma(connection, "user_version")?,
    );
    if id == APPLICATION_ID && version > KNOWN {
        return Err(Failed::Newer {
            found: version,
            known: KNOWN,
        });
    }
    if id == APPLICATION_ID && version >= 1 {
        return Ok(version);
    }
    let tables = "SELECT count(*) FROM sqlite_schema";
    let tables: i64 = connection
        .query_row(tables, (), |row| row.get(0))
        .context("read the schema")?;
    if id == 0 && version == 0 && tables == 0 {
        return Ok(0);
    }
    Err(Failed::Damaged("it is another program's database".into()))
}

fn pragma(connection: &Connection, name: &str) -> Result<i64, Failed> {
    connection
        .pragma_query_value(None, name, |row| row.get(0))
        .context("read the head of the file")
}
