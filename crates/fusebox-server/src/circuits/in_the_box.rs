//! The box itself: all live circuits, found by name and by route, and reloaded all or nothing.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use fusebox::{Author, CircuitBreaker, ControlError, EventBus, Reading, SettingsError, Source};

use super::upstream::{Tls, TlsError, Upstream};
use super::{Circuit, CircuitStats, Route, Routes};
use crate::settings::{CircuitSettings, Config};

/// The name under which the gateway's circuits appear in metrics.
const SERVICE: &str = "fusebox";

/// All live circuits of the gateway.
#[derive(Debug)]
pub struct Circuits {
    live: ArcSwap<Live>,
    bus: Arc<EventBus>,
    tls: Tls,
    /// Held while a reload is made, so that two of them follow one another.
    reload: Mutex<()>,
}

/// The circuits of one version of the settings.
#[derive(Debug)]
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
    /// The breaker does not take its settings or its name.
    #[error("circuit {circuit}: {error}")]
    Breaker {
        /// The circuit.
        circuit: String,
        /// What the breaker says.
        error: SettingsError,
    },
    /// The breaker does not take other settings any more.
    #[error("circuit {circuit}: {error}")]
    Change {
        /// The circuit.
        circuit: String,
        /// What the breaker says.
        error: ControlError,
    },
    /// Two circuits have the same host and path.
    #[error("circuits {first} and {second} have the same route")]
    SameRoute {
        /// The circuit that comes first.
        first: String,
        /// The one after it.
        second: String,
    },
    /// Two circuits have the same name.
    #[error("two circuits are named {0}")]
    SameName(String),
    /// There is no TLS to reach an https upstream by.
    #[error("circuit {circuit}: {error}")]
    Tls {
        /// The circuit.
        circuit: String,
        /// What is missing.
        error: TlsError,
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

impl Circuits {
    /// Makes the circuits of a configuration. Their events go to `bus`.
    ///
    /// # Errors
    /// Settings that no circuit can be made of, see [`CircuitsError`].
    pub fn new(config: &Config, bus: Arc<EventBus>) -> Result<Arc<Self>, CircuitsError> {
        Self::with_tls(config, bus, Tls::default())
    }

    /// As [`Circuits::new`], with other certificate roots than those of the machine.
    ///
    /// # Errors
    /// As [`Circuits::new`].
    pub fn with_tls(
        config: &Config,
        bus: Arc<EventBus>,
        tls: Tls,
    ) -> Result<Arc<Self>, CircuitsError> {
        let builder = Builder {
            bus: &bus,
            tls: &tls,
            before: &[],
        };
        let live = ArcSwap::from_pointee(builder.live(config)?);
        Ok(Arc::new(Self {
            live,
            bus,
            tls,
            reload: Mutex::new(()),
        }))
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
        self.live.load().routes.find(host, path)
    }

    /// The bus that the circuits' events go to.
    #[must_use]
    pub fn events(&self) -> &Arc<EventBus> {
        &self.bus
    }

    /// Takes over another configuration, all or nothing. A circuit that stays keeps its breaker,
    /// its state and its counters, and its open connections if the upstream is the same. Requests
    /// under way finish under the settings they began with.
    ///
    /// # Errors
    /// Settings that no circuit can be made of; then everything stays as it was.
    pub fn apply(&self, config: &Config) -> Result<Changed, CircuitsError> {
        // A poisoned lock guards nothing that could be half done: the swap below is one store.
        let _one_at_a_time = self.reload.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.live.load_full();
        let builder = Builder {
            bus: &self.bus,
            tls: &self.tls,
            before: &before.circuits,
        };
        let after = builder.live(config)?;
        let changed = difference(&before.circuits, &after.circuits);
        change_breakers(&after.circuits)?;
        self.live.store(Arc::new(after));
        Ok(changed)
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
            });
        }
    }
}

/// Puts the settings of all circuits in force in their breakers, or in none of them.
fn change_breakers(circuits: &[Arc<Circuit>]) -> Result<(), CircuitsError> {
    let by = Author::system();
    let mut done: Vec<(&CircuitBreaker, fusebox::Settings)> = Vec::new();
    for circuit in circuits {
        let (breaker, before) = (circuit.breaker(), circuit.breaker().settings());
        if let Err(error) = breaker.change_settings(circuit.set().breaker.clone(), &by) {
            for (breaker, before) in done {
                // Taken a moment ago; a breaker that refuses now keeps the new settings until the
                // next reload.
                let _ = breaker.change_settings(before, &by);
            }
            return Err(CircuitsError::Change {
                circuit: circuit.name().to_owned(),
                error,
            });
        }
        done.push((breaker, before));
    }
    Ok(())
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

/// Makes live circuits, out of those before where they stay.
struct Builder<'b> {
    bus: &'b Arc<EventBus>,
    tls: &'b Tls,
    before: &'b [Arc<Circuit>],
}

impl Builder<'_> {
    fn live(&self, config: &Config) -> Result<Live, CircuitsError> {
        let mut circuits: Vec<Arc<Circuit>> = Vec::with_capacity(config.circuits.len());
        for settings in &config.circuits {
            if named(&circuits, &settings.name).is_some() {
                return Err(CircuitsError::SameName(settings.name.clone()));
            }
            circuits.push(self.circuit(settings)?);
        }
        let routes =
            Routes::new(&circuits).map_err(|(first, second)| CircuitsError::SameRoute {
                first: first.name().to_owned(),
                second: second.name().to_owned(),
            })?;
        Ok(Live { circuits, routes })
    }

    fn circuit(&self, settings: &CircuitSettings) -> Result<Arc<Circuit>, CircuitsError> {
        let Some(old) = named(self.before, &settings.name) else {
            let breaker = self.breaker(settings)?;
            let upstream = Upstream::new(settings, self.tls)?;
            let stats = Arc::new(CircuitStats::default());
            return Ok(Arc::new(Circuit::new(
                settings.clone(),
                breaker,
                stats,
                upstream,
            )));
        };
        if old.set() == settings {
            return Ok(Arc::clone(old));
        }
        let (breaker, stats, upstream) = old.shared();
        let upstream = upstream.changed_to(settings, self.tls)?;
        Ok(Arc::new(Circuit::new(
            settings.clone(),
            breaker,
            stats,
            upstream,
        )))
    }

    fn breaker(&self, settings: &CircuitSettings) -> Result<Arc<CircuitBreaker>, CircuitsError> {
        CircuitBreaker::builder(settings.name.clone())
            .settings(settings.breaker.clone())
            .events(Arc::clone(self.bus))
            .build()
            .map(Arc::new)
            .map_err(|error| CircuitsError::Breaker {
                circuit: settings.name.clone(),
                error,
            })
    }
}
