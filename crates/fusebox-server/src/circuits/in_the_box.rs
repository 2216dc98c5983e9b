//! The box itself: all live circuits, found by name and by route, and reloaded all or nothing.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use fusebox::{
    Author, Definition, EventBus, MainBreaker, Reading, Registry, RegistryError, Source,
};
use fusebox_queue::{Queue, Queues, StorageError};

use super::upstream::{Tls, TlsError, Upstream};
use super::{BodyBudget, Circuit, CircuitStats, QueuesAt, Route, Routes};
use crate::settings::{CircuitSettings, Config};

/// The name under which the gateway's circuits appear in metrics.
const SERVICE: &str = "fusebox";
/// Events kept for the log: more than all circuits of a large box make at once.
const EVENTS: usize = 4096;
/// More than a settings file can name: reloads that rename circuits meet no bound in practice.
const CIRCUITS_MAX: usize = 1_000_000;

/// All live circuits of the gateway.
#[derive(Debug)]
pub struct Circuits {
    live: ArcSwap<Live>,
    /// The breakers by name, under one main breaker. A removed one waits here for its name to come
    /// back.
    breakers: Registry,
    tls: Tls,
    queues: QueuesAt,
    bodies: Arc<BodyBudget>,
    /// Held while a reload is made, so that two of them follow one another.
    reload: Mutex<()>,
}

/// The circuits of one version of the settings.
#[derive(Debug, Default)]
struct Live {
    circuits: Vec<Arc<Circuit>>,
    routes: Routes,
}

/// What a reload changed, by circuit name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    /// Circuits that came.
    pub added: Vec<String>,
    /// Circuits that went.
    pub removed: Vec<String>,
    /// Circuits that stayed, with other settings.
    pub changed: Vec<String>,
}

impl Changed {
    /// Whether everything stayed as it was.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }
}

