//! One transaction: carries out orders, one after the other.

use rusqlite::{Connection, OptionalExtension, Params, Row};

use super::book::Book;
use super::failed::Failed;
use crate::storage::{Done, Order};

/// The transaction that runs, and what its owner knows by heart.
#[derive(Debug)]
pub(super) struct Work<'a> {
    pub(super) db: &'a Connection,
    pub(super) book: &'a mut Book,
    /// While the disk is full, answers are kept without their bodies: these are what a settled
    /// message leaves behind, and the room is for settling.
    pub(super) is_full: bool,
}

impl Work<'_> {
    pub(super) fn carry_out(&mut self, orders: &[Order]) -> Result<Vec<Done>, Failed> {
        let mut done = Vec::with_capacity(orders.len());
        for order in orders {
            done.push(self.one(order)?);
        }
        for queue in std::mem::take(&mut self.book.broken) {
            self.make_turns_anew(queue)?;
            self.book.miscounted.insert(queue);
        }
        for queue in std::mem::take(&mut self.book.miscounted) {
            self.count_anew(queue)?;
        }
        self.book.write(self.db)?;
        Ok(done)
    }

    fn one(&mut self, order: &Order) -> Result<Done, Failed> {
        Ok(match order {
            Order::Push(push) => Done::Push(self.push(push)?),
            Order::Lease(lease) => Done::Lease(self.lease(lease)?),
            Order::Settle(settle) => Done::Settle(self.settle(settle)?),
            Order::Pause(order) => Done::Pause(self.pause(order)?),
            Order::Resume(order, epoch) => Done::Resume(self.resume(order, *epoch)?),
            Order::Retry { selection, at } => Done::Retry(self.retry(selection, *at)?),
            Order::Discard { selection } => Done::Discard(self.discard(selection)?),
            Order::Expire {
                queue,
                before,
                at,
                max,
            } => {
                let (killed, is_more) = self.expire(queue, *before, *at, *max)?;
                Done::Expire(killed, is_more)
            }
            Order::Forget { queue, before, max } => {
                Done::Forget(self.forget(queue, *before, *max)?)
            }
        })
    }

    /// Runs a statement; how many rows it changed.
    pub(super) fn run(&self, sql: &str, values: impl Params) -> Result<usize, Failed> {
        Ok(self.db.prepare_cached(sql)?.execute(values)?)
    }

    /// The first row, if there is one.
    pub(super) fn first<T>(
        &self,
        sql: &str,
        values: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, Failed> {
        let mut statement = self.db.prepare_cached(sql)?;
        Ok(statement.query_row(values, read).optional()?)
    }
}
