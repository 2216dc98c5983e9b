//! The service, put together.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::http::Uri;
use fusebox::compat::FailMax;
use fusebox::{CircuitBreaker, Definition, Registry};
use fusebox_queue::relay::RelayHandle;
use tokio::task::JoinHandle;

use super::api;
use super::callees::{Backlog, Projects};
use super::creation::Sprints;
use super::ending::TRIES_EVERY;
use super::settings::{Addresses, SprintSettings};
use crate::call::{Callee, Client, Counted, post_on};
use crate::documents::Documents;
use crate::kept::{Failed, Kept, Served, until_it_happens};

/// The service, while it runs.
#[derive(Debug)]
pub struct SprintService {
    served: Served,
    ending: JoinHandle<()>,
    relay: RelayHandle,
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
    ) -> Result<Self, Failed> {
        let timeout = settings.call_timeout;
        let circuit = |name: &str| {
            let definition = Definition::new(name).settings(settings.circuits.clone());
            registry.add(definition.priority(1).timeout(timeout))
        };
        let callee = |name, base: &Uri| {
            let client = Client::new(base, timeout, Counted(settings.error_kinds.clone()));
            circuit(name).map(|circuit| Callee::new(client, circuit))
        };
        let projects = Projects(callee("project-service", &addresses.project)?);
        let backlog = Backlog(callee("backlog-service", &addresses.backlog)?);
        let kept = Kept::open(registry, &settings.data_dir, "queue.db")?;
        let events = kept.queues.queue("events", until_it_happens(TRIES_EVERY))?;
        let chronicle = circuit("chronicle-service")?;
        let relay = post_on(&events, chronicle, addresses.chronicle, timeout)?;
        // Sprints to be settled do not wait for `backlog-service`'s circuit, which may be open for
        // long after the service is back. This one lets one try of all pass in a second until it
        // is: it is over when the next one is due, which takes a while itself.
        let tries = FailMax {
            fail_max: 1,
            recovery_timeout: TRIES_EVERY * 9 / 10,
        };
        let tries = CircuitBreaker::builder("tries").settings(tries.settings()?);
        let sprints = Arc::new(Sprints {
            projects,
            backlog,
            book: Documents::open(&settings.data_dir.join("sprints.db"))?,
            events,
            tries: tries.build()?,
        });
        let routes = api::routes(Arc::clone(&sprints));
        let served = kept.serve(registry, listen, [&relay], routes).await?;
        Ok(Self {
            served,
            ending: tokio::spawn(sprints.end_stories()),
            relay,
        })
    }

    /// Where it listens: `http://…`, without a slash at its end.
    pub fn url(&self) -> String {
        self.served.url()
    }

    /// Takes no more calls, ends what is under way, and writes the rest down for the next start.
    ///
    /// # Errors
    /// It was not written in time.
    pub async fn end(self) -> Result<(), Failed> {
        let kept = self.served.end().await;
        self.ending.abort();
        self.relay.stop().await;
        kept.close()
    }
}
