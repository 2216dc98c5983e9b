//! How to reach Kafka, and what its errors mean.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use thiserror::Error;

use super::record::is_topic;

/// What keeps order and certainty, or has a method here.
const FIXED: [&str; 10] = [
    "acks",
    "request.required.acks",
    "enable.idempotence",
    "enable.gapless.guarantee",
    "transactional.id",
    "bootstrap.servers",
    "metadata.broker.list",
    "message.timeout.ms",
    "delivery.timeout.ms",
    "dr_cb",
];

/// Settings of librdkafka that differ from its own defaults; each may be set otherwise.
const DEFAULTS: [(&str, &str); 6] = [
    // Who publishes waits for the report: no time is spent on waiting for company.
    ("linger.ms", "1"),
    // The partitions that Kafka's own clients choose, so that a key has one partition for all.
    ("partitioner", "murmur2_random"),
    // Bounds what is lost sight of when the process ends.
    ("queue.buffering.max.messages", "10000"),
    // A broker that is back is found within this.
    ("reconnect.backoff.max.ms", "2000"),
    ("socket.connection.setup.timeout.ms", "5000"),
    // The end of a process is not held up by a broker that is away.
    ("socket.timeout.ms", "10000"),
];

/// How to reach Kafka: for a [`KafkaSink`](super::KafkaSink) and a
/// [`KafkaPublisher`](crate::kafka::KafkaPublisher).
#[derive(Clone)]
#[must_use]
pub struct KafkaSettings {
    servers: String,
    timeout: Duration,
    topic: Option<String>,
    set: BTreeMap<String, String>,
    refuse_unauthorized: bool,
    refuse_unknown_topics: bool,
}

/// A setting that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum KafkaSettingsError {
    /// No broker is named.
    #[error("kafka: a broker is needed: host:port, several with commas")]
    Servers,
    /// The time-out is too short for a round trip, or longer than anybody waits.
    #[error("kafka: timeout: 100 ms to 1 h")]
    Timeout,
    /// The default topic is no name of one.
    #[error("kafka: default_topic: 1 to 249 letters, digits, '.', '_' and '-'")]
    Topic,
    /// The setting of librdkafka is fixed, or has a method of its own.
    #[error("kafka: `{name}` cannot be set: order and certainty rest on it, or it has a method")]
    Fixed {
        /// Its name.
        name: String,
    },
    /// librdkafka refuses it. The value is not told: it may be a password.
    #[error("kafka: `{name}`: {detail}")]
    Refused {
        /// The setting, or what of librdkafka could not be made.
        name: String,
        /// In a few words.
        detail: String,
    },
}

impl KafkaSettings {
    /// Brokers to begin with: `host:port`, several with commas.
    pub fn new(servers: impl Into<String>) -> Self {
        Self {
            servers: servers.into(),
            timeout: Duration::from_secs(10),
            topic: None,
            set: BTreeMap::new(),
            refuse_unauthorized: false,
            refuse_unknown_topics: false,
        }
    }

    /// The time for one record, with all that librdkafka tries by itself: then its report comes,
    /// arrived or not, a few seconds later at worst. Default 10 s; 100 ms to 1 h.
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The topic of messages that name none.
    pub fn default_topic(mut self, topic: impl Into<String>) -> Self {
        self.topic = Some(topic.into());
        self
    }

    /// Whether an event that this client may not write is refused: a dead letter, or an error for
    /// its publisher. Default no: a right can be given, so it is a failure of the circuit, and the
    /// event waits.
    pub const fn refuse_unauthorized(mut self, refuse: bool) -> Self {
        self.refuse_unauthorized = refuse;
        self
    }

    /// Whether an event is refused whose topic is not there. Default no: after an outage, and while
    /// the brokers make a topic by themselves, it may be there a moment later, and those behind a
    /// refused event would overtake it. Then a misspelt topic is a failure of the circuit. Set it
    /// where topics come from outside of the program.
    pub const fn refuse_unknown_topics(mut self, refuse: bool) -> Self {
        self.refuse_unknown_topics = refuse;
        self
    }

    /// Any other setting of librdkafka (its CONFIGURATION.md has them all) as text. Not `acks`
    /// (all) and `enable.idempotence` (true), which order and certainty rest on. TLS and SASL are
    /// not built in.
    pub fn set(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.set.insert(name.into(), value.into());
        self
    }

    pub(crate) const fn time(&self) -> Duration {
        self.timeout
    }

    pub(crate) fn topic(&self) -> Option<&str> {
        self.topic.as_deref()
    }

    pub(super) const fn refuses_unauthorized(&self) -> bool {
        self.refuse_unauthorized
    }

    pub(super) const fn refuses_unknown_topics(&self) -> bool {
        self.refuse_unknown_topics
    }