/// Why circuits could not be made of settings. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CircuitsError {
    /// The breakers cannot be had so.
    #[error(transparent)]
    Breakers(#[from] RegistryError),
    /// Two circuits have the same host and path.
    #[error("circuits {first} and {second} have the same route")]
    SameRoute {
        /// The circuit that comes first.
        first: String,
        /// The one after it.
        second: String,
    },
    /// There is no TLS to reach an https upstream by.
    #[error("circuit {circuit}: {error}")]
    Tls {
        /// The circuit.
        circuit: String,
        /// What is missing.
        error: TlsError,
    },
    /// The file of the queues cannot be used.
    #[error("the queues cannot be had: {0}")]
    Queues(#[from] StorageError),
    /// The place of the queues cannot be used.
    #[error("circuit {circuit}: its queue cannot be had: {error}")]
    Queue {
        /// The circuit.
        circuit: String,
        /// Why.
        error: StorageError,
    },
    /// The upstream's address is no URL.
    #[error("circuit {circuit}: upstream: {error}")]
    Upstream {
        /// The circuit.
        circuit: String,
        /// What is wrong with it.
        error: http::Error,
    },
}

impl CircuitsError {
    /// Whether it fails the same way until somebody mends settings or file.
    #[must_use]
    pub const fn is_lasting(&self) -> bool {
        match self {
            Self::Queues(error) | Self::Queue { error, .. } => matches!(
                error,
                StorageError::Corrupt { .. } | StorageError::Newer { .. }
            ),
            _ => true,
        }
    }
}

impl Circuits {
    /// Makes the circuits of a configuration.
    ///
    /// # Errors
    /// Settings that no circuit can be made of, see [`CircuitsError`].
    pub fn new(config: &Config) -> Result<Arc<Self>, CircuitsError> {
        Self::with_tls(config, Tls::default())
    }

    /// As [`Circuits::new`], with the queues of circuits that have one in this place.
    ///
    /// # Errors
    /// As [`Circuits::new`].
    pub fn with_queues(config: &Config, queues: QueuesAt) -> Result<Arc<Self>, CircuitsError> {
        Self::made(config, Tls::default(), queues)
    }

    /// As [`Circuits::new`], with other certificate roots than those of the machine.
    ///
    /// # Errors
    /// As [`Circuits::new`].
    pub fn with_tls(config: &Config, tls: Tls) -> Result<Arc<Self>, CircuitsError> {
        Self::made(config, tls, QueuesAt::memory())
    }

    fn made(config: &Config, tls: Tls, queues: QueuesAt) -> Result<Arc<Self>, CircuitsError> {
        let breakers = Registry::builder()
            .events_kept(EVENTS)
            .circuits_max(CIRCUITS_MAX)
            .service(SERVICE)
            .build();
        let circuits = Self {
            live: ArcSwap::default(),
            breakers,
            tls,
            queues,
            bodies: Arc::default(),
            reload: Mutex::new(()),
        };
        circuits.apply(config)?;
        Ok(Arc::new(circuits))
    }

    /// All circuits, in the order of the settings.
    #[must_use]
    pub fn list(&self) -> Vec<Arc<Circuit>> {
        self.live.load().circuits.clone()
    }

    /// The circuit with this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Arc<Circuit>> {
        self.live
            .load()
            .circuits
            .iter()
            .find(|circuit| circuit.name() == name)
            .cloned()
    }

    /// The circuit for a request to this host and path.
    #[must_use]
    pub fn route(&self, host: &str, path: &str) -> Option<Route> {
        self.live.load().route(host, path)
    }

    /// The queues, if any circuit has ever had one.
    #[must_use]
    pub fn queues(&self) -> Option<&Queues> {
        self.queues.opened()
    }

    /// Bytes of bodies that are held whole now, of all calls.
    #[must_use]
    pub fn body_bytes_held(&self) -> u64 {
        self.bodies.held()
    }

    /// What they may be at most.
    pub(crate) fn body_budget(&self) -> &Arc<BodyBudget> {
        &self.bodies
    }

    /// The registry of the circuits' breakers.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.breakers
    }

    /// The bus that the circuits' events go to, and those of their main breaker.
    #[must_use]
    pub fn events(&self) -> &Arc<EventBus> {
        self.breakers.events()
    }

    /// The switch above all circuits (R18).
    #[must_use]
    pub fn main(&self) -> &Arc<MainBreaker> {
        self.breakers.main()
    }

    /// Takes over another configuration, all or nothing. A circuit that stays keeps its breaker,
    /// its state and its counters, and its open connections if the upstream is the same; the main
    /// breaker stays as it is. Requests under way finish under the settings they began with.
    ///
    /// # Errors
    /// Settings that no circuit can be made of; then everything stays as it was.
    pub fn apply(&self, config: &Config) -> Result<Changed, CircuitsError> {
        // A poisoned lock guards nothing that could be half done: the swap below is one store.
        let _one_at_a_time = self.reload.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.live.load_full();
        // Everything that can be refused comes before the breakers, and these all change or none.
        let routes = self.routes(config)?;
        let plans = config.circuits.iter().map(|settings| {
            let old = named(&before.circuits, &settings.name);
            Plan::new(settings, old, self)
        });
        let plans: Vec<Plan> = plans.collect::<Result<_, _>>()?;
        let definitions = config.circuits.iter().map(definition).collect();
        self.breakers.apply(definitions, &Author::system())?;
        let circuits: Result<_, RegistryError> = plans
            .into_iter()
            .map(|plan| plan.circuit(&self.breakers))
            .collect();
        let after = Live {
            circuits: circuits?,
            routes,
        };
        let changed = difference(&before.circuits, &after.circuits);
        self.live.store(Arc::new(after));
        self.bodies.set_max(config.server.buffered_bytes_max);
        Ok(changed)
    }

    fn routes(&self, config: &Config) -> Result<Routes, CircuitsError> {
        let name = |circuit: usize| config.circuits[circuit].name.clone();
        Routes::new(&config.circuits).map_err(|(first, second)| CircuitsError::SameRoute {
            first: name(first),
            second: name(second),
        })
    }

    /// Tells every breaker that the process ends: calls that are dropped from now on count as
    /// ignored.
    pub fn begin_shutdown(&self) {
        for circuit in &self.live.load().circuits {
            circuit.breaker().begin_shutdown();
        }
    }
}

