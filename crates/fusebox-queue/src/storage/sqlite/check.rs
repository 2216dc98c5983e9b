//! Looks at everything, row by row.

use std::collections::HashSet;

use rusqlite::Connection;

use super::failed::Failed;
use super::read::{IS_LEASED, leased};
use super::row::{FACTS, FACTS_WIDTH, Facts, SIZES, TROUBLE, Trouble};

/// Rows whose checksums are taken in one transaction, so that the log does not wait for all.
const ROWS: i64 = 1000;

/// Problems that are told one by one at most.
const TOLD_MAX: usize = 100;

/// What must find nothing, and what it means if it does. Each gives one column: where.
const RULES: &[(&str, &str)] = &[
    (
        "a turn belongs to no message",
        "SELECT t.seq FROM turn t LEFT JOIN message m ON m.seq = t.seq
         LEFT JOIN trouble r ON r.seq = t.seq
         WHERE m.seq IS NULL OR m.queue <> t.queue OR coalesce(r.due, m.due) <> t.due
            OR iif(m.grp IS NULL, '', '=' || m.grp) <> t.grp",
    ),
    (
        "a message has a turn, though another of its key is before it",
        "SELECT t.seq FROM turn t JOIN message m ON m.seq = t.seq
         LEFT JOIN line l ON l.queue = m.queue AND l.key = m.key
         WHERE m.key IS NOT NULL AND l.head IS NOT m.seq",
    ),
    (
        "the head of a line is no message of its key",
        "SELECT l.head FROM line l LEFT JOIN message m ON m.seq = l.head
         WHERE m.seq IS NULL OR m.queue <> l.queue OR m.key IS NOT l.key",
    ),
    (
        "the tail of a line is no message of its key, or another is behind it",
        "SELECT l.tail FROM line l LEFT JOIN message m ON m.seq = l.tail
         LEFT JOIN chain c ON c.seq = l.tail
         WHERE m.seq IS NULL OR m.queue <> l.queue OR m.key IS NOT l.key OR c.seq IS NOT NULL",
    ),
    (
        "two messages stand behind each other that do not belong together",
        "SELECT c.seq FROM chain c LEFT JOIN message a ON a.seq = c.seq
         LEFT JOIN message b ON b.seq = c.next LEFT JOIN trouble r ON r.seq = c.next
         WHERE a.seq IS NULL OR b.seq IS NULL OR a.queue <> b.queue OR a.key IS NOT b.key
            OR coalesce(r.due, b.due) <> c.due OR iif(b.grp IS NULL, '', '=' || b.grp) <> c.grp
            OR (c.next < c.seq AND NOT EXISTS (SELECT 1 FROM line l
                WHERE l.queue = a.queue AND l.key = a.key AND l.head = a.seq))",
    ),
    (
        "two messages stand behind the same one",
        "SELECT next FROM chain GROUP BY next HAVING count(*) > 1",
    ),
    (
        "a message with a key stands in no line",
        "SELECT m.seq FROM message m WHERE m.key IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM line l
                WHERE l.queue = m.queue AND l.key = m.key AND l.head = m.seq)
            AND m.seq NOT IN (SELECT next FROM chain)",
    ),
    (
        "a message belongs to no queue",
        "SELECT seq FROM message WHERE queue NOT IN (SELECT id FROM queue)
         UNION ALL SELECT seq FROM dead WHERE queue NOT IN (SELECT id FROM queue)",
    ),
    (
        "there is trouble of a message that is not there",
        "SELECT seq FROM trouble WHERE seq NOT IN (SELECT seq FROM message)
            AND seq NOT IN (SELECT seq FROM dead)",
    ),
];

pub(super) fn all(db: &Connection) -> Result<Vec<String>, Failed> {
    let mut problems = Vec::new();
    let mut statement = db.prepare("PRAGMA integrity_check")?;
    let lines = statement.query_map((), |row| row.get::<_, String>(0))?;
    for line in lines {
        let line = line?;
        if line != "ok" {
            problems.push(format!("the file: {line}"));
        }
    }
    {
        let db = db.unchecked_transaction()?;
        rules(&db, &mut problems)?;
        counters(&db, &mut problems)?;
        leases(&db, &mut problems)?;
    }
    checksums(db, "message", &mut problems)?;
    checksums(db, "dead", &mut problems)?;
    let more = problems.len().saturating_sub(TOLD_MAX);
    if more > 0 {
        problems.truncate(TOLD_MAX);
        problems.push(format!("and {more} more"));
    }
    Ok(problems)
}

