//! A storage in memory: the model that every other one is held to, and a queue for tests and
//! programs that need no more.
//!
//! It is written to be seen right: maps, whole scans, one thing after the other. The price is
//! that an order looks at every message of its queue.

mod ask;
mod carry;
mod lease;
mod row;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Done, Order, Reader, Storage, StorageError, StorageFigures};
use crate::record::{Depth, Group, Page, Pause, Query, Record, Scope};
use crate::{MessageId, clock};
use row::Row;

/// One process's view of the book: leases of another owner are crashes.
#[derive(Debug)]
pub(crate) struct Memory {
    book: Arc<Mutex<Book>>,
    owner: u64,
}

/// All that is kept.
#[derive(Debug, Default)]
struct Book {
    /// By their places.
    messages: BTreeMap<i64, Row>,
    /// Every queue that a message was ever pushed to.
    queues: BTreeSet<Arc<str>>,
    pauses: BTreeMap<Scope, Paused>,
    last_seq: i64,
    last_token: u64,
    /// The one whose leases are in force.
    owner: u64,
}

#[derive(Clone, Debug)]
struct Paused {
    paused: bool,
    epoch: u64,
    reason: String,
    by: String,
    since: super::At,
}

impl Memory {
    /// An empty one.
    pub(crate) fn new() -> Self {
        Self {
            book: Arc::default(),
            owner: 0,
        }
    }

    /// The same content with a new owner, as after a crash of the process: the one before must not
    /// be used any more.
    #[cfg(test)]
    pub(crate) fn reopen(&self) -> Self {
        let mut book = self.lock();
        book.owner += 1;
        Self {
            book: Arc::clone(&self.book),
            owner: book.owner,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        lock(&self.book)
    }
}

fn lock(book: &Mutex<Book>) -> MutexGuard<'_, Book> {
    book.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Storage for Memory {
    fn last_seq(&mut self) -> Result<i64, StorageError> {
        Ok(self.lock().last_seq)
    }

    fn commit(&mut self, orders: &[Order]) -> Result<Vec<Done>, StorageError> {
        let mut book = self.lock();
        debug_assert_eq!(book.owner, self.owner, "it was opened again by another one");
        Ok(orders.iter().map(|order| book.carry_out(order)).collect())
    }

    fn tend(&mut self) -> Result<(), StorageError> {
        Ok(())
    }

    fn has_room(&self) -> bool {
        true
    }

    fn reader(&mut self) -> Result<Box<dyn Reader>, StorageError> {
        Ok(Box::new(Eyes(Arc::clone(&self.book))))
    }

    fn figures(&self) -> StorageFigures {
        StorageFigures::default()
    }
}

/// Reads the book between two orders.
struct Eyes(Arc<Mutex<Book>>);

impl Reader for Eyes {
    fn message(&mut self, id: MessageId) -> Result<Option<Record>, StorageError> {
        Ok(lock(&self.0).find(id).map(Row::record))
    }

    fn messages(&mut self, query: &Query) -> Result<Page<Record>, StorageError> {
        Ok(lock(&self.0).page(query))
    }

    fn by_idempotency_key(
        &mut self,
        queue: &str,
        key: &str,
    ) -> Result<Option<Record>, StorageError> {
        let book = lock(&self.0);
        let named = |row: &&Row| row.message.idempotency_key.as_deref() == Some(key);
        Ok(book.of(queue).find(named).map(Row::record))
    }

    fn has_backlog(&mut self, queue: &str, key: &str) -> Result<bool, StorageError> {
        let book = lock(&self.0);
        let mut of_key = book.of(queue).filter(|row| row.key() == Some(key));
        Ok(of_key.any(Row::is_alive))
    }

    fn depths(&mut self) -> Result<Vec<Depth>, StorageError> {
        let book = lock(&self.0);
        Ok(book.queues.iter().map(|queue| book.depth(queue)).collect())
    }

    fn groups(&mut self, queue: &str) -> Result<Vec<Group>, StorageError> {
        let book = lock(&self.0);
        let mut groups = BTreeMap::<String, u64>::new();
        let alive = book.of(queue).filter(|row| row.is_alive());
        for name in alive.filter_map(|row| row.message.group.clone()) {
            *groups.entry(name).or_default() += 1;
        }
        let groups = groups.into_iter();
        Ok(groups
            .map(|(name, messages)| Group { name, messages })
            .collect())
    }

    fn pauses(&mut self) -> Result<Vec<Pause>, StorageError> {
        let book = lock(&self.0);
        Ok(book.pauses.keys().filter_map(|s| book.pause(s)).collect())
    }

    fn check(&mut self) -> Result<Vec<String>, StorageError> {
        // Nothing can be damaged here without all of the process being so.
        Ok(Vec::new())
    }
}

impl Book {
    /// Every message of a queue, in order of places.
    fn of<'a, 'q>(&'a self, queue: &'q str) -> impl Iterator<Item = &'a Row> + use<'a, 'q> {
        let rows = self.messages.values();
        rows.filter(move |row| &*row.queue == queue)
    }

    /// The message of this name: a place alone can be guessed.
    fn find(&self, id: MessageId) -> Option<&Row> {
        let row = self.messages.get(&id.seq());
        row.filter(|row| row.id == id)
    }

    /// A pause as it is told.
    fn pause(&self, scope: &Scope) -> Option<Pause> {
        let paused = self.pauses.get(scope)?;
        Some(paused.told(scope, self.in_flight(scope)))
    }

    fn in_flight(&self, scope: &Scope) -> u64 {
        let rows = self.messages.values();
        count(rows.filter(|row| row.is_leased() && row.is_in(scope)))
    }
}

impl Paused {
    fn told(&self, scope: &Scope, in_flight: u64) -> Pause {
        Pause {
            scope: scope.clone(),
            paused: self.paused,
            epoch: self.epoch,
            reason: self.reason.clone(),
            by: self.by.clone(),
            since: clock::time(self.since),
            in_flight,
        }
    }
}

fn count<T>(items: impl Iterator<Item = T>) -> u64 {
    items.map(|_| 1).sum()
}
