//! The box of circuits: look-up by name, and everything that is done to many circuits at once.
//!
//! Circuits live as long as the process, so that a handle is a plain `&'static`: each is leaked
//! once. One that is removed is parked under its name and comes back with it, so that adding and
//! removing the same names does not grow memory. `change` makes changes, `switch` turns circuits
//! off and on, `show` reads.
//!
//! Look-up takes a read lock for the time of one hash. Changes are ordered by one mutex, which
//! look-up never takes unless the name is new. Breakers are called and events told under that
//! mutex, so that their order is the order of the changes, but never under the lock of the look-up.

mod builder;
mod change;
mod definition;
mod error;
mod named;
mod overrides;
mod show;
mod step;
mod switch;

pub use builder::RegistryBuilder;
pub use change::Changes;
pub use definition::Definition;
pub(crate) use definition::SetBy;
pub use error::RegistryError;
pub use named::Named;
pub use overrides::{Override, OverrideRequest};
pub use show::{Listed, RegistryStats};

use crate::breaker::CircuitBreaker;
use crate::clock::ClockSource;
use crate::event::{Event, EventBus, EventKind, Hold, Subscription};
use crate::main_breaker::MainBreaker;
use crate::settings::Settings;
use crate::sync::{AtomicBool, Ordering};
use std::collections::HashMap;
use std::sync::{
    Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
};

/// A circuit that lives as long as the process. The `Arc` is for the main breaker, which holds
/// its circuits weakly.
type Circuit = &'static Arc<CircuitBreaker>;

/// Circuits by name, with a main breaker above them and one stream of events.
///
/// A clone is the same registry. [`registry`] is the process's own; a private one is for tests,
/// and for programs with several boxes. The memory of a private registry that is dropped is
/// given back but for its circuits, their main breaker and their events: somebody may still hold
/// them. Make registries at the start, not per request.
///
/// ```
/// use fusebox::{Definition, Registry, Settings};
///
/// let registry = Registry::new();
/// let settings = Settings::builder().consecutive_failures(3).build()?;
/// let rag = registry.add(Definition::new("rag").settings(settings).priority(1))?;
/// assert!(rag.call(|| Ok::<_, std::io::Error>(42)).is_ok());
///
/// let found = registry.get("rag").expect("it was added above");
/// assert!(std::ptr::eq(found, rag));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Wakers of who waits for events may run while a change is under way. A waker may look circuits
/// up; one that changed the registry itself, instead of waking a task that does, would wait for
/// ever.
#[derive(Clone, Debug)]
pub struct Registry {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    clock: ClockSource,
    events: Arc<EventBus>,
    main: Arc<MainBreaker>,
    service: Box<str>,
    defaults: Settings,
    circuits_max: usize,
    /// Names that nobody defined are refused.
    sealed: AtomicBool,
    /// The global switch. Written only by who holds `bench`.
    enabled: AtomicBool,
    /// Written only by who holds `bench`.
    circuits: RwLock<HashMap<&'static str, Entry>>,
    bench: Mutex<Bench>,
}

/// A circuit in force.
#[derive(Clone, Debug)]
struct Entry {
    circuit: Circuit,
    definition: Arc<Definition>,
    /// Settings over the definition's.
    over: Option<Arc<Override>>,
    /// Asked for by name and not defined yet.
    defaulted: bool,
    /// Its own switch was turned since it was defined.
    by_hand: bool,
}

/// What only changes look at.
#[derive(Debug)]
struct Bench {
    /// Removed circuits, until their names come back.
    parked: HashMap<&'static str, Entry>,
    /// Operators' holds that the switch covers, to be put back.
    covered: HashMap<&'static str, Hold>,
}

/// The process's own registry, if it was used or installed.
static OWN: OnceLock<Registry> = OnceLock::new();

/// The process's own registry, made at first use: system clock, 1,024 events kept, default
/// settings, at most 10,000 circuits. Another clock, service or defaults:
/// [`RegistryBuilder::install`].
///
/// A circuit that is asked for by a name that nobody defined, as by a misspelt attribute, gets
/// default settings. So define all circuits at the start, and let a check of the service that
/// runs after each circuit was called (a smoke test, a health check) see that none is left over:
///
/// ```
/// use fusebox::{Definition, Named, registry};
///
/// static RAG: Named = Named::new("rag");
/// # let by = fusebox::Author::system();
/// registry().apply(vec![Definition::new("rag")], &by)?;
/// registry().seal(); // from here on `registry().circuit("rga")` is an error
///
/// RAG.get();
/// assert!(registry().defaulted().is_empty(), "misspelt: {:?}", registry().defaulted());
/// # Ok::<(), fusebox::RegistryError>(())
/// ```
pub fn registry() -> &'static Registry {
    OWN.get_or_init(Registry::new)
}

