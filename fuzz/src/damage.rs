//! Damage to a file of `SQLite`.

use std::path::Path;

use rusqlite::Connection;
use rusqlite::types::Value;

/// Tables with their keys.
pub type Tables = &'static [(&'static str, &'static str)];

/// What was done to a file.
#[derive(Clone, Debug, Default)]
pub struct Damage {
    /// The table of each row that was changed or taken out.
    pub rows: Vec<&'static str>,
    /// Bytes are others, or are gone.
    pub bytes: bool,
}

impl Damage {
    /// How many rows of these tables are not as they were.
    pub fn rows_of(&self, tables: &[&str]) -> usize {
        let of = self.rows.iter().filter(|table| tables.contains(table));
        of.count()
    }
}

/// The bytes of a file that nobody has open, with what stood in its log.
///
/// # Panics
/// It is no file of ours, or somebody has it open.
pub fn whole(path: &Path) -> Vec<u8> {
    let database = Connection::open(path).expect("the file");
    let written = database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |row| row.get(0));
    assert_eq!(written, Ok(0));
    drop(database);
    std::fs::read(path).expect("the file")
}

/// Damages a file by the lines of an input:
///
/// - `@OFFSET HEX` overwrites bytes, `%SIZE` cuts the file off;
/// - `TABLE ROW COLUMN VALUE` changes a value (a number, `'text`, `x` with hex digits, `-` for
///   nothing), `TABLE ROW` deletes a row.
///
/// What cannot be done is left undone.
pub fn damage(path: &Path, input: &str, tables: Tables) -> Damage {
    let mut damage = Damage::default();
    let (bytes, rows): (Vec<_>, Vec<_>) =
        input.lines().partition(|line| line.starts_with(['@', '%']));
    let database = Connection::open(path).expect("a file");
    for line in rows.into_iter().take(LINES_MAX) {
        let mut words = line.splitn(4, ' ');
        let mut word = || words.next().unwrap_or_default();
        let (table, row, column, value) = (word(), word(), word(), word());
        let Some((table, key)) = tables.iter().find(|(name, _)| *name == table) else {
            continue;
        };
        if changed(&database, (table, key), row, (column, value)) {
            damage.rows.push(table);
        }
    }
    drop(database);
    let mut file = std::fs::read(path).expect("a file");
    for line in bytes.into_iter().take(LINES_MAX) {
        damage.bytes |= overwritten(&mut file, line);
    }
    std::fs::write(path, file).expect("a file");
    damage
}

const LINES_MAX: usize = 16;

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
