//! librdkafka's producer, and the next one when it has come to its end.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use fusebox::FailureClass;
use rdkafka::ClientConfig;
use rdkafka::producer::{BaseRecord, Producer as _, PurgeConfig, ThreadedProducer};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::fate::Fate;
use super::record::KafkaRecord;
use super::reports::{Report, Reports, code};
use super::settings::{KafkaSettings, KafkaSettingsError};

/// The pause after the second producer in a row that came to its end; it doubles with each.
const PAUSE: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(10);
/// How long the reports of a purged producer may take: they are made at once.
const PURGED_WITHIN: Duration = Duration::from_secs(5);

/// Sends records, one at a time or many.
pub(crate) struct Producer {
    settings: KafkaSettings,
    config: ClientConfig,
    state: Mutex<State>,
    rebuilds: AtomicU64,
}

struct State {
    client: Option<Arc<Client>>,
    /// Clients in a row that ended without a record that arrived.
    ended: u32,
    /// No client is made before.
    rests_until: Option<Instant>,
    is_closed: bool,
}

/// A client of librdkafka with its thread.
struct Client {
    /// Taken when it ends.
    producer: Option<ThreadedProducer<Reports>>,
}

/// A record that librdkafka has, or why it has not.
type Taken = Result<(oneshot::Receiver<Report>, Weak<Client>), Fate>;

impl Producer {
    pub(crate) fn new(settings: KafkaSettings) -> Result<Self, KafkaSettingsError> {
        let config = settings.client()?;
        let client = Client::new(&config)?;
        let state = State {
            client: Some(Arc::new(client)),
            ended: 0,
            rests_until: None,
            is_closed: false,
        };
        Ok(Self {
            settings,
            config,
            state: Mutex::new(state),
            rebuilds: AtomicU64::new(0),
        })
    }

    pub(crate) const fn settings(&self) -> &KafkaSettings {
        &self.settings
    }

    /// Clients that took the place of one that had come to its end.
    pub(crate) fn rebuilds(&self) -> u64 {
        self.rebuilds.load(Relaxed)
    }

    /// Sends a record and waits for its report.
    ///
    /// Dropped, it takes nothing back: librdkafka has the record.
    pub(crate) async fn send(&self, record: KafkaRecord) -> Fate {
        let (told, client) = match self.hand_over(&record) {
            Ok(taken) => taken,
            Err(fate) => return fate,
        };
        drop(record);
        let report = told.await.unwrap_or(
            // Its client is gone and has not said a word.
            Report::Failed {
                code: rdkafka::error::RDKafkaErrorCode::DestroyBroker,
                uncertain: true,
            },
        );
        match report {
            Report::Persisted { .. } => self.state().ended = 0,
            Report::Failed { .. } => {
                if let Some(client) = client.upgrade() {
                    self.look_after(&client);
                }
            }
        }
        Fate::of(report, &self.settings)
    }

    /// Gives a record to librdkafka: to a new client if the first turns out to be at its end.
    fn hand_over(&self, record: &KafkaRecord) -> Taken {
        let mut tries = 0;
        loop {
            let client = self.client()?;
            tries += 1;
            match client.hand_over(record) {
                Ok(told) => return Ok((told, Arc::downgrade(&client))),
                Err(_) if self.look_after(&client) && tries < 2 => {}
                Err(code) => {
                    return Err(match Fate::of_code(code, false, &self.settings) {
                        Fate::Refused { class, error } => Fate::Unsendable { class, error },
                        fate => fate,
                    });
                }
            }
        }
    }

