//! A sink that sends each message as one Kafka record.
//!
//! The topic is the attribute `:topic`, or the settings' default one; the record's key is the
//! message's key. Other names with a colon are left out, all else are headers. Every record carries
//! the header `Idempotency-Key`: the message's idempotency key, else its id, unless the attributes
//! have one.
//!
//! The producer is librdkafka's, idempotent and with `acks=all`. What became of a record is taken
//! from its delivery report alone: it arrived, it surely did not, or nobody knows. After an error
//! that ends librdkafka's producer (a sequence that does not fit) a new one takes its place, with
//! pauses that grow; what the old one still had is reported first.

mod fate;
mod producer;
mod record;
mod reports;
mod settings;

use std::fmt;
use std::sync::Arc;

use super::{Reply, Sink};
use crate::message::Leased;

pub use settings::{KafkaSettings, KafkaSettingsError};

pub(crate) use fate::Fate;
pub(crate) use producer::Producer;
pub(crate) use record::{KafkaRecord, TOPIC, is_topic};

/// Sends messages as Kafka records.
///
/// Alone, behind a relay, it makes a queue that is written first and sent on: nothing is lost
/// however its process ends. A [`KafkaPublisher`](crate::kafka::KafkaPublisher) sends at once and
/// queues only what it has to.
///
/// A record that the relay gives up on may still be on its way: the relay's time for a delivery has
/// to be longer than [`KafkaSettings::timeout`], twice that at least.
///
/// ```
/// use fusebox_queue::sink::{KafkaSettings, KafkaSink};
///
/// let settings = KafkaSettings::new("kafka-1:9092,kafka-2:9092").default_topic("receipts");
/// let sink = KafkaSink::new(settings)?;
/// # drop(sink);
/// # Ok::<(), fusebox_queue::sink::KafkaSettingsError>(())
/// ```
#[derive(Clone)]
pub struct KafkaSink {
    producer: Arc<Producer>,
}

impl KafkaSink {
    /// A sink with a producer of its own. It connects by itself, and does not wait for it.
    ///
    /// # Errors
    /// A setting that cannot be.
    pub fn new(settings: KafkaSettings) -> Result<Self, KafkaSettingsError> {
        let producer = Arc::new(Producer::new(settings)?);
        Ok(Self { producer })
    }

    pub(crate) const fn of(producer: Arc<Producer>) -> Self {
        Self { producer }
    }
}

impl Sink for KafkaSink {
    async fn deliver(&self, message: &Leased) -> Reply {
        let default_topic = self.producer.settings().topic();
        let record = match KafkaRecord::of_leased(message, default_topic) {
            Ok(record) => record,
            Err(error) => return Reply::Unsendable { error },
        };
        reply(self.producer.send(record).await)
    }
}

fn reply(fate: Fate) -> Reply {
    match fate {
        Fate::Delivered { .. } => Reply::DELIVERED,
        Fate::Refused { class, error } => Reply::refused(class, error),
        Fate::Unsendable { error, .. } => Reply::Unsendable { error },
        Fate::Pressure { error } => Reply::throttled(error, None),
        Fate::Withdrawn { error, uncertain } => Reply::Throttled {
            error,
            retry_after: None,
            uncertain,
        },
        Fate::Failed {
            class,
            error,
            uncertain,
        } => Reply::Failed {
            class,
            error,
            retry_after: None,
            uncertain,
        },
    }
}

impl fmt::Debug for KafkaSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaSink").finish_non_exhaustive()
    }
}
