//! The keeper: follows a registry and keeps it in a storage.
//!
//! Two threads. The follower takes events off the registry's bus into the inbox, restores circuits
//! as they come, and ends waits; the writer alone has the storage. So a storage that hangs stops
//! nothing but itself, and what fits into the inbox waits for it.

mod answer;
mod builder;
mod dial;
mod feed;
mod follower;
mod gather;
mod inbox;
mod read;
mod restore;
mod shared;
mod stats;
mod told;
mod writer;

use std::sync::Arc;

use fusebox::Registry;

use crate::{
    AuditCheck, AuditDraft, AuditEntry, AuditQuery, EventQuery, EventRecord, Page, ReplayRecord,
    Storage, StoreError,
};
pub use answer::Answer;
use answer::{Promise, promise};
pub use builder::KeeperBuilder;
pub use feed::{EventFeed, Fed};
use inbox::{Inbox, Question, Stage};
use shared::Shared;
pub use stats::KeeperStats;

/// Requests of one kind that wait for the storage.
const REQUESTS_MAX: usize = 1_000;

/// Follows a registry and keeps it in a storage: states, main breaker, overrides, history and
/// audit log.
///
/// It has threads of its own: nothing on a call path waits for it, and a storage that fails or
/// hangs delays nobody. What changes meanwhile waits (states coalesce; events up to a bound, then
/// the oldest go and the history says how many) and is written when the storage is back.
///
/// A clone is the same keeper. When the last one goes, what waits is written, for 5 s at most;
/// that blocks.
///
/// ```
/// use fusebox::{Author, Registry, State};
/// use fusebox_store::{EventQuery, Keeper, Memory};
/// use std::time::Duration;
///
/// let soon = Duration::from_secs(5);
/// let memory = Memory::new(); // or Sqlite::open("state.db")?
///
/// let registry = Registry::new();
/// let keeper = Keeper::start(&registry, memory.clone())?;
/// let rag = registry.add("rag".into())?;
/// rag.transition(State::Open, &Author::new("ada"))?;
/// keeper.flushed().wait(soon)?; // or `.await`, on any runtime
/// keeper.close()?;
///
/// // The next start.
/// let registry = Registry::new();
/// let rag = registry.add("rag".into())?;
/// let keeper = Keeper::start(&registry, memory)?;
/// assert_eq!(rag.state(), State::Open);
/// let history = keeper.events(EventQuery::default()).wait(soon)?;
/// assert!(history.items.iter().any(|event| event.kind == "transition"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Keeper {
    handle: Arc<Handle>,
}

/// Closes the keeper when its last clone goes; the threads hold `Shared` alone.
#[derive(Debug)]
struct Handle {
    shared: Arc<Shared>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        // Nobody is there to be told.
        let _ = self.shared.close();
    }
}

impl Keeper {
    /// Loads what was kept, puts the registry's circuits where they were, and follows it from now
    /// on. Circuits that are defined later are restored when they come.
    ///
    /// A storage that is away is no error: the keeper goes on without it after 2 s, and
    /// restores later what has no history of its own by then.
    ///
    /// # Errors
    /// An error that is [lasting](StoreError::is_lasting), or a thread that cannot be made.
    pub fn start(registry: &Registry, storage: impl Storage) -> Result<Self, StoreError> {
        Self::builder().start(registry, storage)
    }

    /// A keeper with other limits, another wall clock, ….
    pub fn builder() -> KeeperBuilder {
        KeeperBuilder::new()
    }

    fn of(shared: Arc<Shared>) -> Self {
        Self {
            handle: Arc::new(Handle { shared }),
        }
    }

    /// A page of the history, newest first. What happened a moment ago may not be in it yet:
    /// wait for [`flushed`](Self::flushed) where that matters.
    pub fn events(&self, query: EventQuery) -> Answer<Page<EventRecord>> {
        self.ask(|promise| Question::Events(query, promise))
    }

    /// The replay file of a transition, if there is one.
    pub fn replay(&self, event: u64) -> Answer<Option<String>> {
        self.ask(|promise| Question::Replay(event, promise))
    }

    /// A page of the audit log, newest first.
    pub fn audit(&self, query: AuditQuery) -> Answer<Page<AuditEntry>> {
        self.ask(|promise| Question::Audit(query, promise))
    }

    /// Checks the audit log from end to end. Nothing is written meanwhile: not for every request.
    pub fn verify_audit(&self) -> Answer<AuditCheck> {
        self.ask(Question::Verify)
    }

    /// Adds to the audit log; answered once the entry is durable. An answer that is
    /// [`StoreError::Slow`] takes nothing back: the entry is written when the storage is back.
    /// [`StoreError::Behind`]: there was no room, and it is not.
    pub fn record(&self, draft: AuditDraft) -> Answer<AuditEntry> {
        self.request(
            |inbox| inbox.audit.len(),
            |inbox, promise| inbox.add_audit(draft, promise),
        )
    }

    /// Answered once everything that was told before is durable: states, events, actions, replay
    /// files. Where something was told before on another thread, it counts as well.
    pub fn flushed(&self) -> Answer<()> {
        self.request(Inbox::flushes, Inbox::add_flush)
    }

    /// Keeps a replay file with the transition of the circuit that began `generation`. Of 256 that
    /// wait (or 64 MiB) the oldest goes.
    pub fn attach_replay(&self, circuit: &str, generation: u32, replay: String) {
        let shared = &self.handle.shared;
        let mut inbox = shared.drained();
        if inbox.stage == Stage::Running {
            inbox.add_replay(ReplayRecord {
                circuit: circuit.to_owned(),
                generation,
                text: replay,
            });
        }
        drop(inbox);
        shared.ring();
    }

    /// Events with their numbers as they become durable, from now on. A reader that is 1,024
    /// behind is told how many it missed.
    pub fn follow(&self) -> EventFeed {
        let shared = &self.handle.shared;
        let feed = shared.followers.follow();
        if matches!(shared.inbox().stage, Stage::Ended | Stage::Abandoned) {
            shared.followers.close();
        }
        feed
    }

    /// How the keeper is.
    pub fn stats(&self) -> KeeperStats {
        self.handle.shared.stats()
    }

    /// Writes what waits and ends the keeper, also for its clones. Blocks, for 5 s at most. The
    /// registry goes on unkept.
    ///
    /// # Errors
    /// [`StoreError::Slow`]: the storage did not take everything in time, and the rest is lost;
    /// [`StoreError::Closed`]: it was lost before.
    pub fn close(self) -> Result<(), StoreError> {
        self.handle.shared.close()
    }

    fn ask<T: Send + 'static>(&self, question: impl FnOnce(Promise<T>) -> Question) -> Answer<T> {
        self.request(
            |inbox| inbox.questions.len(),
            |inbox, promise| inbox.questions.push_back(question(promise)),
        )
    }

    fn request<T: Send + 'static>(
        &self,
        waiting: impl FnOnce(&Inbox) -> usize,
        add: impl FnOnce(&mut Inbox, Promise<T>),
    ) -> Answer<T> {
        let shared = &self.handle.shared;
        let mut inbox = shared.drained();
        if inbox.stage != Stage::Running {
            return Answer::now(Err(StoreError::Closed));
        }
        let waiting = waiting(&inbox);
        if waiting >= REQUESTS_MAX {
            return Answer::now(Err(StoreError::Behind { waiting }));
        }
        let (promise, answer) = promise();
        let patience = promise.patience();
        add(&mut inbox, promise);
        drop(inbox);
        shared.watch(&patience);
        shared.ring();
        answer
    }
}
