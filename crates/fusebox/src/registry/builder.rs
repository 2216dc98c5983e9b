//! Making a registry.

use super::{Bench, Inner, OWN, Registry, RegistryError};
use crate::clock::{Clock, ClockSource};
use crate::event::EventBus;
use crate::main_breaker::MainBreaker;
use crate::settings::Settings;
use crate::sync::AtomicBool;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, RwLock};

/// Events of a whole box that are kept for readers that fall behind.
const EVENTS_KEPT: usize = 1_024;
/// Circuits of a registry: with some 10 KiB each, 100 MiB.
const CIRCUITS_MAX: usize = 10_000;

/// Builds a [`Registry`].
#[derive(Debug)]
#[must_use]
pub struct RegistryBuilder {
    clock: ClockSource,
    events_kept: usize,
    service: String,
    defaults: Settings,
    circuits_max: usize,
}

impl RegistryBuilder {
    pub(super) fn new() -> Self {
        Self {
            clock: ClockSource::System,
            events_kept: EVENTS_KEPT,
            service: String::new(),
            defaults: Settings::defaults(),
            circuits_max: CIRCUITS_MAX,
        }
    }

    /// Another clock than the system's, for the circuits and their main breaker.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = ClockSource::Given(Arc::new(clock));
        self
    }

    /// How many events are kept for readers that fall behind; default 1,024.
    pub fn events_kept(mut self, events_kept: usize) -> Self {
        self.events_kept = events_kept;
        self
    }

    /// The service that the circuits belong to, for metrics. Default none: then a circuit named
    /// `<service>.<client>` belongs to what stands before its first dot.
    pub fn service(mut self, service: impl Into<String>) -> Self {
        self.service = service.into();
        self
    }

    /// Settings of circuits that are defined without any; default [`Settings::defaults`].
    pub fn defaults(mut self, defaults: Settings) -> Self {
        self.defaults = defaults;
        self
    }

    /// How many circuits the registry has at most, parked ones included; default 10,000. One
    /// more is refused with [`RegistryError::Full`].
    pub fn circuits_max(mut self, circuits_max: usize) -> Self {
        self.circuits_max = circuits_max;
        self
    }

    /// Makes the registry, empty and switched on.
    pub fn build(self) -> Registry {
        let events = EventBus::new(self.events_kept);
        let bench = Bench {
            parked: HashMap::new(),
            covered: HashMap::new(),
        };
        Registry {
            inner: Arc::new(Inner {
                main: MainBreaker::of(self.clock.clone(), Arc::clone(&events)),
                clock: self.clock,
                events,
                service: self.service.into_boxed_str(),
                defaults: self.defaults,
                circuits_max: self.circuits_max,
                sealed: AtomicBool::new(false),
                enabled: AtomicBool::new(true),
                circuits: RwLock::new(HashMap::new()),
                bench: Mutex::new(bench),
            }),
        }
    }

    /// Makes it the process's own registry, which [`registry`](super::registry), [`Named`] and
    /// attributed functions ask. Before any of them is used: first thing in `main`.
    ///
    /// For a test of attributed functions that moves the time: a test binary has one such
    /// registry, so all its tests share circuits and clock. Install it once, and use a circuit
    /// name for each test; or give the attribute a path to a circuit of the test's own instead
    /// of a name, which is better for tests that run at once and each move their clock.
    ///
    /// ```
    /// use fusebox::{FailureClass, ManualClock, Named, Registry, State};
    /// use std::sync::LazyLock;
    /// use std::time::Duration;
    ///
    /// static CLOCK: LazyLock<ManualClock> = LazyLock::new(|| {
    ///     let clock = ManualClock::new();
    ///     let builder = Registry::builder().service("orchestrator").clock(clock.clone());
    ///     builder.install().expect("nobody has used the registry yet");
    ///     clock
    /// });
    /// // What `#[breaker("rag")]` calls through.
    /// static RAG: Named = Named::new("rag");
    ///
    /// let clock = &*CLOCK;
    /// for _ in 0..5 {
    ///     RAG.acquire()?.failure(FailureClass::Connect);
    /// }
    /// assert_eq!(RAG.state(), State::Open);
    /// clock.advance(Duration::from_secs(6)); // 5 s and a fifth at most
    /// assert_eq!(RAG.state(), State::HalfOpen);
    /// # Ok::<(), fusebox::Rejection>(())
    /// ```
    ///
    /// # Errors
    /// [`RegistryError::InUse`]: it was used or installed already.
    ///
    /// [`Named`]: super::Named
    pub fn install(self) -> Result<&'static Registry, RegistryError> {
        let mut ours = Some(self);
        let registry = OWN.get_or_init(|| match ours.take() {
            Some(builder) => builder.build(),
            None => Registry::new(),
        });
        match ours {
            None => Ok(registry),
            Some(_) => Err(RegistryError::InUse),
        }
    }
}
