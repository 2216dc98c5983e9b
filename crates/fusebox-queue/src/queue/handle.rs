//! One queue.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::answer::{Answer, promise};
use super::asked::Asked;
use super::bell::Changes;
use super::line::Line;
use super::stats::QueueStats;
use super::{Queues, backoff};
use crate::clock::millis;
use crate::message::{Leased, Leases, NewMessage, Pushed};
use crate::record::{Group, Record, Response, Scope};
use crate::settings::QueueSettings;
use crate::storage::Ending;
use crate::{PushError, QueueError};

/// One queue of [`Queues`]. A clone is the same queue.
#[derive(Clone)]
pub struct Queue {
    queues: Queues,
    line: Arc<Line>,
}

impl Queue {
    pub(super) fn of(queues: Queues, line: Arc<Line>) -> Self {
        Self { queues, line }
    }

    /// Its name.
    pub fn name(&self) -> &Arc<str> {
        self.line.name()
    }

    /// Its settings as they are now.
    pub fn settings(&self) -> Arc<QueueSettings> {
        self.line.settings()
    }

    /// All queues of its place.
    pub fn queues(&self) -> &Queues {
        &self.queues
    }

    /// Figures since the start.
    pub fn stats(&self) -> QueueStats {
        QueueStats {
            paused_groups: self.queues.shared().pauses.groups(self.name()),
            ..self.line.stats()
        }
    }

    /// Whether it is paused now, or everything is. It waits for nothing.
    pub fn is_paused(&self) -> bool {
        let scope = Scope::Queue(self.name().to_string());
        self.queues.is_paused(&scope)
    }

    /// Pushes a message. It is answered once the message is there for good.
    ///
    /// # Cancel safety
    /// A dropped answer takes nothing back: the message is pushed all the same. Push it again with
    /// the same idempotency key to hear what became of it.
    pub fn push(&self, message: NewMessage) -> Answer<Pushed, PushError> {
        if let Err(error) = self.may_come(&message) {
            return Answer::now(Err(error));
        }
        let (promise, answer) = promise();
        let (line, message) = (Arc::clone(&self.line), Arc::new(message));
        let pushed = self.queues.shared().inbox.push(|| Asked::Push {
            line,
            message,
            promise,
        });
        match pushed {
            Ok(()) => answer,
            Err(error) => {
                if matches!(error, QueueError::Busy { .. }) {
                    self.line.tally().rejected.busy += 1;
                }
                Answer::now(Err(error.into()))
            }
        }
    }

    /// What can be said of it without the storage.
    fn may_come(&self, message: &NewMessage) -> Result<(), PushError> {
        let (bytes, max) = (message.size(), self.settings().message_bytes_max);
        if bytes > max {
            self.line.tally().rejected.too_large += 1;
            return Err(PushError::TooLarge { bytes, max });
        }
        if !self.queues.shared().has_room() {
            self.line.tally().rejected.disk_full += 1;
            let queue = self.name().to_string();
            return Err(PushError::DiskFull { queue });
        }
        Ok(())
    }

    /// Takes messages whose turn it is, at most `max`, to send them. Whoever gets them has to
    /// [settle](Self::settle) each within `lasts`: then the lease ends, the message counts as
    /// crashed with its sender and is leased again.
    ///
    /// # Cancel safety
    /// A dropped answer takes nothing back: what was leased for it waits until `lasts` is over, and
    /// counts as crashed. Wait for the answer to its end.
    pub fn lease(&self, max: usize, lasts: Duration) -> Answer<Leases> {
        let (promise, answer) = promise();
        let line = Arc::clone(&self.line);
        self.queues.ask(answer, || Asked::Lease {
            line,
            max,
            lasts,
            promise,
        })
    }

    /// Says how the sending of a message went. `false`: the lease had ended, and somebody else may
    /// be sending it; nothing was done.
    ///
    /// The body of a response is cut to what the settings keep.
    pub fn settle(&self, leased: &Leased, ending: Ending) -> Answer<bool> {
        let (promise, answer) = promise();
        let line = Arc::clone(&self.line);
        let (id, token) = (leased.id, leased.token);
        let ending = cut(ending, self.settings().response_bytes_max);
        self.queues.ask(answer, || Asked::Settle {
            line,
            id,
            token,
            ending,
            promise,
        })
    }

    /// When to try a message again that has failed so often, for [`Ending::Again`]: the wait
    /// doubles with each attempt up to the settings' longest one. Half of it is certain, half is
    /// `random`, which is from 0 to 1.
    pub fn retry_at(&self, attempts: u32, now: SystemTime, random: f64) -> i64 {
        let wait = backoff::wait(&self.settings(), attempts, random);
        millis(now + wait)
    }

    /// The time now, in milliseconds since 1970: the clock's, but it never goes back. After a clock
    /// was set back it stays ahead of it by as much.
    pub fn now(&self) -> i64 {
        self.queues.shared().now()
    }

    /// The message that was pushed with this idempotency key, alive, dead or remembered.
    pub fn by_idempotency_key(&self, key: &str) -> Answer<Option<Record>> {
        let (queue, key) = (Arc::clone(self.name()), key.to_owned());
        let desk = &self.queues.shared().desk;
        desk.ask(move |reader| reader.by_idempotency_key(&queue, &key))
    }

    /// Whether a message of this key waits or is being sent. It is answered at once, and without
    /// reading, while the queue is known to be empty; else no list or check holds it up.
    pub fn has_backlog(&self, key: &str) -> Answer<bool> {
        if self.line.tally().alive == Some(0) {
            return Answer::now(Ok(false));
        }
        let (queue, key) = (Arc::clone(self.name()), key.to_owned());
        let desk = &self.queues.shared().backlog;
        desk.ask(move |reader| reader.has_backlog(&queue, &key))
    }

    /// The groups that have messages which wait or are being sent, by name. Each message of the
    /// queue is looked at.
    pub fn groups(&self) -> Answer<Vec<Group>> {
        let queue = Arc::clone(self.name());
        let desk = &self.queues.shared().desk;
        desk.ask(move |reader| reader.groups(&queue))
    }

    /// Waits for changes from now on.
    pub fn changed(&self) -> Changes {
        self.line.bell().listen()
    }
}

fn cut(ending: Ending, max: usize) -> Ending {
    let cut = |response: Option<Response>| {
        response.map(|mut response| {
            response.body.truncate(max);
            response
        })
    };
    match ending {
        Ending::Delivered { response } => Ending::Delivered {
            response: cut(response),
        },
        Ending::Dead {
            death,
            attempt,
            response,
            uncertain,
        } => Ending::Dead {
            death,
            attempt,
            response: cut(response),
            uncertain,
        },
        other => other,
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue")
            .field("name", self.name())
            .finish_non_exhaustive()
    }
}