    /// What librdkafka is told.
    pub(super) fn client(&self) -> Result<ClientConfig, KafkaSettingsError> {
        self.check()?;
        let mut config = ClientConfig::new();
        for (name, value) in DEFAULTS {
            config.set(name, value);
        }
        // A topic that is not there is told as such before the record's time is over.
        let unknown_after = self.timeout.as_millis() / 2;
        config.set(
            "topic.metadata.propagation.max.ms",
            unknown_after.to_string(),
        );
        for (name, value) in &self.set {
            config.set(name, value);
        }
        config
            .set("bootstrap.servers", &self.servers)
            .set("message.timeout.ms", self.timeout.as_millis().to_string())
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set_log_level(RDKafkaLogLevel::Warning);
        Ok(config)
    }

    fn check(&self) -> Result<(), KafkaSettingsError> {
        let allowed = Duration::from_millis(100)..=Duration::from_secs(3600);
        if self.servers.trim().is_empty() {
            return Err(KafkaSettingsError::Servers);
        }
        if !allowed.contains(&self.timeout) {
            return Err(KafkaSettingsError::Timeout);
        }
        if self.topic.as_deref().is_some_and(|topic| !is_topic(topic)) {
            return Err(KafkaSettingsError::Topic);
        }
        let fixed = self.set.keys().find(|name| FIXED.contains(&name.as_str()));
        match fixed {
            Some(name) => Err(KafkaSettingsError::Fixed { name: name.clone() }),
            None => Ok(()),
        }
    }
}

impl KafkaSettingsError {
    /// Without the value, and without librdkafka's words, which may repeat it.
    pub(super) fn of(error: &KafkaError) -> Self {
        let (name, detail) = match error {
            KafkaError::ClientConfig(result, _, name, _) => (name.clone(), format!("{result:?}")),
            KafkaError::ClientCreation(_) => (
                "producer".into(),
                "librdkafka cannot make one: the settings exclude each other".into(),
            ),
            error => {
                let code = error.rdkafka_error_code();
                let code = code.unwrap_or(RDKafkaErrorCode::Unknown);
                ("producer".into(), format!("{code:?}"))
            }
        };
        Self::Refused { name, detail }
    }
}

impl fmt::Debug for KafkaSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Other values may be passwords.
        f.debug_struct("KafkaSettings")
            .field("servers", &self.servers)
            .field("timeout", &self.timeout)
            .field("topic", &self.topic)
            .field("set", &self.set.keys())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::super::KafkaSink;
    use super::*;

    fn refused(settings: KafkaSettings) -> KafkaSettingsError {
        KafkaSink::new(settings).unwrap_err()
    }

    #[test]
    fn what_order_and_certainty_rest_on_cannot_be_set() {
        for name in FIXED {
            let error = refused(KafkaSettings::new("host:1").set(name, "1"));
            let name = name.to_owned();
            assert_eq!(error, KafkaSettingsError::Fixed { name });
        }
    }

    #[test]
    fn what_cannot_be_is_told_without_its_value() {
        let fine = || KafkaSettings::new("host:1");
        assert_eq!(
            refused(KafkaSettings::new(" ")),
            KafkaSettingsError::Servers
        );
        let short = fine().timeout(Duration::from_millis(99));
        assert_eq!(refused(short), KafkaSettingsError::Timeout);
        let long = fine().timeout(Duration::from_secs(3601));
        assert_eq!(refused(long), KafkaSettingsError::Timeout);
        let named = fine().default_topic("no topic");
        assert_eq!(refused(named), KafkaSettingsError::Topic);
        for (name, value) in [
            ("no.such.setting", "secret"),
            ("linger.ms", "secret"),
            ("compression.codec", "secret\0"),
            // More requests at once than an idempotent producer may have.
            ("max.in.flight", "6"),
        ] {
            let error = refused(fine().set(name, value));
            assert!(
                matches!(error, KafkaSettingsError::Refused { .. }),
                "{name}"
            );
            assert!(!format!("{error} {error:?}").contains("secret"), "{error}");
        }
        let hidden = format!("{:?}", fine().set("sasl.password", "secret"));
        assert!(!hidden.contains("secret"), "{hidden}");
    }

    #[test]
    fn ours_are_defaults_that_a_program_may_change() {
        let config = KafkaSettings::new("host:1").client().unwrap();
        assert_eq!(config.get("linger.ms"), Some("1"));
        let set = KafkaSettings::new("host:1").set("linger.ms", "50");
        let config = set.client().unwrap();
        assert_eq!(config.get("linger.ms"), Some("50"));
        assert_eq!(config.get("acks"), Some("all"));
        assert_eq!(config.get("enable.idempotence"), Some("true"));
    }
}
