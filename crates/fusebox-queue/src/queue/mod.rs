//! The face of the queues, and the threads behind it: one that writes and two that read.
//!
//! It knows nothing of circuit breakers.

mod answer;
mod asked;
mod backoff;
mod bell;
mod builder;
mod handle;
mod inbox;
mod line;
mod pauses;
mod reading;
mod shared;
mod stats;
mod sweep;
#[cfg(test)]
mod tests;
mod writer;

use std::sync::Arc;
use std::time::Duration;

pub use answer::Answer;
use answer::promise;
use asked::{Asked, Told};
pub use bell::Changes;
pub use builder::QueuesBuilder;
pub use handle::Queue;
use shared::Shared;
pub use stats::{Deaths, PushesRejected, QueueStats, QueuesStats};

use crate::clock::Millis;
use crate::id::MessageId;
use crate::record::{Depth, Page, Pause, Query, Record, Scope, Selection};
use crate::settings::{QueueSettings, QueueSettingsError};
use crate::storage::{Groups, PauseOrder, Reader};
use crate::{PauseError, QueueError, StorageError};

/// How long the end of the last handle waits for what is still in the inbox.
const CLOSE_WITHIN: Duration = Duration::from_secs(5);

/// Any number of named queues in one place.
///
/// A clone, and a [`Queue`] of it, is the same place. When the last one goes, it is
/// [closed](Self::close), for 5 s at most; that blocks.
///
/// ```
/// use fusebox_queue::{Ending, NewMessage, QueueSettings, Queues};
/// use std::time::Duration;
///
/// let soon = Duration::from_secs(5);
/// let queues = Queues::in_memory()?;
/// let receipts = queues.queue("receipts", QueueSettings::default())?;
///
/// let receipt = NewMessage::new("{\"total\": 100}").key("till-7");
/// let pushed = receipts.push(receipt).wait(soon)?; // or `.await`, on any runtime
///
/// let leases = receipts.lease(10, Duration::from_secs(30)).wait(soon)?;
/// assert_eq!(leases.leased[0].id, pushed.id);
/// let arrived = Ending::Delivered { response: None };
/// assert!(receipts.settle(&leases.leased[0], arrived).wait(soon)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Queues {
    handle: Arc<Handle>,
}

/// Closes the place when its last clone goes; the threads hold `Shared` alone.
#[derive(Debug)]
struct Handle {
    shared: Arc<Shared>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.close();
        // Nobody is there to be told.
        let _ = self.shared.wait_for_end(CLOSE_WITHIN);
    }
}

impl Queues {
    /// Queues in this file, made if it is not there.
    ///
    /// # Errors
    /// As [`QueuesBuilder::open`].
    #[cfg(feature = "sqlite")]
    pub fn open(path: impl Into<std::path::PathBuf>) -> Result<Self, StorageError> {
        Self::builder().open(path)
    }

    /// Queues that are gone with the process: for tests, and for messages that may be lost.
    ///
    /// # Errors
    /// A thread that cannot be made.
    pub fn in_memory() -> Result<Self, StorageError> {
        Self::builder().in_memory()
    }

    /// Queues with another clock, ….
    pub fn builder() -> QueuesBuilder {
        QueuesBuilder::new()
    }

    fn of(shared: Arc<Shared>) -> Self {
        let handle = Arc::new(Handle { shared });
        Self { handle }
    }

    /// The queue of this name; the same name again is the same queue, with these settings from now
    /// on. A name has 1 to 100 ASCII letters, digits, `.`, `_` and `-`, and begins with a letter or
    /// a digit.
    ///
    /// # Errors
    /// The first setting that cannot be; the field `name` for the name.
    pub fn queue(&self, name: &str, settings: QueueSettings) -> Result<Queue, QueueSettingsError> {
        if !is_name(name) {
            let allowed = "1 to 100 letters, digits, '.', '_' and '-', a letter or digit first";
            let field = "name";
            return Err(QueueSettingsError { field, allowed });
        }
        settings.check()?;
        let line = self.shared().line(name, settings);
        Ok(Queue::of(self.clone(), line))
    }