fn rules(db: &Connection, problems: &mut Vec<String>) -> Result<(), Failed> {
    for (words, sql) in RULES {
        let mut statement = db.prepare(sql)?;
        let found = statement.query_map((), |row| row.get::<_, i64>(0))?;
        for seq in found {
            problems.push(format!("{words} (at {})", seq?));
        }
    }
    Ok(())
}

fn counters(db: &Connection, problems: &mut Vec<String>) -> Result<(), Failed> {
    let sql = format!(
        "SELECT name, messages, bytes, dead, corrupt, in_flight,
            (SELECT count(*) FROM message m WHERE m.queue = q.id),
            (SELECT {SIZES} FROM message m WHERE m.queue = q.id)
                + (SELECT {SIZES} FROM dead m WHERE m.queue = q.id),
            (SELECT count(*) FROM dead m WHERE m.queue = q.id),
            (SELECT count(*) FROM dead m WHERE m.queue = q.id AND m.death = 'corrupt'),
            (SELECT count(*) FROM message m LEFT JOIN trouble r ON r.seq = m.seq
                WHERE m.queue = q.id AND {IS_LEASED}),
            low, (SELECT coalesce(min(seq), low) FROM message m WHERE m.queue = q.id)
         FROM queue q ORDER BY name"
    );
    let mut statement = db.prepare(&sql)?;
    let mut rows = statement.query(())?;
    while let Some(row) = rows.next()? {
        let name: String = row.get(0)?;
        let names = ["messages", "bytes", "dead", "corrupt", "in flight"];
        for (at, what) in names.into_iter().enumerate() {
            let (kept, counted): (i64, i64) = (row.get(at + 1)?, row.get(at + 6)?);
            if kept != counted {
                let words = format!("queue {name}: {what} is kept as {kept}, counted {counted}");
                problems.push(words);
            }
        }
        let (low, oldest): (i64, i64) = (row.get(11)?, row.get(12)?);
        if oldest < low {
            problems.push(format!("queue {name}: something is older than its oldest"));
        }
    }
    Ok(())
}

/// What is being sent has to be found again by the next owner.
fn leases(db: &Connection, problems: &mut Vec<String>) -> Result<(), Failed> {
    let known: HashSet<i64> = leased(db)?.into_iter().collect();
    let sql = format!(
        "SELECT m.seq FROM message m LEFT JOIN trouble r ON r.seq = m.seq WHERE {IS_LEASED}"
    );
    let mut statement = db.prepare(&sql)?;
    let found = statement.query_map((), |row| row.get::<_, i64>(0))?;
    for seq in found {
        let seq = seq?;
        if !known.contains(&seq) {
            problems.push(format!(
                "a message has neither a turn nor a lease (at {seq})"
            ));
        }
    }
    Ok(())
}

fn checksums(db: &Connection, table: &str, problems: &mut Vec<String>) -> Result<(), Failed> {
    let is_known = if table == "dead" {
        "m.death = 'corrupt'"
    } else {
        "0"
    };
    let sql = format!(
        "SELECT {FACTS}, {TROUBLE}, CAST(q.name AS BLOB), {is_known} FROM {table} m
         LEFT JOIN queue q ON q.id = m.queue LEFT JOIN trouble r ON r.seq = m.seq
         WHERE m.seq > ?1 ORDER BY m.seq LIMIT {ROWS}"
    );
    let mut statement = db.prepare(&sql)?;
    let mut last = i64::MIN;
    loop {
        let before = last;
        let mut rows = statement.query([last])?;
        while let Some(row) = rows.next()? {
            last = row.get(0)?;
            let name: Option<Vec<u8>> = row.get(FACTS_WIDTH + 8)?;
            let name = name.unwrap_or_default();
            let name = String::from_utf8_lossy(&name);
            let is_sound =
                Facts::sound(row, &name).is_some() && Trouble::read(row, FACTS_WIDTH).is_some();
            // Set aside already, and counted: nothing new.
            if !is_sound && !row.get::<_, bool>(FACTS_WIDTH + 9)? {
                problems.push(format!("a message does not match its checksum (at {last})"));
            }
        }
        if last == before {
            return Ok(());
        }
    }
}
