//! The main breaker: the switch above all circuits of a box (R18).

use crate::breaker::CircuitBreaker;
use crate::clock::{Clock, ClockSource, Tick};
use crate::event::{Author, Event, EventBus, EventKind};
use crate::saved::ago;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

/// Closed, or open: then every circuit under it rejects every call, whatever its own state and
/// holds say, with the reason [`Main`](crate::Reason::Main) and no time to try again.
///
/// It opens by hand, or by the automatic opening of a circuit that
/// [`trips_main`](CircuitBreaker::trips_main). It closes by hand only; each closed circuit then
/// begins its ramp. The machines of the circuits go on meanwhile: what is in flight is recorded,
/// and what is due happens.
///
/// Opening and closing reach the circuits one after the other, some ten nanoseconds each; when
/// [`open`](Self::open) returns, every circuit rejects.
///
/// ```
/// use fusebox::{Author, CircuitBreaker, EventBus, MainBreaker, Reason};
/// use std::sync::Arc;
///
/// let main = MainBreaker::new(EventBus::new(64));
/// let apollo = Arc::new(CircuitBreaker::builder("apollo").build()?);
/// main.join(&apollo);
///
/// main.open("invoice dispute", &Author::new("ada"));
/// assert_eq!(apollo.acquire().unwrap_err().reason(), Reason::Main);
/// main.close(&Author::new("ada"));
/// apollo.acquire()?.success();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct MainBreaker {
    inner: Mutex<Inner>,
    clock: ClockSource,
    events: Arc<EventBus>,
}

#[derive(Debug, Default)]
struct Inner {
    opening: Option<MainOpening>,
    /// Held weakly: a circuit does not live longer for being under a switch.
    circuits: Vec<Weak<CircuitBreaker>>,
}

/// Why the main breaker is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MainOpening {
    /// Why.
    pub reason: String,
    /// By whom.
    pub by: Author,
    /// When, on the main breaker's clock.
    pub since: Tick,
    /// The circuit whose opening did it, if it was one.
    pub circuit: Option<Arc<str>>,
}

impl MainBreaker {
    /// A closed main breaker that tells its events on `events`.
    pub fn new(events: Arc<EventBus>) -> Arc<Self> {
        Self::of(ClockSource::System, events)
    }

    /// The same with another clock than the system's.
    pub fn with_clock(events: Arc<EventBus>, clock: impl Clock + 'static) -> Arc<Self> {
        Self::of(ClockSource::Given(Arc::new(clock)), events)
    }

    pub(crate) fn of(clock: ClockSource, events: Arc<EventBus>) -> Arc<Self> {
        Arc::new(Self {
            inner: Mutex::default(),
            clock,
            events,
        })
    }

    /// Puts a circuit under this switch, for the rest of its life; it rejects at once if the
    /// switch is open. `false`: it is under a switch already, and nothing changed.
    pub fn join(self: &Arc<Self>, circuit: &Arc<CircuitBreaker>) -> bool {
        let mut inner = self.lock();
        if !circuit.come_under(self) {
            return false;
        }
        inner.circuits.retain(|known| known.strong_count() > 0);
        inner.circuits.push(Arc::downgrade(circuit));
        let told = inner.opening.is_some() && circuit.set_main(true);
        drop(inner);
        if told {
            circuit.wake_readers();
        }
        true
    }

    /// Opens, by hand. `false`: it was open, and keeps its first reason.
    pub fn open(&self, reason: impl Into<String>, by: &Author) -> bool {
        self.open_for(reason.into(), by, None)
    }

    /// Opens because a circuit did.
    pub(crate) fn trip(&self, reason: String, circuit: Arc<str>) {
        self.open_for(reason, &Author::system(), Some(circuit));
    }

    fn open_for(&self, reason: String, by: &Author, circuit: Option<Arc<str>>) -> bool {
        self.open_again(reason, by, None, circuit)
    }

    /// Where it has an age, it is no news.
    fn open_again(
        &self,
        reason: String,
        by: &Author,
        age: Option<Duration>,
        circuit: Option<Arc<str>>,
    ) -> bool {
        let mut inner = self.lock();
        if inner.opening.is_some() {
            return false;
        }
        let now = self.clock.now();
        let opening = MainOpening {
            reason,
            by: by.clone(),
            since: ago(now, age.unwrap_or_default()),
            circuit,
        };
        inner.opening = Some(opening.clone());
        let kind = EventKind::MainOpened(opening);
        self.turn(inner, now, kind, age.is_some());
        true
    }

    /// Opens as it was before a restart, `age` ago. `false`: it was open, and keeps its reason.
    pub fn restore(
        &self,
        reason: impl Into<String>,
        by: &Author,
        age: Duration,
        circuit: Option<Arc<str>>,
    ) -> bool {
        self.open_again(reason.into(), by, Some(age), circuit)
    }

    /// Closes, by hand. Each closed circuit begins its ramp (R17). `false`: it was closed.
    pub fn close(&self, by: &Author) -> bool {
        let mut inner = self.lock();
        if inner.opening.take().is_none() {
            return false;
        }
        let kind = EventKind::MainClosed { by: by.clone() };
        self.turn(inner, self.clock.now(), kind, false);
        true
    }

    /// The clock of [`MainOpening::since`].
    pub fn clock(&self) -> &dyn Clock {
        self.clock.as_dyn()
    }

    /// Why it is open; `None` while it is closed.
    pub fn opened(&self) -> Option<MainOpening> {
        self.lock().opening.clone()
    }

    /// Whether every call is rejected.
    pub fn is_open(&self) -> bool {
        self.lock().opening.is_some()
    }

    /// Brings the switch to every circuit. The event goes on the bus under the lock, so that
    /// events stay in order; strangers' code (wakers, the last owner's drop) runs after it.
    fn turn(&self, inner: MutexGuard<'_, Inner>, at: Tick, kind: EventKind, restored: bool) {
        let open = inner.opening.is_some();
        let circuits: Vec<_> = inner.circuits.iter().filter_map(Weak::upgrade).collect();
        let told: Vec<bool> = circuits.iter().map(|c| c.set_main(open)).collect();
        self.events.push(Event {
            circuit: Arc::from(""),
            branch: None,
            at,
            generation: 0,
            kind,
            restored,
        });
        drop(inner);
        self.events.wake();
        let woken = circuits.iter().zip(told).filter(|(_, told)| *told);
        woken.for_each(|(circuit, _)| circuit.wake_readers());
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
