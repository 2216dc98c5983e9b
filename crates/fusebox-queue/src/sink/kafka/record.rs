//! A message as a Kafka record.

use bytes::Bytes;
use rdkafka::message::{Header, OwnedHeaders};

use crate::message::{Attributes, Leased};

/// The attribute with the name of the topic.
pub(crate) const TOPIC: &str = ":topic";

const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

/// What librdkafka is given.
#[derive(Debug)]
pub(crate) struct KafkaRecord {
    pub(super) topic: String,
    pub(super) key: Option<String>,
    pub(super) payload: Bytes,
    pub(super) headers: OwnedHeaders,
}

impl KafkaRecord {
    /// The record of a message, or why there can be none.
    pub(super) fn of_leased(message: &Leased, default_topic: Option<&str>) -> Result<Self, String> {
        let id = message.idempotency_key.clone();
        let id = id.unwrap_or_else(|| message.id.to_string());
        let record = Self::of(&message.attributes, &message.body, &id, default_topic)?;
        Ok(record.key(message.key.clone()))
    }

    /// The record of these attributes and this body, without a key, or why there can be none.
    pub(crate) fn of(
        attributes: &Attributes,
        body: &Bytes,
        id: &str,
        default_topic: Option<&str>,
    ) -> Result<Self, String> {
        let named = attributes.iter().find(|(name, _)| name == TOPIC);
        let named = named.map(|(_, topic)| topic.as_str());
        let Some(topic) = named.or(default_topic) else {
            return Err("it has no attribute :topic, and there is no default one".into());
        };
        if !is_topic(topic) {
            return Err("its :topic is no name of a topic".into());
        }
        let mut headers = OwnedHeaders::new();
        let mut has_id = false;
        let plain = attributes.iter().filter(|(name, _)| !name.starts_with(':'));
        for (name, value) in plain {
            has_id |= name.eq_ignore_ascii_case(IDEMPOTENCY_KEY);
            headers = with(headers, name, value);
        }
        if !has_id {
            headers = with(headers, IDEMPOTENCY_KEY, id);
        }
        Ok(Self {
            topic: topic.to_owned(),
            key: None,
            payload: body.clone(),
            headers,
        })
    }

    pub(crate) fn key(mut self, key: Option<String>) -> Self {
        self.key = key;
        self
    }
}

fn with(headers: OwnedHeaders, name: &str, value: &str) -> OwnedHeaders {
    headers.insert(Header {
        key: name,
        value: Some(value),
    })
}

/// Whether Kafka can have a topic of this name.
pub(crate) fn is_topic(name: &str) -> bool {
    let is_fine = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    let is_dots = name == "." || name == "..";
    (1..=249).contains(&name.len()) && !is_dots && name.bytes().all(is_fine)
}

#[cfg(test)]
mod tests {
    use rdkafka::message::Headers;

    use super::*;

    fn record(
        attributes: &[(&str, &str)],
        default_topic: Option<&str>,
    ) -> Result<KafkaRecord, String> {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let attributes = attributes.iter().map(own).collect();
        KafkaRecord::of(
            &attributes,
            &Bytes::from_static(b"body"),
            "id",
            default_topic,
        )
    }

    fn headers(record: &KafkaRecord) -> Vec<(String, String)> {
        let text = |bytes: Option<&[u8]>| String::from_utf8(bytes.unwrap().to_vec()).unwrap();
        let headers = record.headers.iter();
        let headers = headers.map(|header| (header.key.to_owned(), text(header.value)));
        headers.collect()
    }

    #[test]
    fn the_topic_is_an_attribute_and_the_rest_are_headers() {
        let attributes = [
            (":topic", "t"),
            (":later", "x"),
            ("trace", "1"),
            ("trace", "2"),
        ];
        let record = record(&attributes, Some("other")).unwrap();
        assert_eq!((&*record.topic, &*record.payload), ("t", &b"body"[..]));
        let own = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let all = [
            own("trace", "1"),
            own("trace", "2"),
            own("Idempotency-Key", "id"),
        ];
        assert_eq!(headers(&record), all);
    }

    #[test]
    fn a_header_of_the_sender_goes_before_the_id() {
        let record = record(&[("idempotency-key", "mine")], Some("t")).unwrap();
        let mine = ("idempotency-key".to_owned(), "mine".to_owned());
        assert_eq!(headers(&record), [mine]);
    }

    #[test]
    fn what_no_topic_can_be_called_is_told_without_it() {
        let long = "t".repeat(250);
        for topic in ["", ".", "..", "a b", "secret/", "é", "a\0", &long] {
            let error = record(&[(":topic", topic)], Some("t")).unwrap_err();
            assert!(!error.contains("secret"), "{error}");
        }
        assert!(record(&[], None).is_err());
        assert!(record(&[(":topic", &long[1..])], None).is_ok());
    }
}
