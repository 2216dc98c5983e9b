//! The tables, and how an older file becomes one of today.
//!
//! `PRAGMA user_version` is the number of steps that a file has behind it. A step, once released,
//! is never changed; a new one is put behind it.

use rusqlite::{Connection, TransactionBehavior};

use super::failed::{Context, Failed};

/// "Fuqu", so that another program's database is not taken for ours.
const APPLICATION_ID: i64 = 0x4675_7175;

const STEPS: &[&str] = &[
    // 1: messages, whose turn it is, what has ended, pauses.
    "
    CREATE TABLE queue (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        messages INTEGER NOT NULL,
        bytes INTEGER NOT NULL,
        dead INTEGER NOT NULL,
        corrupt INTEGER NOT NULL,
        in_flight INTEGER NOT NULL,
        -- The greatest place that it ever gave, kept when the message is gone.
        last INTEGER NOT NULL,
        -- None that is alive has a smaller place: where to look for the oldest.
        low INTEGER NOT NULL
    ) STRICT;

    -- Those that wait or are being sent. A row never changes; what befalls it stands in `trouble`.
    CREATE TABLE message (
        seq INTEGER PRIMARY KEY,
        rnd INTEGER NOT NULL,
        queue INTEGER NOT NULL,
        key TEXT,
        grp TEXT,
        idem TEXT,
        digest BLOB,
        due INTEGER NOT NULL,
        uncertain INTEGER NOT NULL,
        size INTEGER NOT NULL,
        crc INTEGER NOT NULL,
        attributes TEXT NOT NULL,
        body BLOB NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX message_by_idem ON message (queue, idem) WHERE idem IS NOT NULL;
    CREATE TABLE trouble (
        seq INTEGER PRIMARY KEY,
        due INTEGER NOT NULL,
        aged_from INTEGER NOT NULL,
        attempts INTEGER NOT NULL,
        deferrals INTEGER NOT NULL,
        crashes INTEGER NOT NULL,
        suspect INTEGER NOT NULL,
        uncertain INTEGER NOT NULL,
        history TEXT NOT NULL
    ) STRICT;

    -- Those that may be leased once they are due: without a key, or the head of their line.
    CREATE TABLE turn (
        queue INTEGER NOT NULL,
        grp TEXT NOT NULL,
        due INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        PRIMARY KEY (queue, grp, due, seq)
    ) STRICT, WITHOUT ROWID;
    -- What waits with one key, in order; a leased one is always the head.
    CREATE TABLE line (
        queue INTEGER NOT NULL,
        key TEXT NOT NULL,
        head INTEGER NOT NULL,
        tail INTEGER NOT NULL,
        PRIMARY KEY (queue, key)
    ) STRICT, WITHOUT ROWID;
    -- Behind `seq` stands `next`, which takes its turn with this group and time.
    CREATE TABLE chain (
        seq INTEGER PRIMARY KEY,
        next INTEGER NOT NULL,
        grp TEXT NOT NULL,
        due INTEGER NOT NULL
    ) STRICT;
    -- One row for all that one order took; gone once all of it is settled.
    CREATE TABLE lease (
        token INTEGER PRIMARY KEY,
        seqs BLOB NOT NULL
    ) STRICT;

    CREATE TABLE dead (
        seq INTEGER PRIMARY KEY,
        rnd INTEGER NOT NULL,
        queue INTEGER NOT NULL,
        key TEXT,
        grp TEXT,
        idem TEXT,
        digest BLOB,
        due INTEGER NOT NULL,
        uncertain INTEGER NOT NULL,
        size INTEGER NOT NULL,
        crc INTEGER NOT NULL,
        attributes TEXT NOT NULL,
        body BLOB NOT NULL,
        death TEXT NOT NULL,
        ended INTEGER NOT NULL,
        status INTEGER,
        headers TEXT,
        answer BLOB
    ) STRICT;
    CREATE INDEX dead_of_queue ON dead (queue, seq);
    CREATE UNIQUE INDEX dead_by_idem ON dead (queue, idem) WHERE idem IS NOT NULL;

    -- Delivered ones.
    CREATE TABLE receipt (
        seq INTEGER PRIMARY KEY,
        rnd INTEGER NOT NULL,
        queue INTEGER NOT NULL,
        key TEXT,
        grp TEXT,
        idem TEXT,
        digest BLOB,
        uncertain INTEGER NOT NULL,
        size INTEGER NOT NULL,
        attempts INTEGER NOT NULL,
        deferrals INTEGER NOT NULL,
        crashes INTEGER NOT NULL,
        history TEXT,
        ended INTEGER NOT NULL,
        status INTEGER,
        headers TEXT,
        answer BLOB
    ) STRICT;
    CREATE INDEX receipt_by_end ON receipt (queue, ended);
    CREATE UNIQUE INDEX receipt_by_idem ON receipt (queue, idem) WHERE idem IS NOT NULL;

    -- Everything: queue and grp are NULL; a queue: grp is NULL.
    CREATE TABLE pause (
        id INTEGER PRIMARY KEY,
        queue TEXT,
        grp TEXT,
        paused INTEGER NOT NULL,
        epoch INTEGER NOT NULL,
        reason TEXT NOT NULL,
        author TEXT NOT NULL,
        since INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX pause_of ON pause (queue, grp);
    ",
];

/// The schema version of this program.
pub(super) const KNOWN: i64 = STEPS.len().cast_signed() as i64;

/// Brings the file to today's schema, step by step, each in a transaction of its own.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), Failed> {
    loop {
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

pub(super) fn pragma(connection: &Connection, name: &str) -> Result<i64, Failed> {
    connection
        .pragma_query_value(None, name, |row| row.get(0))
        .context("read a figure of the file")
}
