//! Pages of messages.

use rusqlite::Connection;
use rusqlite::types::Value;
use rusqlite::{OptionalExtension, params_from_iter};

use super::failed::Failed;
use super::read::{Table, record};
use crate::id::MessageId;
use crate::record::{Page, Query, Record};

/// Items of a page at most.
const PAGE_MAX: usize = 1000;

pub(super) fn page(db: &Connection, query: &Query) -> Result<Page<Record>, Failed> {
    let limit = query.limit.clamp(1, PAGE_MAX);
    let mut items = Vec::new();
    let mut next = None;
    let Some((sql, values)) = select(db, query, limit + 1)? else {
        return Ok(Page { items, next });
    };
    let table = table(query);
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(values))?;
    while let Some(row) = rows.next()? {
        if items.len() == limit {
            next = items.last().map(|last: &Record| last.id);
            break;
        }
        items.push(record(row, table)?);
    }
    Ok(Page { items, next })
}

fn table(query: &Query) -> Table {
    if query.dead {
        Table::Dead
    } else {
        Table::Alive
    }
}

/// `None`: there is no such queue.
fn select(
    db: &Connection,
    query: &Query,
    rows: usize,
) -> Result<Option<(String, Vec<Value>)>, Failed> {
    let mut sql = table(query).select();
    sql.push_str(" WHERE m.seq > ?");
    let mut values = vec![Value::Integer(query.after.map_or(i64::MIN, MessageId::seq))];
    if let Some(queue) = &query.queue {
        let of = "SELECT id, low FROM queue WHERE name = ?1";
        let mut statement = db.prepare_cached(of)?;
        let found = statement.query_row([queue], |row| Ok((row.get(0)?, row.get(1)?)));
        let Some((id, low)) = found.optional()? else {
            return Ok(None);
        };
        sql.push_str(" AND m.queue = ?");
        values.push(Value::Integer(id));
        if !query.dead {
            sql.push_str(" AND m.seq >= ?");
            values.push(Value::Integer(low));
        }
    }
    for (condition, value) in [
        (" AND m.key = ?", &query.key),
        (" AND m.grp = ?", &query.group),
    ] {
        if let Some(value) = value {
            sql.push_str(condition);
            values.push(Value::Text(value.clone()));
        }
    }
    sql.push_str(&format!(" ORDER BY m.seq LIMIT {rows}"));
    Ok(Some((sql, values)))
}
