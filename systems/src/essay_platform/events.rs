//! What the platform tells the rest of the world, by Kafka.

use std::time::SystemTime;

use fusebox::Registry;
use fusebox_queue::Queues;
use fusebox_queue::kafka::{Event, KafkaPublisher, PublishError, Published};
use fusebox_queue::relay::RelayWatch;
use fusebox_queue::sink::KafkaSettings;
use fusebox_store::rfc3339;
use serde_json::Value;

use super::settings::{PUBLISHER, Settings};
use crate::kept::Failed;

/// Publishes events: to Kafka, or to the queue while Kafka is away.
#[derive(Debug)]
pub(super) struct Events(KafkaPublisher);

impl Events {
    /// Without Kafka it starts all the same. Where the circuit's fallback is switched off, what
    /// Kafka does not take is the caller's; what is queued already is delivered.
    pub(super) fn start(
        settings: &Settings,
        queues: &Queues,
        registry: &Registry,
    ) -> Result<Self, Failed> {
        let circuit = registry.find(PUBLISHER)?;
        let kafka = KafkaSettings::new(&settings.kafka).timeout(settings.kafka_timeout);
        let builder = KafkaPublisher::builder(kafka);
        let mut kept = KafkaPublisher::queue_settings();
        kept.messages_max = settings.events_max;
        let queue = queues.queue("events", kept)?;
        Ok(Self(builder.fallback(circuit, queue).start()?))
    }

    /// Tells one event of a batch or an essay; those of one arrive in order. The answer is where it
    /// is: `delivered` or `queued`.
    pub(super) async fn tell(
        &self,
        event: &str,
        id: &str,
        mut told: Value,
    ) -> Result<&'static str, PublishError> {
        told["event"] = event.into();
        told["at"] = rfc3339(SystemTime::now()).into();
        let event = Event::new(event, told.to_string()).key(id);
        Ok(match self.0.publish(event).await? {
            Published::Delivered { .. } => "delivered",
            Published::Queued { .. } => "queued",
        })
    }

    pub(super) fn relay(&self) -> Vec<RelayWatch> {
        self.0.relay().into_iter().collect()
    }

    pub(super) async fn close(&self) {
        self.0.close().await;
    }
}
