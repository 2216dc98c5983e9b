//! What is read of the book.

use std::sync::Arc;

use super::row::{Row, Stands, without_content};
use super::{Book, count};
use crate::clock;
use crate::record::{Death, Depth, Page, Query, Record};

/// Items of a page at most.
const PAGE_MAX: usize = 1000;

impl Book {
    pub(super) fn page(&self, query: &Query) -> Page<Record> {
        let after = query.after.map_or(i64::MIN, |id| id.seq() + 1);
        let limit = query.limit.clamp(1, PAGE_MAX);
        let rows = self.messages.range(after..).map(|(_, row)| row);
        let mut found = rows.filter(|row| asked_for(row, query));
        let items: Vec<_> = found.by_ref().take(limit).collect();
        let next = found.next().and(items.last()).map(|row| row.id);
        let items = items.into_iter().map(|row| without_content(row.record()));
        Page {
            items: items.collect(),
            next,
        }
    }

    pub(super) fn depth(&self, queue: &Arc<str>) -> Depth {
        let rows = || self.of(queue);
        let waiting = || rows().filter(|row| row.stands == Stands::Waiting);
        let is_corrupt = |row: &&Row| {
            let death = Death::Corrupt;
            matches!(row.stands, Stands::Dead { death: found, .. } if found == death)
        };
        let next_due = self.firsts(queue).into_iter().map(|row| row.due).min();
        let bytes = rows().filter(|row| row.counts()).map(|r| r.message.size());
        Depth {
            queue: queue.to_string(),
            messages: count(rows().filter(|row| row.is_alive())),
            bytes: bytes.sum(),
            dead: count(rows().filter(|row| row.is_dead())),
            corrupt: count(rows().filter(is_corrupt)),
            in_flight: count(rows().filter(|row| row.is_leased())),
            oldest: waiting().next().map(|row| row.id.time()),
            next_due: next_due.map(clock::time),
        }
    }
}

fn asked_for(row: &Row, query: &Query) -> bool {
    let is_or_any = |asked: &Option<String>, found: Option<&str>| {
        asked.as_deref().is_none_or(|asked| found == Some(asked))
    };
    let kind = if query.dead {
        row.is_dead()
    } else {
        row.is_alive()
    };
    kind && is_or_any(&query.queue, Some(&row.queue))
        && is_or_any(&query.key, row.key())
        && is_or_any(&query.group, row.message.group.as_deref())
}
