//! The service, put together.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fusebox::{CircuitBreaker, Definition, Rate, Registry, SettingsError};
use fusebox_admin::{Admin, Readiness};
use fusebox_queue::relay::{Relay, RelayHandle};
use fusebox_queue::sink::HttpSink;
use fusebox_queue::{QueueSettings, Queues};
use fusebox_store::{Keeper, Sqlite};
use tokio::task::JoinHandle;

use super::api;
use super::backlog::Backlog;
use super::book::Book;
use super::creation::Creation;
use super::outbox::Outbox;
use super::projects::Projects;
use super::settings::{Addresses, SprintSettings};
use super::settler::Settler;
use crate::call::{Client, Counted};
use crate::hosting::Hosted;

/// The longest wait between two tries to settle a sprint or to tell of one.
const TRIES_EVERY: Duration = Duration::from_secs(1);
/// How long the queue's last writes may take at the end.
const CLOSES_WITHIN: Duration = Duration::from_secs(5);

/// Why the service did not start, in words that name the variable, the file or the socket.
pub type StartError = Box<dyn Error + Send + Sync>;

/// The service, while it runs.
#[derive(Debug)]
pub struct SprintService {
    hosted: Hosted,
    readiness: Readiness,
    queues: Queues,
    outbox: JoinHandle<()>,
    relays: [RelayHandle; 2],
}

impl SprintService {
    /// Starts it over the circuits of `registry`, which it defines there.
    ///
    /// # Errors
    /// What is missing, taken or damaged.
    pub async fn start(
        listen: SocketAddr,
        settings: SprintSettings,
        addresses: Addresses,
        registry: &Registry,
    ) -> Result<Self, StartError> {
        let circuit = |name: &str| {
            let definition = Definition::new(name).settings(settings.circuits.clone());
            registry.add(definition.priority(1).timeout(settings.call_timeout))
        };
        let [project, backlog, chronicle] = [
            circuit("project-service")?,
            circuit("backlog-service")?,
            circuit("chronicle-service")?,
        ];
        let dir = &settings.data_dir;
        std::fs::create_dir_all(dir)
            .map_err(|error| format!("DATA_DIR {}: {error}", dir.display()))?;
        let keeper = Keeper::start(registry, Sqlite::open(dir.join("state.db"))?)?;
        let book = Book::open(&dir.join("sprints.db"))?;
        let queues = Queues::open(dir.join("queue.db"))?;
        let settling = queues.queue("settling", queue_settings())?;
        let events = queues.queue("events", queue_settings())?;

        let counted = Counted(settings.error_kinds);
        let client = |base| Client::new(base, settings.call_timeout, counted.clone());
        let projects = Projects {
            client: client(&addresses.project),
            circuit: project,
        };
        let backlog = Arc::new(Backlog {
            client: client(&addresses.backlog),
            circuit: backlog,
        });
        let outbox = Outbox::new(book.clone(), settling.clone(), events.clone());
        let settler = Settler {
            backlog: Arc::clone(&backlog),
            book: book.clone(),
            outbox: Arc::clone(&outbox),
        };
        // The call's own time-out comes first: it says what is known.
        let timeout = settings.call_timeout * 2;
        let settling = Relay::builder(settling, pause_between_tries()?).sink(settler);
        let sink = HttpSink::builder(addresses.chronicle).timeout(settings.call_timeout);
        let telling = Relay::builder(events, chronicle).sink(sink.build_http()?);
        let relays = [
            settling.timeout(timeout).start()?,
            telling.timeout(timeout).start()?,
        ];
        let creation = Arc::new(Creation {
            projects,
            backlog,
            book,
            outbox: Arc::clone(&outbox),
            turns: Mutex::default(),
        });

        let readiness = Readiness::starting();
        let admin = Admin::new(registry)
            .readiness(readiness.clone())
            .keeper(keeper)
            .queues(queues.clone())
            .relays({
                let relays = relays.each_ref().map(RelayHandle::watch);
                move || relays.to_vec()
            });
        let routes = api::routes(creation, readiness.clone()).nest("/fusebox", admin.router());
        let hosted = Hosted::start(listen, routes).await;
        let hosted = hosted.map_err(|error| format!("cannot listen on {listen}: {error}"))?;
        readiness.set_ready();
        Ok(Self {
            hosted,
            readiness,
            queues,
            outbox: tokio::spawn(outbox.run()),
            relays,
        })
    }

    /// Where it listens: `http://…`, without a slash at its end.
    pub fn url(&self) -> String {
        self.hosted.url()
    }

    /// Takes no more calls, ends what is under way, and writes the rest down for the next start.
    pub async fn end(self) {
        self.readiness.set_draining();
        self.hosted.end().await;
        self.outbox.abort();
        for relay in self.relays {
            relay.stop().await;
        }
        if let Err(error) = self.queues.close(CLOSES_WITHIN) {
            tracing::warn!(%error, "the queue did not close");
        }
    }
}

/// What is in these queues has to happen: nothing grows too old or is tried too often.
fn queue_settings() -> QueueSettings {
    let mut settings = QueueSettings::default();
    settings.age_max = None;
    settings.attempts_max = None;
    settings.crashes_max = None;
    settings.retry_after = TRIES_EVERY;
    settings.retry_after_max = TRIES_EVERY;
    settings
}

/// Sprints to be settled do not wait for `backlog-service`'s circuit, which may be open for long
/// after the service is back; this breaker lets one of all through in a second until it is.
fn pause_between_tries() -> Result<Arc<CircuitBreaker>, SettingsError> {
    let breaker = CircuitBreaker::builder("settling")
        .consecutive_failures(1)
        .open_for(TRIES_EVERY)
        .backoff(1.0)
        .jitter(Rate::ZERO)
        .half_open_successes(1)
        .build()?;
    Ok(Arc::new(breaker))
}
