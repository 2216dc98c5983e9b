//! The service, put together.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use fusebox::{BranchSettings, Definition, Registry, Settings};
use fusebox_queue::relay::{GlobalBreaker, Relay, RelayHandle};

use super::api;
use super::desk::Desk;
use super::settings::{Apis, CampaignSettings};
use super::worker::{ANSWER_BYTES_MAX, Worker, service_of};
use crate::kept::{Failed, Kept, Served, until_it_happens};

/// So many failures in a row never happen: the first stops everything. The circuits count, the
/// global breaker decides.
const NEVER: u32 = 1 << 20;
/// After everything is resumed, what had failed is tried again so soon.
const AGAIN_AFTER: Duration = Duration::from_secs(1);
/// What became of a job can be read for a year.
const REMEMBER_FOR: Duration = Duration::from_secs(365 * 24 * 3600);

/// The service, while it runs.
#[derive(Debug)]
pub struct CampaignQueue {
    served: Served,
    /// Stops everything.
    pub breaker: GlobalBreaker,
    relay: RelayHandle,
}

impl CampaignQueue {
    /// Starts it under the main breaker of `registry`, where it defines the circuit
    /// `third-party-apis` with a branch for each of them.
    ///
    /// # Errors
    /// What is missing, taken or damaged.
    pub async fn start(
        listen: SocketAddr,
        settings: CampaignSettings,
        apis: Apis,
        registry: &Registry,
    ) -> Result<Self, Failed> {
        let timeout = settings.call_timeout;
        let counting = Settings::builder().consecutive_failures(NEVER).build()?;
        let apis_circuit = Definition::new("third-party-apis")
            .settings(counting)
            .priority(1);
        let apis_circuit = apis_circuit.branches(BranchSettings::default());
        let circuit = registry.add(apis_circuit.timeout(timeout))?;
        let kept = Kept::open(registry, &settings.data_dir, "queue.db")?;
        let breaker = GlobalBreaker::start(&kept.queues, registry.main());
        let mut jobs = until_it_happens(AGAIN_AFTER);
        jobs.remember_for = REMEMBER_FOR;
        jobs.response_bytes_max = ANSWER_BYTES_MAX;
        let jobs = kept.queues.queue("jobs", jobs)?;
        let relay = Relay::builder(jobs.clone(), circuit)
            .sink(Worker::new(&jobs, &apis, timeout, &breaker)?)
            // The sink's own time-out comes first: it knows what was sent.
            .timeout(timeout * 2)
            .parallel(settings.workers)
            .branch_by(Some(service_of))
            .start()?;
        let desk = Desk {
            jobs,
            breaker: breaker.clone(),
            apis,
        };
        let routes = fusebox_admin::own_pages_only(api::routes(Arc::new(desk)));
        Ok(Self {
            served: kept.serve(registry, listen, [&relay], routes).await?,
            breaker,
            relay,
        })
    }

    /// Where it listens: `http://…`, without a slash at its end.
    pub fn url(&self) -> String {
        self.served.url()
    }

    /// Takes no more calls, ends the jobs that run, and writes the rest down for the next start.
    ///
    /// # Errors
    /// It was not written in time.
    pub async fn end(self) -> Result<(), Failed> {
        let kept = self.served.end().await;
        self.relay.stop().await;
        kept.close()
    }
}
