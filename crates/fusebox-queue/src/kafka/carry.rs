//! The way of one event: at once to Kafka, or into the queue.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use fusebox::{CircuitBreaker, FailureClass, Handle, Outcome, PermitOf, Rejection, Settlement};
use tokio::time::{Instant, sleep};

use super::error::{PublishError, Published};
use super::event::Named;
use super::lanes::Carry;
use super::stats::{Counts, add};
use crate::queue::Queue;
use crate::relay::tell_when_slow;
use crate::sink::{Fate, KafkaRecord, Producer};

type Told = Result<Published, PublishError>;

/// What a fallback to the queue is called in the breaker's counts.
const FALLBACK: &str = "queue";

/// What all events of a publisher share.
pub(super) struct Carrier<H> {
    pub(super) producer: Arc<Producer>,
    pub(super) breaker: Option<H>,
    pub(super) queue: Option<Queue>,
    pub(super) shared: Arc<Shared>,
}

#[derive(Debug, Default)]
pub(super) struct Shared {
    pub(super) counts: Counts,
    /// The time for sending is over: what is left is queued.
    pub(super) is_over: AtomicBool,
    /// The queue took nothing the last time: it is logged once, not for each event.
    is_full: AtomicBool,
}

/// Why an event goes to the queue.
enum Why {
    Behind,
    Rejected(Rejection),
    Pressure(String),
    Spilled { error: String, uncertain: bool },
    Closing,
}

impl<H> Carry for Carrier<H>
where
    H: Handle + Clone + Send + Sync + 'static,
{
    fn carry<'a>(&'a self, event: &'a Named) -> Pin<Box<dyn Future<Output = Told> + Send + 'a>> {
        Box::pin(self.carry_one(event))
    }

    fn panicked(&self, said: &str) -> Told {
        add(&self.counts().panics);
        add(&self.counts().failed);
        tracing::error!(said, "an event is given up: its publisher panicked");
        Err(PublishError::Failed {
            error: format!("the publisher panicked: {said}"),
            // Nobody knows what it had done by then.
            uncertain: true,
        })
    }
}

