//! What can be read of messages, queues and pauses.

use std::time::SystemTime;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::id::MessageId;
use crate::message::Attributes;

/// Where a message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageState {
    /// It waits, for its turn or its time.
    Pending,
    /// Somebody is sending it.
    Delivering,
    /// It has arrived. Remembered for a while.
    Delivered,
    /// It could not be delivered; it waits for a person.
    Dead,
    /// It grew too old; it waits for a person, as a dead letter.
    Expired,
}

/// Why a message is a dead letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Death {
    /// The receiver refused it for good.
    Refused,
    /// All tries are used up.
    Attempts,
    /// Its senders crashed too often.
    Crashes,
    /// It grew too old.
    Expired,
    /// Its row does not match its checksum. It cannot be retried.
    Corrupt,
}

/// One attempt that failed, or what else befell a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// What went wrong: `connect`, `timeout`, `reset`, `status`, `crash`, or the sink's own word.
    pub class: String,
    /// The error in words.
    pub error: String,
}

/// What the receiver answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status, or 0 where there is none.
    pub status: u16,
    /// Headers.
    pub headers: Attributes,
    /// The body, cut to what the queue keeps.
    pub body: Bytes,
}

/// All that is known of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its name.
    pub id: MessageId,
    /// Its queue.
    pub queue: String,
    /// Its key.
    pub key: Option<String>,
    /// Its group.
    pub group: Option<String>,
    /// The sender's own name for it.
    pub idempotency_key: Option<String>,
    /// Where it stands.
    pub state: MessageState,
    /// Why it is dead. One that still waits and is [`Corrupt`](Death::Corrupt) does not match its
    /// checksum; it is set aside when its turn comes.
    pub death: Option<Death>,
    /// When it was pushed.
    pub pushed_at: SystemTime,
    /// When it is due, of a waiting one; when it ended, of an ended one.
    pub at: SystemTime,
    /// Attempts so far.
    pub attempts: u32,
    /// How often it was put off because the circuit let nothing pass.
    pub deferrals: u32,
    /// Senders that crashed with it.
    pub crashes: u32,
    /// An attempt may have arrived.
    pub uncertain: bool,
    /// What it counts in the bounds.
    pub bytes: u64,
    /// Its last attempts, oldest first; at most 20.
    pub history: Vec<Attempt>,
    /// Names and values beside the body; empty in lists and once it is delivered.
    pub attributes: Attributes,
    /// The body; empty in lists and once it is delivered.
    pub body: Bytes,
    /// What the receiver answered, of a delivered or refused one.
    pub response: Option<Response>,
}

/// What a pause covers.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// Every queue of the file: the row `*`.
    Everything,
    /// One queue.
    Queue(String),
    /// One group of a queue.
    Group(String, String),
}

impl Scope {
    /// Whether it is part of this other scope.
    pub(crate) fn is_in(&self, scope: &Self) -> bool {
        match (self, scope) {
            (Self::Queue(_) | Self::Group(..), Self::Everything) => true,
            (Self::Group(queue, _), Self::Queue(of)) => queue == of,
            _ => false,
        }
    }
}

/// A scope that was paused at least once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    /// What it covers.
    pub scope: Scope,
    /// Whether it is paused now.
    pub paused: bool,
    /// Raised by every pause and every resume: names this very one.
    pub epoch: u64,
    /// Why it was paused, or resumed.
    pub reason: String,
    /// By whom.
    pub by: String,
    /// Since when.
    pub since: SystemTime,
    /// Messages of it that are still being sent.
    pub in_flight: u64,
}

/// A group of a queue that has messages which wait or are being sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// How many.
    pub messages: u64,
}

/// How much a queue holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    /// The queue.
    pub queue: String,
    /// Messages that wait or are being sent.
    pub messages: u64,
    /// Their bytes, and those of the dead.
    pub bytes: u64,
    /// Dead letters.
    pub dead: u64,
    /// Of these, rows that do not match their checksum.
    pub corrupt: u64,
    /// Messages that are being sent.
    pub in_flight: u64,
    /// When the oldest one that waits was pushed.
    pub oldest: Option<SystemTime>,
    /// When the next one is due that waits for nothing else of its key, leaving pauses aside.
    pub next_due: Option<SystemTime>,
}

/// Which messages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Of this queue.
    pub queue: Option<String>,
    /// Of this key.
    pub key: Option<String>,
    /// Of this group.
    pub group: Option<String>,
    /// Dead letters (with expired and corrupt ones), or those that wait or are being sent.
    pub dead: bool,
    /// After this one: where the page before ended.
    pub after: Option<MessageId>,
    /// At most so many, 1 to 1000.
    pub limit: usize,
}

/// Part of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// In order of their pushing.
    pub items: Vec<T>,
    /// Where the next page goes on; `None`: this is the last.
    pub next: Option<MessageId>,
}

/// Which dead letters to retry or discard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// These.
    Ids(Vec<MessageId>),
    /// The oldest `max` of a queue, of a key if there is one.
    Oldest {
        /// Of this queue.
        queue: String,
        /// Of this key; `None`: of any.
        key: Option<String>,
        /// At most so many.
        max: usize,
    },
}
