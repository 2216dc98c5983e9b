//! One transaction: carries out orders, one after the other.

use rusqlite::{Connection, OptionalExtension, Params, Row};

use super::book::Book;
use super::failed::Failed;
use super::settle::Delivery;
use crate::storage::{Done, Ending, Order};

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
        // What arrived is settled together: most of a drain's cost is that of its statements.
        for orders in orders.chunk_by(|one, next| delivery(one).and(delivery(next)).is_some()) {
            match delivery(&orders[0]) {
                Some(_) => self.deliver(orders.iter().filter_map(delivery), &mut done)?,
                None => done.push(self.one(&orders[0])?),
            }
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

/// An order that settles a message that arrived.
fn delivery(order: &Order) -> Option<Delivery<'_>> {
    match order {
        Order::Settle(settle) => match &settle.ending {
            Ending::Delivered { response } => Some((settle, response.as_ref())),
            _ => None,
        },
        _ => None,
    }
}

/// Places as one value, which statements read with `json_each`.
pub(super) fn places_text(places: impl IntoIterator<Item = i64>) -> String {
    let mut text = String::from("[");
    for place in places {
        if text.len() > 1 {
            text.push(',');
        }
        text.push_str(&place.to_string());
    }
    text.push(']');
    text
}
