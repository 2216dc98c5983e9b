//! Where messages are kept: the trait that every storage has.
//!
//! A storage carries out *orders* and decides nothing that depends on breakers, pace or settings:
//! whoever gives an order says how it is to end. What a storage does decide stands here, and the
//! contract suite (`contract`) holds every storage to it:
//!
//! - **Order.** Of the messages with one key in one queue only the oldest that is alive is ever
//!   leased, and only while none of them is; dead ones are passed over. A retried dead letter
//!   comes before all that wait with its key, since its place is the older one.
//! - **Turn.** Among those that may be leased, the one that has been due for longest goes first;
//!   at the same instant the older one. If none may be leased now, the answer says when the next
//!   one is due that could be.
//! - **Pauses.** Nothing of a paused scope is leased. Pausing and leasing are orders like others,
//!   so a lease sees every pause before it.
//! - **Leases.** A lease lasts until the first lease order of its queue that finds its time over or
//!   its owner gone; who settles after its time but before that has settled. Every lease has a
//!   token of its own.
//! - **Crashes.** Ended like that, it is a crash: the message has one crash more, may have arrived,
//!   and is a *suspect*. A suspect is leased only while nothing else of its queue
//!   is, and nothing else of its queue while a suspect is, so that the one that kills its sender
//!   is told from those that stood beside it. With as many crashes as a lease order allows, it is
//!   dead instead. A suspect whose turn it is holds back what comes after it until it can go alone.
//!   One that is settled without a crash is none any more.
//! - **Age.** It counts from the push, or from the retry of a dead letter. What is too old dies
//!   when its turn comes, or by an order to expire.
//! - **Bounds.** A push counts against the messages and bytes of its queue, dead letters included.
//!   A repeat is answered, also by a full queue.
//! - **Memory.** A delivered message is remembered with its answer and its idempotency key until
//!   an order to forget; so is the key of a dead one while it is there. The same key with another
//!   body, key, group or attributes is another message.

#[cfg(test)]
mod contract;
mod memory;
mod order;
#[cfg(feature = "sqlite")]
mod sqlite;

pub(crate) use memory::Memory;
pub use order::Ending;
pub(crate) use order::{
    Done, Groups, Lease, LeasesTaken, Order, PauseOrder, Push, PushLimits, PushRefused, Settle,
};
#[cfg(feature = "sqlite")]
pub(crate) use sqlite::{ROOM, Sqlite, look};

use crate::clock::Millis;
use crate::error::StorageError;
use crate::id::MessageId;
use crate::record::{Depth, Group, Page, Pause, Query, Record};

/// A place that keeps messages. Blocking: only the writer's thread calls it.
pub(crate) trait Storage: Send + 'static {
    /// The greatest place that it ever gave to a message, 0 at the first start.
    fn last_seq(&mut self) -> Result<i64, StorageError>;

    /// Carries out all orders, in order, in one transaction, or none; an answer for each. When it
    /// returns, a crash of the process loses nothing of it; a power cut neither, unless all of
    /// them are [`Order::is_light`].
    fn commit(&mut self, orders: &[Order]) -> Result<Vec<Done>, StorageError>;

    /// Chores that need no caller: write-ahead log, room kept back. Called about once a second.
    fn tend(&mut self) -> Result<(), StorageError>;

    /// Whether pushes are welcome: `false` while the room kept back for a full disk is used.
    fn has_room(&self) -> bool;

    /// Another pair of eyes, for a thread of its own.
    fn reader(&mut self) -> Result<Box<dyn Reader>, StorageError>;

    /// Figures about the storage itself.
    fn figures(&self) -> StorageFigures;
}

/// Reads what was committed. It never waits for the writer, and the writer never for it.
pub(crate) trait Reader: Send + 'static {
    /// One message, alive, dead or remembered.
    fn message(&mut self, id: MessageId) -> Result<Option<Record>, StorageError>;

    /// A page of messages, in order of their places.
    fn messages(&mut self, query: &Query) -> Result<Page<Record>, StorageError>;

    /// The message that has this idempotency key, alive, dead or remembered.
    fn by_idempotency_key(
        &mut self,
        queue: &str,
        key: &str,
    ) -> Result<Option<Record>, StorageError>;

    /// Whether a message of this key waits or is being sent.
    fn has_backlog(&mut self, queue: &str, key: &str) -> Result<bool, StorageError>;

    /// Every queue that was ever used, by name.
    fn depths(&mut self) -> Result<Vec<Depth>, StorageError>;

    /// The groups of a queue that have messages which wait or are being sent, by name.
    fn groups(&mut self, queue: &str) -> Result<Vec<Group>, StorageError>;

    /// Every scope that was ever paused, in order of scopes.
    fn pauses(&mut self) -> Result<Vec<Pause>, StorageError>;

    /// Looks at everything, row by row; tells what is wrong, in words. Empty: all is well.
    fn check(&mut self) -> Result<Vec<String>, StorageError>;
}

/// Reads what is left of a file that is damaged.
#[cfg(feature = "sqlite")]
pub(crate) trait Salvage: Reader {
    /// The next message after a place, alive or dead.
    fn salvage(&mut self, dead: bool, after: i64) -> Salvaged;
}

/// What there is after a place.
#[cfg(feature = "sqlite")]
#[derive(Debug)]
pub(crate) enum Salvaged {
    Message(Box<Record>),
    /// Nobody can tell what there is up to and at this place; why, in words.
    Lost {
        until: i64,
        told: String,
    },
    End,
}

/// What a storage tells of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct StorageFigures {
    /// Bytes of the write-ahead log.
    pub(crate) wal_bytes: u64,
    /// Bytes that are free on its disk; `None`: it does not know.
    pub(crate) free_bytes: Option<u64>,
}

/// When something happened, as orders carry it.
pub(crate) type At = Millis;
