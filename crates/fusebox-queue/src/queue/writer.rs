//! The thread that has the storage: it commits whatever waits, all at once, and answers after that.
//!
//! There is no timer for batches: what came while one was committed is the next. When the disk is
//! full, the pushes of a batch are refused and the rest is committed without them, so that messages
//! still leave.

use std::sync::Arc;
use std::time::Duration;

use super::asked::{Asked, Waiter};
use super::inbox::Batch;
use super::shared::{Presence, Shared};
use super::sweep::Sweep;
use crate::StorageError;
use crate::clock::{Millis, millis};
use crate::id::{MessageId, Places};
use crate::storage::{Done, Order, Reader, Storage};

pub(super) struct Writer<S> {
    pub(super) storage: S,
    pub(super) shared: Arc<Shared>,
    /// For depths and pauses: what is committed is seen at once.
    eyes: Box<dyn Reader>,
    places: Places,
    sweep: Sweep,
    /// Something was done since the depths were read.
    unseen: bool,
}

impl<S: Storage> Writer<S> {
    /// Reads where the last process ended.
    pub(super) fn new(mut storage: S, shared: &Arc<Shared>) -> Result<Self, StorageError> {
        let eyes = storage.reader()?;
        let last = storage.last_seq()?;
        shared.is_after(millis(MessageId::new(last, 0).time()));
        let places = Places::after(last);
        let shared = Arc::clone(shared);
        let mut writer = Self {
            storage,
            shared,
            eyes,
            places,
            sweep: Sweep::default(),
            unseen: false,
        };
        writer.look()?;
        writer.show();
        Ok(writer)
    }

    pub(super) fn run(self, presence: Presence) {
        // The storage goes first, also in a panic: who waits for the end may open the place again.
        let _presence = presence;
        let mut writer = self;
        while writer.turn() {}
    }

    /// `false`: it was the last.
    fn turn(&mut self) -> bool {
        let at_most = if self.sweep.has_more() {
            Duration::ZERO
        } else {
            self.shared.tick
        };
        match self.shared.inbox.take(at_most) {
            Batch::Of(batch) => {
                self.commit(batch);
                self.shared.set_room(self.storage.has_room());
                if self.sweep.is_due(self.shared.now(), self.shared.tick) {
                    self.chores();
                }
                true
            }
            Batch::Nothing => {
                self.chores();
                true
            }
            Batch::End => false,
        }
    }

    fn commit(&mut self, batch: Vec<Asked>) {
        let at = self.shared.now();
        let (mut orders, mut waiters) = (Vec::new(), Vec::new());
        for asked in batch {
            let name = || self.name(at);
            if let Some((order, waiter)) = asked.into_order(at, name) {
                orders.push(order);
                waiters.push(waiter);
            }
        }
        match self.try_commit(&orders) {
            Ok(done) => self.answer(waiters, done),
            Err(full @ StorageError::Full { .. }) => {
                let batch = orders.into_iter().zip(waiters).collect();
                self.commit_without_pushes(batch, &full);
            }
            Err(error) => self.fail(waiters, &error),
        }
    }

    /// The disk is full: the storage is told to make room, and what drains goes on.
    fn commit_without_pushes(&mut self, batch: Vec<(Order, Waiter)>, full: &StorageError) {
        let is_push = |(_, waiter): &(_, Waiter)| waiter.is_push();
        let (pushes, rest): (Vec<_>, Vec<_>) = batch.into_iter().partition(is_push);
        for (_, waiter) in pushes {
            waiter.failed(full);
        }
        if let Err(error) = self.storage.tend() {
            self.note(&error);
        }
        self.show();
        let (orders, waiters): (Vec<_>, Vec<_>) = rest.into_iter().unzip();
        if orders.is_empty() {
            return;
        }
        match self.try_commit(&orders) {
            Ok(done) => self.answer(waiters, done),
            Err(StorageError::Full { .. }) if orders.len() > 1 => {
                // There may be room for some of them: each for itself.
                for (order, waiter) in orders.iter().zip(waiters) {
                    match self.try_commit(std::slice::from_ref(order)) {
                        Ok(done) => self.answer(vec![waiter], done),
                        Err(error) => self.fail(vec![waiter], &error),
                    }
                }
            }
            Err(error) => self.fail(waiters, &error),
        }
    }

    /// One that nobody asked for, and that is not counted.
    pub(super) fn commit_chore(&mut self, orders: &[Order]) -> Option<Vec<Done>> {
        let done = self.storage.commit(orders);
        if let Err(error) = &done {
            self.note(error);
        }
        done.ok()
    }

    fn try_commit(&mut self, orders: &[Order]) -> Result<Vec<Done>, StorageError> {
        self.unseen = true;
        let begin = self.shared.clock.now();
        let done = self.storage.commit(orders);
        let took = self.shared.clock.now().duration_since(begin);
        match &done {
            // A clock that was set back in between measured nothing.
            Ok(_) => {
                let mut stats = self.shared.stats();
                stats.committed(orders.len(), took.unwrap_or_default());
            }
            Err(error) => self.note(error),
        }
        done
    }

    fn answer(&mut self, waiters: Vec<Waiter>, done: Vec<Done>) {
        let is_about_any = waiters.iter().any(Waiter::is_about_any_queue);
        if is_about_any {
            // Before anybody is told, who could ask at once.
            self.know_nothing();
        }
        for (waiter, done) in waiters.into_iter().zip(done) {
            waiter.done(done, &self.shared);
        }
        if is_about_any {
            self.look_again();
        }
    }

    /// Nobody knows how much of it was done.
    fn fail(&mut self, waiters: Vec<Waiter>, error: &StorageError) {
        self.look_again();
        for waiter in waiters {
            waiter.failed(error);
        }
        self.show();
    }

    fn name(&mut self, at: Millis) -> Result<MessageId, StorageError> {
        let random = getrandom::u64().map_err(|error| StorageError::Failed {
            place: "the system's random numbers".to_owned(),
            detail: error.to_string(),
        })?;
        Ok(MessageId::new(self.places.next(at), random))
    }

    fn chores(&mut self) {
        if let Err(error) = self.storage.tend() {
            self.note(&error);
        }
        let mut sweep = std::mem::take(&mut self.sweep);
        self.unseen |= sweep.run(self);
        self.sweep = sweep;
        if self.unseen {
            self.look_again();
        }
        self.show();
    }

    /// Reads how much each queue holds and what is paused.
    fn look(&mut self) -> Result<(), StorageError> {
        self.shared.look_like(self.eyes.depths()?);
        self.shared.pauses.put_all(self.eyes.pauses()?);
        self.unseen = false;
        Ok(())
    }

    /// The same; if it fails, nothing is taken for known.
    fn look_again(&mut self) {
        if let Err(error) = self.look() {
            self.note(&error);
            self.unseen = true;
            self.know_nothing();
        }
    }

    fn know_nothing(&self) {
        for line in self.shared.all_lines() {
            line.is_unknown();
        }
    }

    fn note(&self, error: &StorageError) {
        let mut stats = self.shared.stats();
        let is_new = stats.last_error.is_none();
        stats.failed(error);
        drop(stats);
        if is_new {
            tracing::warn!(%error, "the queue's storage failed");
        }
    }

    /// Figures of the storage, for everybody to see.
    fn show(&self) {
        let figures = self.storage.figures();
        let has_room = self.storage.has_room();
        self.shared.set_room(has_room);
        let mut stats = self.shared.stats();
        stats.wal_bytes = figures.wal_bytes;
        stats.free_bytes = figures.free_bytes;
    }
}
