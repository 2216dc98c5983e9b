//! Pauses: of everything, of a queue, of a group.

use rusqlite::{OptionalExtension, Row, params};

use super::book::scope;
use super::failed::Failed;
use super::row::number;
use super::work::Work;
use crate::clock;
use crate::record::{Pause, Scope};
use crate::storage::{Groups, PauseOrder};

/// The columns of [`read`].
pub(super) const PAUSE: &str = "queue, grp, paused, epoch, reason, author, since";

/// A row of `pause`; how many are in flight is counted elsewhere.
pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Pause> {
    Ok(Pause {
        scope: scope(row.get(0)?, row.get(1)?),
        paused: row.get(2)?,
        epoch: number(row.get(3)?),
        reason: row.get(4)?,
        by: row.get(5)?,
        since: clock::time(row.get(6)?),
        in_flight: 0,
    })
}

fn names(scope: &Scope) -> (Option<&str>, Option<&str>) {
    match scope {
        Scope::Everything => (None, None),
        Scope::Queue(queue) => (Some(queue), None),
        Scope::Group(queue, group) => (Some(queue), Some(group)),
    }
}

impl Work<'_> {
    pub(super) fn pause(&mut self, order: &PauseOrder) -> Result<Vec<Pause>, Failed> {
        let mut done = vec![self.set_pause(order, &order.scope, true)?];
        if order.groups == Groups::Along {
            done.extend(self.pause_groups(order)?);
        }
        Ok(done)
    }

    /// Those of the scope that have messages and are not paused by themselves yet.
    fn pause_groups(&mut self, order: &PauseOrder) -> Result<Vec<Pause>, Failed> {
        let mut groups = self.used_groups(&order.scope)?;
        groups.retain(|group| !self.book.paused.contains(group));
        let groups = groups.iter();
        groups
            .map(|group| self.set_pause(order, group, true))
            .collect()
    }

    /// The groups of a scope that have messages. Each message is looked at once.
    fn used_groups(&self, scope: &Scope) -> Result<Vec<Scope>, Failed> {
        let (queue, group) = names(scope);
        if group.is_some() {
            return Ok(Vec::new());
        }
        let sql = "SELECT DISTINCT q.name, m.grp FROM message m JOIN queue q ON q.id = m.queue
                   WHERE m.grp IS NOT NULL AND (?1 IS NULL OR q.name = ?1) ORDER BY 1, 2";
        let mut statement = self.db.prepare_cached(sql)?;
        let groups =
            statement.query_map([queue], |row| Ok(Scope::Group(row.get(0)?, row.get(1)?)))?;
        Ok(groups.collect::<Result<_, _>>()?)
    }

    /// `Err`: the epoch in force, 0 if it was never paused.
    pub(super) fn resume(
        &mut self,
        order: &PauseOrder,
        epoch: Option<u64>,
    ) -> Result<Result<Vec<Pause>, u64>, Failed> {
        let now = self.find_pause(&order.scope)?;
        let found = now.as_ref().map_or(0, |now| now.epoch);
        let is_stale = epoch.is_some_and(|epoch| epoch != found);
        if is_stale || now.is_none() && order.groups != Groups::Along {
            return Ok(Err(found));
        }
        let mut left = Vec::new();
        if let (Groups::Left, Some(now)) = (order.groups, &now)
            && now.paused
        {
            left = self.pause_groups(&order.as_in(now))?;
        }
        let now = match now {
            Some(mut now) if !now.paused => {
                now.in_flight = self.in_flight(&now.scope);
                now
            }
            _ => self.set_pause(order, &order.scope, false)?,
        };
        let mut done = vec![now];
        done.extend(left);
        if order.groups == Groups::Along {
            let paused = self.book.paused.iter();
            let inner = paused.filter(|scope| scope.is_in(&order.scope));
            let mut inner: Vec<_> = inner.cloned().collect();
            inner.sort_unstable();
            for scope in inner {
                done.push(self.set_pause(order, &scope, false)?);
            }
        }
        Ok(Ok(done))
    }

    fn set_pause(
        &mut self,
        order: &PauseOrder,
        scope: &Scope,
        paused: bool,
    ) -> Result<Pause, Failed> {
        let (queue, group) = names(scope);
        let values = params![queue, group, paused, order.reason, order.by, order.at];
        let sql = "UPDATE pause SET paused = ?3, epoch = epoch + 1, reason = ?4, author = ?5,
                       since = ?6 WHERE queue IS ?1 AND grp IS ?2";
        if self.run(sql, values)? == 0 {
            let sql = "INSERT INTO pause (queue, grp, paused, epoch, reason, author, since)
                       VALUES (?1, ?2, ?3, 1, ?4, ?5, ?6)";
            self.run(sql, values)?;
        }
        if paused {
            self.book.paused.insert(scope.clone());
        } else {
            self.book.paused.remove(scope);
        }
        let pause = self.find_pause(scope)?;
        let mut pause = pause.ok_or_else(|| Failed::Damaged("a pause vanished".to_owned()))?;
        pause.in_flight = self.in_flight(scope);
        Ok(pause)
    }

    fn find_pause(&self, scope: &Scope) -> Result<Option<Pause>, Failed> {
        let (queue, group) = names(scope);
        let sql = format!("SELECT {PAUSE} FROM pause WHERE queue IS ?1 AND grp IS ?2");
        let mut statement = self.db.prepare_cached(&sql)?;
        Ok(statement.query_row((queue, group), read).optional()?)
    }

    fn in_flight(&self, scope: &Scope) -> u64 {
        let (queue, group) = names(scope);
        let queue = queue.map(|queue| self.book.ids.get(queue).copied());
        let held = self.book.all_held().filter(|(_, held)| {
            queue.is_none_or(|queue| queue == Some(held.queue))
                && group.is_none_or(|group| held.grp.as_deref() == Some(group))
        });
        held.count() as u64
    }

    /// Whether nothing of this queue is leased.
    pub(super) fn is_paused(&self, queue: &str) -> bool {
        let paused = &self.book.paused;
        !paused.is_empty()
            && (paused.contains(&Scope::Everything)
                || paused.contains(&Scope::Queue(queue.to_owned())))
    }

    pub(super) fn is_group_paused(&self, queue: &str, group: &str) -> bool {
        let paused = &self.book.paused;
        !paused.is_empty() && paused.contains(&Scope::Group(queue.to_owned(), group.to_owned()))
    }
}
