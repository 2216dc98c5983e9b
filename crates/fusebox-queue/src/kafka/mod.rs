//! Publishes events to Kafka, and keeps on disk what Kafka cannot take now.
//!
//! A [`KafkaPublisher`] answers an event once it is safe: in Kafka, or in the queue.
//!
//! 1. The circuit lets it pass and nothing of its key waits: it is sent, and the delivery report is
//!    waited for.
//! 2. Else it goes to the queue, behind what waits there. A [relay](crate::relay) delivers it once
//!    the circuit lets it.
//! 3. What was sent and did not arrive goes to the queue when librdkafka's report says so, and not
//!    before: until then it may still arrive. It is noted whether nobody knows: then it may come
//!    twice, with the same `Idempotency-Key`.
//!
//! Of each key one event is on its way at a time, live or from the queue, so that events of a key
//! arrive in the order in which they were published, whatever fails in between. Events without a
//! key are sent all at once, in no order.
//!
//! Without a queue what fails is the caller's; without a circuit too (for a service whose breakers
//! are switched off) it is a plain producer:
//!
//! ```
//! use fusebox::{CircuitBreaker, environment::Variables};
//! use fusebox_queue::Queues;
//! use fusebox_queue::kafka::{Event, KafkaPublisher};
//! use fusebox_queue::sink::KafkaSettings;
//! use std::sync::Arc;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = std::env::temp_dir();
//! let variables = Variables::of_process();
//! let builder = KafkaPublisher::builder(KafkaSettings::new("kafka:9092"));
//! let publisher = if variables.truth("CIRCUIT_BREAKER_ENABLED")?.unwrap_or(true) {
//!     let breaker = CircuitBreaker::builder("orchestrator.kafka_publisher");
//!     let breaker = Arc::new(breaker.consecutive_failures(10).build()?);
//!     let mut settings = KafkaPublisher::queue_settings();
//!     if let Some(size) = variables.whole("KAFKA_FALLBACK_QUEUE_SIZE", 1..=1_000_000)? {
//!         settings.messages_max = size.into();
//!     }
//!     let queue = Queues::open(folder.join("events.db"))?.queue("events", settings)?;
//!     builder.fallback(breaker, queue).start()?
//! } else {
//!     builder.start()?
//! };
//!
//! let event = Event::new("essays", "{\"id\": 7}").key("essay-7");
//! publisher.publish(event).await?;
//! publisher.close().await;
//! # Ok(())
//! # }
//! ```
//!
//! How it fails: a full queue is an error for the caller, and logged, never a silent drop. A queue
//! that cannot be asked refuses events with keys, whose order would be a guess. A process that dies
//! loses the events that have no answer yet, and those only.

mod builder;
mod carry;
mod error;
mod event;
mod lanes;
mod stats;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::timeout;

pub use builder::KafkaPublisherBuilder;
pub use error::{KafkaPublisherError, PublishError, Published};
pub use event::Event;
pub use lanes::Publishing;
pub use stats::KafkaStats;

use crate::relay::{RelayHandle, RelayWatch};
use crate::settings::QueueSettings;
use crate::sink::{KafkaSettings, Producer};
use carry::Shared;
use lanes::Lanes;
use stats::add;

/// Once the time for sending is over, what is left has this long to be queued.
const SPILL_WITHIN: Duration = Duration::from_secs(5);

/// Publishes events. See the [module](self).
///
/// [Close](Self::close) it before the process ends. Dropped, it takes no more events, and those
/// that have no answer yet go their way while the runtime lives.
pub struct KafkaPublisher {
    lanes: Arc<Lanes>,
    producer: Arc<Producer>,
    shared: Arc<Shared>,
    relay: Mutex<Option<RelayHandle>>,
    watch: Option<RelayWatch>,
    drain_for: Duration,
}

/// What closing a publisher did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KafkaClosed {
    /// Events that Kafka took since it began to close.
    pub delivered: u64,
    /// Events that went to the queue since.
    pub queued: u64,
    /// Events whose callers were told since that they could be neither sent nor kept.
    pub failed: u64,
    /// Events that have no answer yet: the disk hangs.
    pub unanswered: u64,
}