impl Registry {
    /// A private registry with the defaults of [`registry`].
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// A private registry with another clock, other defaults, …
    pub fn builder() -> RegistryBuilder {
        RegistryBuilder::new()
    }

    /// The circuit of that name. A read lock and one hash: keep the handle where that matters.
    pub fn get(&self, name: &str) -> Option<&'static CircuitBreaker> {
        self.by_name().get(name).map(|entry| &**entry.circuit)
    }

    /// The same for a name that comes from outside, such as a request or a command line.
    ///
    /// # Errors
    /// [`RegistryError::UnknownCircuit`], with the name that was perhaps meant.
    pub fn find(&self, name: &str) -> Result<&'static CircuitBreaker, RegistryError> {
        self.get(name).ok_or_else(|| self.unknown(name))
    }

    /// The circuit of that name. One that nobody has defined yet gets the registry's default
    /// settings and is told as [`EventKind::Added`] with `defaulted`; a later [`add`](Self::add),
    /// [`define`](Self::define) or [`apply`](Self::apply) puts its real settings in force, live.
    ///
    /// For names that stand in the program. A name from outside would make a new circuit of
    /// every text that somebody sends: use [`find`](Self::find) for those.
    ///
    /// # Errors
    /// A name that cannot be a circuit's, a registry that is full, and
    /// [`RegistryError::UnknownCircuit`] for a new name in a [sealed](Self::seal) registry.
    pub fn circuit(&self, name: &str) -> Result<&'static CircuitBreaker, RegistryError> {
        match self.get(name) {
            Some(circuit) => Ok(circuit),
            None if self.is_sealed() => Err(self.unknown(name)),
            None => self.add_defaulted(name, self.inner.circuits_max),
        }
    }

    /// From now on [`circuit`](Self::circuit) refuses names that nobody defined, with the one that
    /// was perhaps meant. For the end of a program's start; circuits can still be added, replaced
    /// and removed.
    ///
    /// [`Named`] and attributed functions have nobody to give an error to, and a misspelt name is
    /// no reason to end a service: they get a circuit with default settings also then, told as
    /// [`EventKind::Added`] with `defaulted` and listed by [`defaulted`](Self::defaulted).
    pub fn seal(&self) {
        // Release, pairs with `is_sealed`.
        self.inner.sealed.store(true, Ordering::Release);
    }

    /// Whether names that nobody defined are refused.
    pub fn is_sealed(&self) -> bool {
        // Acquire, pairs with `seal`.
        self.inner.sealed.load(Ordering::Acquire)
    }

    /// The main breaker above all circuits (R18).
    pub fn main(&self) -> &Arc<MainBreaker> {
        &self.inner.main
    }

    /// A reader of all circuits' events, the main breaker's and the registry's, from now on.
    pub fn subscribe(&self) -> Subscription {
        self.inner.events.subscribe()
    }

    /// Where all events go.
    pub fn events(&self) -> &Arc<EventBus> {
        &self.inner.events
    }

    /// Settings of circuits that are defined without any.
    pub fn defaults(&self) -> &Settings {
        &self.inner.defaults
    }

    /// The settings of a circuit's definition.
    fn base<'a>(&'a self, entry: &'a Entry) -> &'a Settings {
        let settings = entry.definition.settings.as_ref();
        settings.unwrap_or(&self.inner.defaults)
    }

    fn unknown(&self, name: &str) -> RegistryError {
        let names = self.names();
        let nearest = crate::settings::nearest(name, &names);
        RegistryError::UnknownCircuit {
            name: name.to_owned(),
            nearest: nearest.map(str::to_owned),
        }
    }

    /// Puts an event of the registry on the bus. Readers are woken when the change is over.
    fn tell(&self, circuit: Circuit, kind: EventKind) {
        self.tell_as(circuit, kind, false);
    }

    /// The same of what a store puts back, where `restored`.
    fn tell_as(&self, circuit: Circuit, kind: EventKind, restored: bool) {
        self.inner.events.push(Event {
            circuit: Arc::from(circuit.name()),
            branch: None,
            at: self.inner.clock.now(),
            generation: circuit.snapshot().generation,
            kind,
            restored,
        });
    }

    fn by_name(&self) -> RwLockReadGuard<'_, HashMap<&'static str, Entry>> {
        let circuits = self.inner.circuits.read();
        circuits.unwrap_or_else(PoisonError::into_inner)
    }

    fn by_name_mut(&self) -> RwLockWriteGuard<'_, HashMap<&'static str, Entry>> {
        let circuits = self.inner.circuits.write();
        circuits.unwrap_or_else(PoisonError::into_inner)
    }

    /// Orders changes.
    fn bench(&self) -> MutexGuard<'_, Bench> {
        let bench = self.inner.bench.lock();
        bench.unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Registry {
    fn default() -> Self {
        Self::new()
    }
}
