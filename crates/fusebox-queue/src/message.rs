//! What is pushed, and what a sender gets.

use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;

use crate::id::MessageId;
use crate::record::MessageState;

/// Names and values that go with a body, in order: headers of an HTTP request or a Kafka record,
/// and what a sink needs besides (`:method`, `:path`).
pub type Attributes = Vec<(String, String)>;

/// A message to be pushed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewMessage {
    /// Messages of one key are delivered in order; `None`: in any order.
    pub key: Option<String>,
    /// What it belongs to (a campaign, a job) and is paused with.
    pub group: Option<String>,
    /// The sender's own name for it: pushed again, the first message answers, if key, group, body
    /// and the attributes that begin with a colon are the same.
    pub idempotency_key: Option<String>,
    /// Names and values beside the body.
    pub attributes: Attributes,
    /// The body.
    pub body: Bytes,
    /// It may have arrived already: an attempt before the push had no answer.
    pub uncertain: bool,
}

impl NewMessage {
    /// One with this body and nothing else.
    pub fn new(body: impl Into<Bytes>) -> Self {
        Self {
            body: body.into(),
            ..Self::default()
        }
    }

    /// With a key.
    #[must_use]
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// In a group.
    #[must_use]
    pub fn group(mut self, group: impl Into<String>) -> Self {
        self.group = Some(group.into());
        self
    }

    /// With the sender's own name for it.
    #[must_use]
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.idempotency_key = Some(key.into());
        self
    }

    /// With another attribute.
    #[must_use]
    pub fn attribute(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.attributes.push((name.into(), value.into()));
        self
    }

    /// What two pushes with one idempotency key must have in common, beside key, group and body:
    /// the attributes that begin with a colon, which say what is asked. Others are headers, and
    /// change from one try of a client to the next.
    pub(crate) fn asks(&self) -> impl Iterator<Item = &(String, String)> {
        let mut attributes = self.attributes.iter();
        std::iter::from_fn(move || attributes.find(|(name, _)| name.starts_with(':')))
    }

    /// What it counts in the bounds: all of its text and body, and a fixed share for its row.
    pub(crate) fn size(&self) -> u64 {
        let texts = [&self.key, &self.group, &self.idempotency_key];
        let texts = texts.into_iter().flatten().map(String::len);
        let attributes = self.attributes.iter().map(|(n, v)| n.len() + v.len());
        let sum = texts.chain(attributes).sum::<usize>() + self.body.len();
        u64::try_from(sum).unwrap_or(u64::MAX) + ROW_BYTES
    }
}

/// What a row costs beside its content: measured on rows of 200 bytes, rounded up.
const ROW_BYTES: u64 = 128;

/// What a push is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pushed {
    /// The message's name.
    pub id: MessageId,
    /// How many messages waited in its queue, this one included.
    pub position: u64,
    /// It was there already, under the same idempotency key, and stands there now; `None`: it is
    /// new.
    pub before: Option<MessageState>,
}

impl Pushed {
    /// Whether it was there already, under the same idempotency key.
    pub fn is_repeat(&self) -> bool {
        self.before.is_some()
    }
}

/// A message that somebody is sending. It has to be settled with its `token`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leased {
    /// The message's name.
    pub id: MessageId,
    /// Names this lease: another one of the same message has another token.
    pub token: u64,
    /// When the lease ends and the message counts as crashed with its sender.
    pub until: SystemTime,
    /// Its queue.
    pub queue: Arc<str>,
    /// Its key.
    pub key: Option<String>,
    /// Its group.
    pub group: Option<String>,
    /// The sender's own name for it.
    pub idempotency_key: Option<String>,
    /// Names and values beside the body.
    pub attributes: Attributes,
    /// The body.
    pub body: Bytes,
    /// Attempts before this one.
    pub attempts: u32,
    /// How often it was put off: because the circuit let nothing pass, or the receiver asked for
    /// a rest.
    pub deferrals: u32,
    /// Senders that crashed with it.
    pub crashes: u32,
    /// An earlier attempt may have arrived.
    pub uncertain: bool,
}

impl Leased {
    /// The value beside the body that has this name.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| &**value)
    }
}

/// What a lease is answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leases {
    /// In the order of their turns. Each has to be settled.
    pub leased: Vec<Leased>,
    /// Messages that did not match their checksums, set aside as dead letters.
    pub corrupt: u64,
    /// Leases that had ended unsettled.
    pub crashed: u64,
    /// Messages of these that are dead now.
    pub dead: u64,
    /// Messages that died of age.
    pub expired: u64,
    /// When the next message will be due, if none is that could be leased.
    pub next_due: Option<SystemTime>,
}