    /// The queues that this process has settings for, by name.
    pub fn list(&self) -> Vec<Queue> {
        let lines = self.shared().all_lines().into_iter();
        lines.map(|line| Queue::of(self.clone(), line)).collect()
    }

    /// The queue of this name, if this process has settings for it.
    pub fn find(&self, name: &str) -> Option<Queue> {
        let line = self.shared().find_line(name)?;
        Some(Queue::of(self.clone(), line))
    }

    /// One message, alive, dead or remembered.
    pub fn message(&self, id: MessageId) -> Answer<Option<Record>> {
        self.shared().desk.ask(move |reader| reader.message(id))
    }

    /// A page of messages, in order of their pushing.
    pub fn messages(&self, query: Query) -> Answer<Page<Record>> {
        self.shared()
            .desk
            .ask(move |reader| reader.messages(&query))
    }

    /// How much each queue holds that was ever used, by name.
    pub fn depths(&self) -> Answer<Vec<Depth>> {
        self.shared().desk.ask(Reader::depths)
    }

    /// Every scope that was ever paused.
    pub fn pauses(&self) -> Answer<Vec<Pause>> {
        self.shared().desk.ask(Reader::pauses)
    }

    /// Looks at everything, message by message, and tells in words what is wrong. Empty: all is
    /// well. It takes its time.
    pub fn check(&self) -> Answer<Vec<String>> {
        self.shared().desk.ask(Reader::check)
    }

    /// Pauses a scope: once this is answered, nothing of it is leased any more. Messages that are
    /// being sent end as they end. Paused already, it takes the new reason and a new epoch.
    pub fn pause(&self, scope: Scope, reason: &str, by: &str) -> Answer<Pause> {
        let order = pause_order(scope, Groups::Apart, reason, by);
        let (promise, answer) = promise();
        let told = Told::One(promise);
        self.ask(answer, || Asked::Pause { order, told })
    }

    /// Pauses a scope and, in the same transaction, each group in it that has messages and is not
    /// paused by itself yet: it stays paused when the scope is [resumed](Self::resume) alone.
    /// Answers the scope, then the groups that were paused with it. Each message is looked at once.
    pub fn pause_with_groups(&self, scope: Scope, reason: &str, by: &str) -> Answer<Vec<Pause>> {
        let order = pause_order(scope, Groups::Along, reason, by);
        let (promise, answer) = promise();
        let told = Told::All(promise);
        self.ask(answer, || Asked::Pause { order, told })
    }

    /// Ends a pause: the one with this epoch, so that it does not undo a newer one, or whichever it
    /// is. One that has ended already stays as it is.
    pub fn resume(
        &self,
        scope: Scope,
        epoch: Option<u64>,
        reason: &str,
        by: &str,
    ) -> Answer<Pause, PauseError> {
        let order = pause_order(scope, Groups::Apart, reason, by);
        let (promise, answer) = promise();
        let told = Told::One(promise);
        self.ask(answer, || Asked::Resume { order, epoch, told })
    }

    /// Ends the pause of a scope as [`resume`](Self::resume) does, leaving each group in it that
    /// has messages paused by itself, for the same reason: of what waits nothing goes.
    pub fn resume_leaving_groups(
        &self,
        scope: Scope,
        epoch: Option<u64>,
        reason: &str,
        by: &str,
    ) -> Answer<Vec<Pause>, PauseError> {
        self.resume_all(pause_order(scope, Groups::Left, reason, by), epoch)
    }

