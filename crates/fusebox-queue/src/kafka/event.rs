//! What is published.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::SystemTime;

use bytes::Bytes;

use crate::clock::millis;
use crate::id::{MessageId, first_seq};
use crate::message::{Attributes, NewMessage};
use crate::sink::{KafkaRecord, TOPIC, is_topic};

/// An event for Kafka.
///
/// ```
/// use fusebox_queue::kafka::Event;
///
/// let event = Event::new("receipts", "{\"total\": 100}").key("till-7").header("trace", "4711");
/// # drop(event);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    topic: String,
    key: Option<String>,
    payload: Bytes,
    headers: Attributes,
    id: Option<String>,
}

impl Event {
    /// An event without a key, for this topic.
    pub fn new(topic: impl Into<String>, payload: impl Into<Bytes>) -> Self {
        Self {
            topic: topic.into(),
            key: None,
            payload: payload.into(),
            headers: Attributes::new(),
            id: None,
        }
    }

    /// With a key, which is the record's: events of one key arrive in order, also those of
    /// different topics.
    #[must_use]
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// With another header. Names that begin with a colon are refused.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// With the sender's own name for it; default a new UUID. It is sent as the header
    /// `Idempotency-Key`, by which a reader tells a repeat, and the queue takes it only once.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Checks it, and gives it an id.
    pub(super) fn named(self) -> Result<Named, String> {
        if !is_topic(&self.topic) {
            return Err("its topic is no name of one".into());
        }
        let mut names = self.headers.iter();
        if names.any(|(name, _)| name.starts_with(':') || name.contains('\0')) {
            return Err("the name of a header begins with a colon or holds a zero".into());
        }
        let mut attributes = self.headers;
        attributes.insert(0, (TOPIC.to_owned(), self.topic));
        Ok(Named {
            key: self.key,
            id: self.id.unwrap_or_else(new_id),
            attributes,
            payload: self.payload,
        })
    }
}

/// An event as it is sent and queued.
#[derive(Debug)]
pub(super) struct Named {
    pub(super) key: Option<String>,
    id: String,
    attributes: Attributes,
    payload: Bytes,
}

impl Named {
    pub(super) fn record(&self) -> Result<KafkaRecord, String> {
        let record = KafkaRecord::of(&self.attributes, &self.payload, &self.id, None)?;
        Ok(record.key(self.key.clone()))
    }

    pub(super) fn message(&self, uncertain: bool) -> NewMessage {
        NewMessage {
            key: self.key.clone(),
            group: None,
            idempotency_key: Some(self.id.clone()),
            attributes: self.attributes.clone(),
            body: self.payload.clone(),
            uncertain,
        }
    }
}

/// As the queue's own, a UUID of version 7.
fn new_id() -> String {
    /// Where the system has no random numbers, what is counted and the time tell events apart.
    static COUNTED: AtomicU64 = AtomicU64::new(0);
    let counted = COUNTED.fetch_add(1, Relaxed);
    let random = getrandom::u64().unwrap_or(counted);
    let counter = i64::try_from(counted & 0xfff).unwrap_or_default();
    let place = first_seq(millis(SystemTime::now())) | counter;
    MessageId::new(place, random).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_without_an_id_gets_one_of_its_own() {
        let id = |event: Event| event.named().unwrap().id;
        let (one, other) = (id(Event::new("t", "x")), id(Event::new("t", "x")));
        assert_ne!(one, other);
        assert!(one.parse::<MessageId>().is_ok(), "{one}");
        assert_eq!(id(Event::new("t", "x").id("mine")), "mine");
    }

    #[test]
    fn what_cannot_be_sent_is_told_at_once_and_without_its_text() {
        for event in [
            Event::new("no topic", "x"),
            Event::new("t", "x").header(":topic", "secret"),
            Event::new("t", "x").header("a\0", "secret"),
        ] {
            let error = event.named().unwrap_err();
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn what_is_queued_is_what_would_have_been_sent() {
        let event = Event::new("t", "x").key("k").header("trace", "1").id("i");
        let message = event.named().unwrap().message(true);
        let expected = NewMessage::new("x")
            .key("k")
            .idempotency_key("i")
            .attribute(":topic", "t")
            .attribute("trace", "1");
        let uncertain = NewMessage {
            uncertain: true,
            ..expected
        };
        assert_eq!(message, uncertain);
    }
}
