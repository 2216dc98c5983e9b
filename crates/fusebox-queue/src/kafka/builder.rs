//! Sets up a publisher.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use fusebox::CircuitBreaker;
use tokio::runtime::Handle as Runtime;

use super::KafkaPublisher;
use super::carry::{Carrier, Shared};
use super::error::KafkaPublisherError;
use super::lanes::{Carry, Lanes};
use crate::queue::Queue;
use crate::relay::{Pace, Relay, RelayHandle};
use crate::sink::{KafkaSettings, KafkaSink, Producer};

/// Messages that the relay sends at the same time: each key only one.
const PARALLEL: usize = 64;
/// librdkafka looks for records whose time is over about once a second, and somewhat later while
/// it has no broker; the relay waits for its report by all means.
const REPORT_WITHIN: Duration = Duration::from_secs(60);

/// Sets up a [`KafkaPublisher`]. `H` is how it holds its circuit, if it has one.
#[must_use]
pub struct KafkaPublisherBuilder<H = &'static CircuitBreaker> {
    settings: KafkaSettings,
    breaker: Option<H>,
    queue: Option<Queue>,
    pace: Pace,
    unanswered_max: usize,
    drain_for: Duration,
}

impl KafkaPublisherBuilder {
    pub(super) fn new(settings: KafkaSettings) -> Self {
        Self {
            settings,
            breaker: None,
            queue: None,
            pace: Pace::default(),
            unanswered_max: 1000,
            drain_for: Duration::from_secs(10),
        }
    }

    /// Behind this circuit, without a queue: what it rejects and what fails is the caller's.
    pub fn breaker<H>(self, breaker: H) -> KafkaPublisherBuilder<H>
    where
        H: fusebox::Handle + Clone + Send + Sync + 'static,
    {
        self.with(breaker, None)
    }

    /// Behind this circuit, and what cannot be sent goes to this queue, which is the publisher's
    /// alone: nobody else may push to it or lease from it.
    ///
    /// How much it holds and how long are the queue's settings;
    /// [`KafkaPublisher::queue_settings`] are made for it.
    pub fn fallback<H>(self, breaker: H, queue: Queue) -> KafkaPublisherBuilder<H>
    where
        H: fusebox::Handle + Clone + Send + Sync + 'static,
    {
        self.with(breaker, Some(queue))
    }

    fn with<H>(self, breaker: H, queue: Option<Queue>) -> KafkaPublisherBuilder<H> {
        KafkaPublisherBuilder {
            settings: self.settings,
            breaker: Some(breaker),
            queue,
            pace: self.pace,
            unanswered_max: self.unanswered_max,
            drain_for: self.drain_for,
        }
    }
}

impl<H> KafkaPublisherBuilder<H>
where
    H: fusebox::Handle + Clone + Send + Sync + 'static,
{
    /// How fast the queue is drained once Kafka is back.
    pub const fn pace(mut self, pace: Pace) -> Self {
        self.pace = pace;
        self
    }

    /// Events without an answer at most: those on their way, and those that wait behind others of
    /// their key. Default 1000. They are in memory, and go to the disk when the publisher is
    /// closed.
    pub const fn unanswered_max(mut self, events: usize) -> Self {
        self.unanswered_max = events;
        self
    }

    /// How long [`close`](KafkaPublisher::close) waits for what is on its way before it goes to
    /// the queue. Default 10 s.
    pub const fn drain_for(mut self, drain_for: Duration) -> Self {
        self.drain_for = drain_for;
        self
    }

    /// Starts it, on the tokio runtime that this is called in. It does not wait for Kafka.
    ///
    /// # Errors
    /// The first setting that cannot be.
    pub fn start(self) -> Result<KafkaPublisher, KafkaPublisherError> {
        let runtime = Runtime::try_current().map_err(|_| KafkaPublisherError::Runtime)?;
        if self.unanswered_max == 0 {
            return Err(KafkaPublisherError::Unanswered);
        }
        let producer = Arc::new(Producer::new(self.settings.clone())?);
        let relay = self.relay(&producer)?;
        let shared = Arc::<Shared>::default();
        let carrier: Arc<dyn Carry> = Arc::new(Carrier {
            producer: Arc::clone(&producer),
            breaker: self.breaker,
            queue: self.queue,
            shared: Arc::clone(&shared),
        });
        let lanes = Arc::new(Lanes::new(carrier, runtime, self.unanswered_max));
        Ok(KafkaPublisher::of(
            lanes,
            producer,
            shared,
            relay,
            self.drain_for,
        ))
    }

    fn relay(&self, producer: &Arc<Producer>) -> Result<Option<RelayHandle>, KafkaPublisherError> {
        let (Some(breaker), Some(queue)) = (&self.breaker, &self.queue) else {
            return Ok(None);
        };
        let relay = Relay::builder(queue.clone(), breaker.clone())
            .sink(KafkaSink::of(Arc::clone(producer)))
            .parallel(PARALLEL)
            .timeout(2 * self.settings.time() + REPORT_WITHIN)
            .pace(self.pace)
            .drain_for(self.drain_for)
            .start()?;
        Ok(Some(relay))
    }
}

impl<H> fmt::Debug for KafkaPublisherBuilder<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaPublisherBuilder")
            .field("settings", &self.settings)
            .field("queue", &self.queue)
            .finish_non_exhaustive()
    }
}