    /// Ends the pause of a scope as [`resume`](Self::resume) does and, in the same transaction,
    /// every other pause in it, of queues and of groups, also where the scope itself was never
    /// paused. Answers the scope, then what was resumed with it.
    pub fn resume_with_groups(
        &self,
        scope: Scope,
        epoch: Option<u64>,
        reason: &str,
        by: &str,
    ) -> Answer<Vec<Pause>, PauseError> {
        self.resume_all(pause_order(scope, Groups::Along, reason, by), epoch)
    }

    fn resume_all(&self, order: PauseOrder, epoch: Option<u64>) -> Answer<Vec<Pause>, PauseError> {
        let (promise, answer) = promise();
        let told = Told::All(promise);
        self.ask(answer, || Asked::Resume { order, epoch, told })
    }

    /// Makes dead letters wait again, before all later ones of their keys; damaged ones stay. Tells
    /// how many there were.
    pub fn retry(&self, selection: Selection) -> Answer<u64> {
        let (promise, answer) = promise();
        self.ask(answer, || Asked::Retry { selection, promise })
    }

    /// Removes dead letters for good. Tells how many there were.
    pub fn discard(&self, selection: Selection) -> Answer<u64> {
        let (promise, answer) = promise();
        self.ask(answer, || Asked::Discard { selection, promise })
    }

    /// Whether this is paused now, by itself or by a scope around it. It waits for nothing.
    pub fn is_paused(&self, scope: &Scope) -> bool {
        self.pause_over(scope).is_some()
    }

    /// The pause that is in force over a scope: its own, or that of the nearest scope around it;
    /// what is [in flight](Pause::in_flight) as it was when it began. It waits for nothing.
    pub fn pause_over(&self, scope: &Scope) -> Option<Pause> {
        self.shared().pauses.over(scope)
    }

    /// The last pause of exactly this scope, or its end; what is [in flight](Pause::in_flight) as
    /// it was then. `None`: it was never paused. It waits for nothing.
    pub fn last_pause(&self, scope: &Scope) -> Option<Pause> {
        self.shared().pauses.last(scope)
    }

    /// Waits for pauses and their ends, of any scope.
    pub fn pauses_changed(&self) -> Changes {
        self.shared().pauses.listen()
    }

    /// Figures since the start.
    pub fn stats(&self) -> QueuesStats {
        let mut stats = self.shared().stats().clone();
        stats.is_healthy = stats.last_error.is_none() && self.shared().has_room();
        stats
    }

    /// Carries out what was asked before, answers it, and gives the place free. Everything that is
    /// asked from now on is answered [`QueueError::Closed`]. Again, it does nothing.
    ///
    /// # Errors
    /// [`QueueError::Slow`]: it has not ended after `at_most`; it goes on ending.
    pub fn close(&self, at_most: Duration) -> Result<(), QueueError> {
        self.shared().close();
        if self.shared().wait_for_end(at_most) {
            return Ok(());
        }
        Err(QueueError::Slow { after: at_most })
    }

    fn shared(&self) -> &Arc<Shared> {
        &self.handle.shared
    }

    /// Puts it into the inbox; a refusal is the answer.
    fn ask<T, E: From<QueueError>>(
        &self,
        answer: Answer<T, E>,
        make: impl FnOnce() -> Asked,
    ) -> Answer<T, E> {
        match self.shared().inbox.ask(make) {
            Ok(()) => answer,
            Err(error) => Answer::now(Err(error.into())),
        }
    }
}

fn pause_order(scope: Scope, groups: Groups, reason: &str, by: &str) -> PauseOrder {
    /// The writer sets the time of the commit.
    const LATER: Millis = 0;
    PauseOrder {
        scope,
        groups,
        reason: reason.to_owned(),
        by: by.to_owned(),
        at: LATER,
    }
}

fn is_name(name: &str) -> bool {
    let first = name.bytes().next();
    let is_first_fine = first.is_some_and(|byte| byte.is_ascii_alphanumeric());
    let is_fine = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    name.len() <= 100 && is_first_fine && name.bytes().all(is_fine)
}