impl Source for Circuits {
    fn read(&self, visit: &mut dyn FnMut(&Reading<'_>)) {
        for circuit in &self.live.load().circuits {
            let snapshot = circuit.breaker().snapshot();
            let fallbacks = circuit.stats().fallbacks();
            visit(&Reading {
                service: SERVICE,
                snapshot: &snapshot,
                fallbacks: &fallbacks,
                durations: circuit.breaker().durations().as_ref(),
            });
        }
    }
}

impl Live {
    fn route(&self, host: &str, path: &str) -> Option<Route> {
        let (circuit, matched) = self.routes.find(host, path)?;
        let circuit = Arc::clone(self.circuits.get(circuit)?);
        Some(Route { circuit, matched })
    }
}

fn named<'c>(circuits: &'c [Arc<Circuit>], name: &str) -> Option<&'c Arc<Circuit>> {
    circuits.iter().find(|circuit| circuit.name() == name)
}

fn difference(before: &[Arc<Circuit>], after: &[Arc<Circuit>]) -> Changed {
    let mut changed = Changed::default();
    for circuit in after {
        match named(before, circuit.name()) {
            None => changed.added.push(circuit.name().to_owned()),
            Some(old) if old.set() != circuit.set() => {
                changed.changed.push(circuit.name().to_owned());
            }
            Some(_) => {}
        }
    }
    let gone = before
        .iter()
        .filter(|circuit| named(after, circuit.name()).is_none());
    changed.removed = gone.map(|circuit| circuit.name().to_owned()).collect();
    changed
}

/// What the registry is to know of a circuit.
fn definition(settings: &CircuitSettings) -> Definition {
    let definition = Definition::new(&settings.name)
        .settings(settings.breaker.clone())
        .trips_main(settings.trips_main)
        .priority(settings.priority)
        .timeout(settings.timeout)
        .has_fallback(settings.fallback.is_some() || !settings.next.is_empty());
    match &settings.branch {
        Some(branch) => definition.branches(branch.settings.clone()),
        None => definition,
    }
}

/// A circuit that wants nothing but its breaker.
enum Plan {
    Stays(Arc<Circuit>),
    Comes {
        settings: Arc<CircuitSettings>,
        stats: Arc<CircuitStats>,
        upstream: Upstream,
        queue: Option<Queue>,
    },
}

impl Plan {
    /// Made out of the circuit before where it stays.
    fn new(
        settings: &CircuitSettings,
        old: Option<&Arc<Circuit>>,
        circuits: &Circuits,
    ) -> Result<Self, CircuitsError> {
        let tls = &circuits.tls;
        let (stats, upstream) = match old {
            Some(old) if old.set() == settings => return Ok(Self::Stays(Arc::clone(old))),
            Some(old) => {
                let (stats, upstream) = old.shared();
                (stats, upstream.changed_to(settings, tls)?)
            }
            None => (Arc::default(), Upstream::new(settings, tls)?),
        };
        Ok(Self::Comes {
            queue: circuits.queues.of(settings)?,
            settings: Arc::new(settings.clone()),
            stats,
            upstream,
        })
    }

    fn circuit(self, breakers: &Registry) -> Result<Arc<Circuit>, RegistryError> {
        match self {
            Self::Stays(circuit) => Ok(circuit),
            Self::Comes {
                settings,
                stats,
                upstream,
                queue,
            } => {
                // It was put there a moment ago.
                let breaker = breakers.find(&settings.name)?;
                let circuit = Circuit::new(settings, breaker, stats, upstream, queue);
                Ok(Arc::new(circuit))
            }
        }
    }
}
