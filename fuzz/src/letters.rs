//! A file of queues with something of everything in it, and damage to it.

use std::collections::HashMap;
use std::path::Path;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use fusebox_queue::{
    Attempt, Death, Ending, Leased, ManualWallClock, MessageId, NewMessage, Queue, QueueSettings,
    Queues, Response, Scope,
};
use rusqlite::Connection;
use rusqlite::types::Value;

/// Longer than any answer of the queues takes on a busy machine.
pub const BOUND: Duration = Duration::from_secs(15);
const LASTS: Duration = Duration::from_secs(3600);

/// The file as it was before the damage.
#[derive(Debug)]
pub struct Letters {
    /// Its bytes.
    pub file: Vec<u8>,
    /// What is alive in the queue `q`: nothing else may ever be leased.
    pub alive: HashMap<MessageId, NewMessage>,
}

/// What was done to a file.
#[derive(Clone, Copy, Debug, Default)]
pub struct Damage {
    /// Rows of messages and of what befell them, each of which may be set aside or lost.
    pub rows: usize,
    /// Anything may be wrong: bytes, or what queues there are.
    pub anything: bool,
}

/// Made once.
pub fn letters() -> &'static Letters {
    static LETTERS: OnceLock<Letters> = OnceLock::new();
    LETTERS.get_or_init(|| {
        let folder = crate::Scratch::new();
        Letters::made(&folder.path().join("queue.db"))
    })
}

/// What never makes a message dead by itself.
pub fn settings() -> QueueSettings {
    let mut settings = QueueSettings::default();
    settings.age_max = None;
    settings.attempts_max = None;
    settings.crashes_max = None;
    settings
}

/// Opens a file as a daemon does, with chores that are never due and little room kept back.
///
/// # Errors
/// As [`fusebox_queue::QueuesBuilder::open`].
pub fn open(path: &Path, clock: &ManualWallClock) -> Result<Queues, fusebox_queue::StorageError> {
    let builder = Queues::builder().clock(clock.clone()).tick(LASTS);
    builder.room(64 << 10).open(path)
}

impl Letters {
    fn made(path: &Path) -> Self {
        let clock = ManualWallClock::new(SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 30));
        let queues = open(path, &clock).expect("a new file");
        let queue = queues.queue("q", settings()).expect("settings");
        let mut alive = HashMap::new();
        for body in ["delivered", "dead", "again", "deferred", "crashed"] {
            push(
                &queue,
                &mut alive,
                NewMessage::new(body).idempotency_key(body),
            );
        }
        let leases = queue.lease(5, LASTS).wait(BOUND).expect("leases");
        for leased in &leases.leased {
            if let Some(ending) = ending(leased) {
                if matches!(ending, Ending::Delivered { .. } | Ending::Dead { .. }) {
                    alive.remove(&leased.id);
                }
                assert_eq!(queue.settle(leased, ending).wait(BOUND), Ok(true));
            }
        }
        for body in ["a1", "b1", "a2", "a3", "b2"] {
            push(&queue, &mut alive, NewMessage::new(body).key(&body[..1]));
        }
        let with_more = NewMessage::new("grouped")
            .group("g")
            .attribute("path", "/a?b");
        push(&queue, &mut alive, with_more);
        push(&queue, &mut alive, NewMessage::new(vec![7; 5_000]));
        let other = Scope::Group("other".to_owned(), "h".to_owned());
        let paused = queues.pause(other, "a reason", "somebody").wait(BOUND);
        paused.expect("a pause");
        queues.close(BOUND).expect("an end");
        drop((queue, queues));
        // What is in the log goes into the file.
        let database = Connection::open(path).expect("the file");
        let written = database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |row| row.get(0));
        assert_eq!(written, Ok(0));
        drop(database);
        Self {
            file: std::fs::read(path).expect("the file"),
            alive,
        }
    }
}

fn push(queue: &Queue, alive: &mut HashMap<MessageId, NewMessage>, message: NewMessage) {
    let pushed = queue.push(message.clone()).wait(BOUND).expect("a push");
    alive.insert(pushed.id, message);
}