impl<H> Carrier<H>
where
    H: Handle + Clone + Send + Sync + 'static,
{
    async fn carry_one(&self, event: &Named) -> Told {
        let record = event
            .record()
            .map_err(|error| self.was_refused("event", error))?;
        if self.is_behind(event).await? {
            return self.keep(event, Why::Behind).await;
        }
        if self.shared.is_over.load(Relaxed) {
            return self.keep(event, Why::Closing).await;
        }
        let breaker = self.breaker.clone();
        let permit = match breaker.map(CircuitBreaker::acquire_from).transpose() {
            Ok(permit) => permit,
            Err(rejection) => return self.keep(event, Why::Rejected(rejection)).await,
        };
        let fate = match permit {
            Some(permit) => self.send(record, permit).await,
            None => self.producer.send(record).await,
        };
        match fate {
            Fate::Delivered { partition, offset } => {
                add(&self.counts().live);
                Ok(Published::Delivered { partition, offset })
            }
            Fate::Refused { class, error } | Fate::Unsendable { class, error } => {
                Err(self.was_refused(class, error))
            }
            Fate::Pressure { error } => self.keep(event, Why::Pressure(error)).await,
            Fate::Withdrawn { error, uncertain }
            | Fate::Failed {
                error, uncertain, ..
            } => self.keep(event, Why::Spilled { error, uncertain }).await,
        }
    }

    /// Whether events of its key wait. Only the lane of the key pushes any, so none can come
    /// between this and the sending.
    async fn is_behind(&self, event: &Named) -> Result<bool, PublishError> {
        let (Some(queue), Some(key)) = (&self.queue, &event.key) else {
            return Ok(false);
        };
        let has_backlog = queue.has_backlog(key).await;
        has_backlog.map_err(|error| {
            add(&self.counts().not_kept);
            PublishError::Queue(error)
        })
    }

    /// Sends a record and settles the permit. When the record's time is over the circuit hears of
    /// it, and the report is waited for all the same: librdkafka has the record until then, so that
    /// queued now it could arrive twice and out of order.
    async fn send(&self, record: KafkaRecord, mut permit: PermitOf<H>) -> Fate {
        let begun = Instant::now();
        let mut sending = pin!(self.producer.send(record));
        let fate = tokio::select! {
            biased;
            fate = &mut sending => Some(fate),
            () = sleep(self.producer.settings().time()) => None,
            never = tell_when_slow(&mut permit) => match never {},
        };
        let outcome = fate
            .as_ref()
            .map_or(Outcome::Failure(FailureClass::Timeout), outcome);
        permit.settle(Settlement::new(outcome).took(begun.elapsed()));
        match fate {
            Some(fate) => fate,
            None => sending.await,
        }
    }

    /// Puts an event into the queue; without one, or where the circuit's fallback is switched off,
    /// its publisher hears why it was not sent.
    async fn keep(&self, event: &Named, why: Why) -> Told {
        let breaker = self.breaker.as_ref();
        let is_off = breaker.is_some_and(|breaker| !breaker.fallback_enabled());
        let Some(queue) = self.queue.as_ref().filter(|_| !is_off) else {
            add(&self.counts().failed);
            return Err(why.error());
        };
        let uncertain = why.is_uncertain();
        match queue.push(event.message(uncertain)).await {
            Ok(pushed) => {
                self.was_kept(&why);
                Ok(Published::Queued { pushed, uncertain })
            }
            Err(source) => {
                let is_full = self.counts().was_not_kept(&source);
                let reason = why.error().to_string();
                if !self.shared.is_full.swap(is_full, Relaxed) || !is_full {
                    let queue = &**queue.name();
                    tracing::error!(queue, %source, reason, "an event could not be kept");
                }
                Err(PublishError::NotKept {
                    reason,
                    source,
                    uncertain,
                })
            }
        }
    }

    fn was_kept(&self, why: &Why) {
        self.shared.is_full.store(false, Relaxed);
        add(why.count(self.counts()));
        if why.is_uncertain() {
            add(&self.counts().unknown);
        }
        if let Some(breaker) = &self.breaker {
            breaker.fell_back(FALLBACK);
        }
    }

    fn was_refused(&self, class: &'static str, error: String) -> PublishError {
        add(&self.counts().refused);
        PublishError::Refused { class, error }
    }

    fn counts(&self) -> &Counts {
        &self.shared.counts
    }
}

/// What the breaker hears. A refusal is an answer.
fn outcome(fate: &Fate) -> Outcome {
    match fate {
        Fate::Delivered { .. } | Fate::Refused { .. } => Outcome::Success,
        Fate::Unsendable { .. } | Fate::Pressure { .. } | Fate::Withdrawn { .. } => {
            Outcome::Ignored
        }
        Fate::Failed { class, .. } => Outcome::Failure(*class),
    }
}

impl Why {
    const fn is_uncertain(&self) -> bool {
        matches!(
            self,
            Self::Spilled {
                uncertain: true,
                ..
            }
        )
    }

    fn count<'a>(&self, counts: &'a Counts) -> &'a AtomicU64 {
        match self {
            Self::Behind => &counts.behind,
            Self::Rejected(_) => &counts.rejected,
            Self::Pressure(_) => &counts.pressure,
            Self::Spilled { .. } => &counts.spilled,
            Self::Closing => &counts.closing,
        }
    }

    fn error(self) -> PublishError {
        let uncertain = self.is_uncertain();
        let error = match self {
            Self::Behind => "others of its key wait".to_owned(),
            Self::Rejected(rejection) => return PublishError::Rejected(rejection),
            Self::Pressure(error) | Self::Spilled { error, .. } => error,
            Self::Closing => return PublishError::Closed,
        };
        PublishError::Failed { error, uncertain }
    }
}