impl KafkaPublisher {
    /// Sets one up. So it is a plain producer, whose errors are its callers';
    /// [`fallback`](KafkaPublisherBuilder::fallback) gives it a circuit and a queue.
    pub fn builder(settings: KafkaSettings) -> KafkaPublisherBuilder {
        KafkaPublisherBuilder::new(settings)
    }

    /// Settings for its queue: 1000 messages, and no message dies of failed attempts, of crashes or
    /// of age, since the ones behind it would overtake it. They wait for it, so it is tried again
    /// after 30 s at the latest. The rest is [`QueueSettings::default`].
    pub fn queue_settings() -> QueueSettings {
        QueueSettings {
            messages_max: 1000,
            attempts_max: None,
            crashes_max: None,
            age_max: None,
            retry_after_max: Duration::from_secs(30),
            ..QueueSettings::default()
        }
    }

    /// Publishes an event, which is the publisher's from this call on. Events of one key arrive in
    /// the order of these calls; to wait for each answer before the next call is not needed for it.
    ///
    /// # Errors
    /// The answer's, see [`PublishError`].
    pub fn publish(&self, event: Event) -> Publishing {
        let counts = &self.shared.counts;
        let event = event.named().map_err(|error| {
            add(&counts.refused);
            let class = "event";
            PublishError::Refused { class, error }
        });
        let taken = event.and_then(|event| self.lanes.take(event));
        taken.unwrap_or_else(|error| {
            if matches!(error, PublishError::Busy { .. }) {
                add(&counts.busy);
            }
            Publishing::failed(error)
        })
    }

    /// What it did.
    pub fn stats(&self) -> KafkaStats {
        let unanswered = self.lanes.unanswered();
        self.shared
            .counts
            .read(unanswered, self.producer.rebuilds())
    }

    /// Shows what the relay of its queue does; `None` without a queue.
    pub fn relay(&self) -> Option<RelayWatch> {
        self.watch.clone()
    }

    /// Takes no more events, waits for what is on its way, and puts into the queue what has not
    /// arrived when the time for it
    /// ([`drain_for`](KafkaPublisherBuilder::drain_for)) is over. The queue stays open. Again, it
    /// does nothing.
    ///
    /// # Cancel safety
    /// Dropped, it has taken no more events, and what is on its way goes on. Call it again.
    pub async fn close(&self) -> KafkaClosed {
        let before = self.stats();
        self.lanes.close();
        let relay = self.take_relay();
        let relay_ends = async {
            if let Some(relay) = relay {
                relay.stop().await;
            }
        };
        let (_, in_time) =
            tokio::join!(relay_ends, timeout(self.drain_for, self.lanes.are_empty()));
        if in_time.is_err() {
            self.shared.is_over.store(true, Relaxed);
            self.producer.purge();
            // What this does not wait for is told as unanswered.
            let _ = timeout(SPILL_WITHIN, self.lanes.are_empty()).await;
        }
        self.producer.close();
        let after = self.stats();
        let failed = |stats: &KafkaStats| stats.failed + stats.not_kept + stats.refused;
        let closed = KafkaClosed {
            delivered: after.live - before.live,
            queued: after.queued() - before.queued(),
            failed: failed(&after) - failed(&before),
            unanswered: after.unanswered,
        };
        tracing::info!(?closed, "the Kafka publisher is closed");
        closed
    }

    fn take_relay(&self) -> Option<RelayHandle> {
        let mut relay = self.relay.lock().unwrap_or_else(PoisonError::into_inner);
        relay.take()
    }

    fn of(
        lanes: Arc<Lanes>,
        producer: Arc<Producer>,
        shared: Arc<Shared>,
        relay: Option<RelayHandle>,
        drain_for: Duration,
    ) -> Self {
        Self {
            watch: relay.as_ref().map(RelayHandle::watch),
            relay: Mutex::new(relay),
            lanes,
            producer,
            shared,
            drain_for,
        }
    }
}

impl Drop for KafkaPublisher {
    fn drop(&mut self) {
        self.lanes.close();
    }
}

impl fmt::Debug for KafkaPublisher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaPublisher")
            .field("producer", &self.producer)
            .finish_non_exhaustive()
    }
}