    /// The client, made if there is none and the pause is over.
    fn client(&self) -> Result<Arc<Client>, Fate> {
        let unable = |error: &str| Fate::Failed {
            class: FailureClass::Other,
            error: format!("kafka: {error}"),
            uncertain: false,
        };
        let mut state = self.state();
        if let Some(client) = &state.client {
            return Ok(Arc::clone(client));
        }
        if state.is_closed {
            return Err(unable("the producer is closed"));
        }
        if state
            .rests_until
            .is_some_and(|until| Instant::now() < until)
        {
            return Err(unable(
                "the producer came to its end, the next one is not made yet",
            ));
        }
        let client = match Client::new(&self.config) {
            Ok(client) => Arc::new(client),
            Err(error) => {
                state.rest();
                return Err(unable(&error.to_string()));
            }
        };
        state.client = Some(Arc::clone(&client));
        drop(state);
        self.rebuilds.fetch_add(1, Relaxed);
        Ok(client)
    }

    /// Puts a client away that has come to its end; whether it had.
    fn look_after(&self, client: &Arc<Client>) -> bool {
        let Some(fatal) = client.fatal() else {
            return false;
        };
        let mut state = self.state();
        let is_ours = state
            .client
            .as_ref()
            .is_some_and(|c| Arc::ptr_eq(c, client));
        if is_ours {
            state.client = None;
            state.rest();
            tracing::warn!(error = %fatal, "the Kafka producer came to its end and is made anew");
        }
        true
    }

    /// Withdraws what librdkafka still has: the reports come within a moment.
    pub(crate) fn purge(&self) {
        let client = self.state().client.clone();
        if let Some(client) = client {
            client.purge();
        }
    }

    /// Sends nothing from now on. What librdkafka still has is withdrawn.
    pub(crate) fn close(&self) {
        let mut state = self.state();
        state.is_closed = true;
        let client = state.client.take();
        drop(state);
        drop(client);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The first new client comes at once, the next ones after pauses.
    fn rest(&mut self) {
        let doubled = self.ended.saturating_sub(1).min(10);
        let pause = (PAUSE * (1 << doubled)).min(PAUSE_MAX);
        self.rests_until = (self.ended > 0).then(|| Instant::now() + pause);
        self.ended = self.ended.saturating_add(1);
    }
}

impl Client {
    fn new(config: &ClientConfig) -> Result<Self, KafkaSettingsError> {
        let producer = config.create_with_context(Reports::default());
        let producer = producer.map_err(|error| KafkaSettingsError::of(&error))?;
        Ok(Self {
            producer: Some(producer),
        })
    }

    fn hand_over(
        &self,
        record: &KafkaRecord,
    ) -> Result<oneshot::Receiver<Report>, rdkafka::error::RDKafkaErrorCode> {
        let Some(producer) = &self.producer else {
            return Err(rdkafka::error::RDKafkaErrorCode::DestroyBroker);
        };
        let reports = producer.client().context();
        let (number, told) = reports.expect();
        let base = BaseRecord {
            topic: &record.topic,
            partition: None,
            payload: Some(&record.payload[..]),
            key: record.key.as_deref(),
            timestamp: None,
            headers: Some(record.headers.clone()),
            delivery_opaque: number,
        };
        match producer.send(base) {
            Ok(()) => Ok(told),
            Err((error, _)) => {
                reports.forget(number);
                Err(code(&error))
            }
        }
    }

    /// Why it will never send again, if that is so.
    fn fatal(&self) -> Option<String> {
        let producer = self.producer.as_ref()?;
        let (code, _) = producer.client().fatal_error()?;
        Some(code.to_string())
    }

    fn purge(&self) {
        if let Some(producer) = &self.producer {
            producer.purge(PurgeConfig::default().queue().inflight());
        }
    }
}

impl Drop for Client {
    /// Its reports come, and then its thread is waited for: elsewhere, since that blocks.
    fn drop(&mut self) {
        self.purge();
        let Some(producer) = self.producer.take() else {
            return;
        };
        let end = move || {
            // What it does not report goes with its context, and whoever waits hears of that.
            let _ = producer.flush(PURGED_WITHIN);
            drop(producer);
        };
        let ends = std::thread::Builder::new().name("kafka-end".to_owned());
        if let Err(error) = ends.spawn(end) {
            tracing::warn!(%error, "a Kafka producer was ended on the caller's thread");
        }
    }
}

impl fmt::Debug for Producer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Producer")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