fn ending(leased: &Leased) -> Option<Ending> {
    let attempt = Attempt {
        at: 1 << 40,
        class: "status".to_owned(),
        error: "503".to_owned(),
    };
    let response = Response {
        status: 200,
        headers: vec![("content-type".to_owned(), "text/plain".to_owned())],
        body: "thanks".into(),
    };
    match &leased.body[..] {
        b"delivered" => Some(Ending::Delivered {
            response: Some(response),
        }),
        b"dead" => Some(Ending::Dead {
            death: Death::Refused,
            attempt,
            response: None,
            uncertain: false,
        }),
        b"again" => Some(Ending::Again {
            due: 1 << 40,
            attempt,
            counts: true,
            uncertain: true,
        }),
        b"deferred" => Some(Ending::Deferred {
            due: None,
            uncertain: false,
        }),
        _ => None,
    }
}

/// Damages a file by the lines of an input:
///
/// - `@OFFSET HEX` overwrites bytes, `%SIZE` cuts the file off;
/// - `TABLE ROW COLUMN VALUE` changes a value (a number, `'text`, `x` with hex digits, `-` for
///   nothing), `TABLE ROW` deletes a row.
///
/// What cannot be done is left undone.
pub fn damage(path: &Path, input: &str) -> Damage {
    let mut damage = Damage::default();
    let (bytes, rows): (Vec<_>, Vec<_>) =
        input.lines().partition(|line| line.starts_with(['@', '%']));
    let database = Connection::open(path).expect("a file");
    for line in rows.into_iter().take(LINES_MAX) {
        let mut words = line.splitn(4, ' ');
        let mut word = || words.next().unwrap_or_default();
        let (table, row, column, value) = (word(), word(), word(), word());
        let Some((_, key)) = TABLES.iter().find(|(name, _)| *name == table) else {
            continue;
        };
        if changed(&database, (table, key), row, (column, value)) {
            match table {
                "message" | "trouble" => damage.rows += 1,
                "queue" | "pause" => damage.anything = true,
                _ => {}
            }
        }
    }
    drop(database);
    let mut file = std::fs::read(path).expect("a file");
    for line in bytes.into_iter().take(LINES_MAX) {
        damage.anything |= overwritten(&mut file, line);
    }
    std::fs::write(path, file).expect("a file");
    damage
}

const LINES_MAX: usize = 16;

/// The tables and their keys.
const TABLES: &[(&str, &str)] = &[
    ("queue", "id"),
    ("message", "seq"),
    ("trouble", "seq"),
    ("turn", "queue, grp, due, seq"),
    ("line", "queue, key"),
    ("chain", "seq"),
    ("lease", "token"),
    ("dead", "seq"),
    ("receipt", "seq"),
    ("pause", "id"),
];

fn changed(
    database: &Connection,
    (table, key): (&str, &str),
    row: &str,
    (column, text): (&str, &str),
) -> bool {
    let Ok(row) = row.parse::<u8>() else {
        return false;
    };
    let one = format!("({key}) IN (SELECT {key} FROM {table} ORDER BY {key} LIMIT 1 OFFSET {row})");
    let done = if column.is_empty() {
        database.execute(&format!("DELETE FROM {table} WHERE {one}"), ())
    } else if column
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    {
        let sql = format!("UPDATE {table} SET {column} = ?1 WHERE {one}");
        database.execute(&sql, [value(text)])
    } else {
        return false;
    };
    done.is_ok_and(|rows| rows > 0)
}

fn value(text: &str) -> Value {
    if let Some(text) = text.strip_prefix('\'') {
        return Value::Text(text.to_owned());
    }
    if let Some(bytes) = text.strip_prefix('x').and_then(hex) {
        return Value::Blob(bytes);
    }
    text.parse().map_or(Value::Null, Value::Integer)
}

fn overwritten(file: &mut Vec<u8>, line: &str) -> bool {
    if let Some(size) = line.strip_prefix('%') {
        let size = size.parse().unwrap_or(usize::MAX);
        let shorter = size < file.len();
        file.truncate(size);
        return shorter;
    }
    let Some((offset, bytes)) = line[1..].split_once(' ') else {
        return false;
    };
    let (Ok(offset), Some(bytes)) = (offset.parse::<usize>(), hex(bytes)) else {
        return false;
    };
    let offset = offset.min(file.len());
    let end = file.len().min(offset + bytes.len());
    file[offset..end].copy_from_slice(&bytes[..end - offset]);
    end > offset
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes().chunks_exact(2);
    let byte = |two: &[u8]| u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok();
    digits.map(byte).collect()
}
