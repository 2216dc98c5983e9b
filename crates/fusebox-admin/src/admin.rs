//! The admin interface, put together.

use std::fmt;
use std::sync::Arc;

use axum::{Router, middleware};
use fusebox::{Event, Registry, Source};
use fusebox_queue::Queues;
use fusebox_queue::relay::RelayWatch;
use fusebox_store::{Keeper, Memory};
use fusebox_telemetry::{Facts, Names};

use crate::access::Door;
use crate::activity::Activity;
use crate::audit::Journal;
use crate::desk::{Desk, FindQueues};
use crate::dry_run::DryRuns;
use crate::queues::{FindRelays, Queued, Relayed};
use crate::recorder::Recorder;
use crate::stream::Feed;
use crate::thread::{self, Duties};
use crate::told::{Kept, Requests};
use crate::{Readiness, Tokens, guard, openapi, problem, request_id, routes};

/// The routes over `registry`, with the defaults of [`Admin`].
pub fn router(registry: &Registry) -> Router {
    Admin::new(registry).router()
}

/// The admin interface, to be set up and made a [`Router`].
#[must_use]
pub struct Admin {
    registry: Registry,
    source: Arc<dyn Source>,
    readiness: Readiness,
    tokens: Option<Tokens>,
    keeper: Option<Keeper>,
    queues: FindQueues,
    relays: FindRelays,
    facts: Vec<Arc<dyn Facts>>,
    metric_names: Names,
    records: bool,
}

impl Admin {
    /// Over this registry: ready from the start, metrics of the registry's circuits.
    pub fn new(registry: &Registry) -> Self {
        let readiness = Readiness::starting();
        readiness.set_ready();
        Self {
            registry: registry.clone(),
            source: Arc::new(registry.clone()),
            readiness,
            tokens: None,
            keeper: None,
            queues: Arc::new(|| None),
            relays: Arc::new(Vec::new),
            facts: Vec::new(),
            metric_names: Names::default(),
            records: true,
        }
    }

    /// What `/metrics` reads, where the host knows more of its circuits than the registry does.
    pub fn source(mut self, source: Arc<dyn Source>) -> Self {
        self.source = source;
        self
    }

    /// What `/readyz` tells; default ready.
    pub fn readiness(mut self, readiness: Readiness) -> Self {
        self.readiness = readiness;
        self
    }

    /// By which callers are known. Default none: only peers on this machine are let in, and the
    /// host has to tell who the peer is ([`into_make_service_with_connect_info`][connect-info]).
    ///
    /// [connect-info]: axum::Router::into_make_service_with_connect_info
    pub fn tokens(mut self, tokens: Tokens) -> Self {
        self.tokens = Some(tokens);
        self
    }

    /// Whether the last hour of every circuit is recorded, for the replay files of trips and for
    /// dry runs; default yes. Costs some nanoseconds a call, and at most 8 MB a circuit.
    pub fn recorder(mut self, records: bool) -> Self {
        self.records = records;
        self
    }

    /// Who keeps states, history and audit log over a restart. Default one that keeps history and
    /// audit log in memory, as long as the router lives.
    pub fn keeper(mut self, keeper: Keeper) -> Self {
        self.keeper = Some(keeper);
        self
    }

    /// Queues to be looked at and steered. Default none: their paths are 404.
    pub fn queues(self, queues: Queues) -> Self {
        self.queues_when(move || Some(queues.clone()))
    }

    /// The same for a host that has queues from some time on: asked at each request.
    pub fn queues_when(
        mut self,
        find: impl Fn() -> Option<Queues> + Send + Sync + 'static,
    ) -> Self {
        self.queues = Arc::new(find);
        self
    }

    /// Relays whose pace and failures are in the metrics, beside the figures of their queues: asked
    /// at each scrape, since a host may start and stop some. Default none.
    pub fn relays(mut self, find: impl Fn() -> Vec<RelayWatch> + Send + Sync + 'static) -> Self {
        self.relays = Arc::new(find);
        self
    }

    /// What the host counts itself, for the metrics; may be given several times.
    pub fn facts(mut self, facts: Arc<dyn Facts>) -> Self {
        self.facts.push(facts);
        self
    }

    /// Under which names the metrics of circuits are shown.
    pub fn metric_names(mut self, names: Names) -> Self {
        self.metric_names = names;
        self
    }

    /// The routes, to be served, or nested under any prefix by axum's `nest_service` (`nest` leaves
    /// out the prefix with a slash at its end).
    pub fn router(self) -> Router {
        self.router_and_facts().0
    }

    /// The same, with what `/metrics` shows beside the circuits: for a host that sends its metrics
    /// elsewhere, too.
    pub fn router_and_facts(self) -> (Router, Arc<dyn Facts>) {
        let (router, document) = routes::all().split_for_parts();
        let document = serde_json::to_value(openapi::finished(document)).unwrap_or_default();
        let keeper = self.keeper.or_else(|| in_memory(&self.registry));
        let feed = Feed::new(&self.registry);
        let recorder = self.records.then(|| {
            let keeper = keeper.clone();
            let attach = move |event: &Event, replay| {
                if let Some(keeper) = &keeper {
                    keeper.attach_replay(&event.circuit, event.generation, replay);
                }
            };
            Recorder::new(&self.registry, Box::new(attach))
        });
        let activity = Activity::default();
        let requests = Requests::default();
        let mut facts = self.facts;
        facts.extend([Arc::new(requests.clone()) as _, Arc::new(feed.clone()) as _]);
        facts.push(Arc::new(Queued(Arc::clone(&self.queues))));
        facts.push(Arc::new(Relayed(self.relays)));
        facts.extend(keeper.clone().map(|keeper| Arc::new(Kept(keeper)) as _));
        let facts = Arc::new(facts);
        let running = thread::start(Duties {
            registry: self.registry.clone(),
            readiness: self.readiness.clone(),
            feed: feed.clone(),
            history: keeper.as_ref().map(Keeper::follow),
            recorder: recorder.clone(),
            activity: activity.clone(),
        });
        if let Err(error) = &running {
            tracing::error!(%error, "no background thread: the stream will tell nothing");
        }
        let desk = Desk {
            registry: self.registry,
            source: self.source,
            facts: Arc::clone(&facts) as _,
            metric_names: self.metric_names,
            requests,
            readiness: self.readiness,
            door: Door::new(self.tokens),
            journal: Journal::new(keeper.clone()),
            keeper,
            queues: self.queues,
            feed,
            recorder,
            dry_runs: DryRuns::default(),
            activity,
            _running: running.ok(),
            openapi: Arc::new(document),
        };
        let router = router
            .fallback(problem::unknown_path)
            .method_not_allowed_fallback(problem::method_not_allowed)
            .layer(middleware::from_fn_with_state(desk.clone(), guard::guard))
            .layer(middleware::from_fn(request_id::identify))
            .with_state(desk);
        (router, facts)
    }
}

fn in_memory(registry: &Registry) -> Option<Keeper> {
    let keeper = Keeper::start(registry, Memory::new());
    keeper
        .inspect_err(|error| tracing::error!(%error, "no history and no audit log is kept"))
        .ok()
}

impl fmt::Debug for Admin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admin").finish_non_exhaustive()
    }
}
