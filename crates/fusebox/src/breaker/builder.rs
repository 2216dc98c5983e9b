//! Making a breaker.

use super::CircuitBreaker;
use super::ramp::Ramp;
use crate::clock::{Clock, ClockSource, Tick};
use crate::counters::fallbacks::Fallbacks;
use crate::counters::ledger::Ledger;
use crate::counters::overdue::Overdue;
use crate::event::EventBus;
use crate::machine::Machine;
use crate::plan::{Plan, Plans};
use crate::policy::TripPolicy;
use crate::settings::{
    Rate, Recovery, Settings, SettingsBuilder, SettingsError, WindowSize, check_name_text,
    each_setting,
};
use crate::sync::{AtomicBool, AtomicU64, Mutex};
use crate::window::Window;
use crate::word::{State, StateWord, Word};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// Events that a breaker without a shared bus keeps for readers that fall behind.
const EVENTS_KEPT: usize = 256;

/// Builds a [`CircuitBreaker`]. Settings not named have the defaults of [`Settings::defaults`].
#[derive(Debug)]
#[must_use]
pub struct Builder {
    name: String,
    settings: SettingsBuilder,
    given: Option<Settings>,
    clock: ClockSource,
    events: Option<Arc<EventBus>>,
    counts_calls: bool,
    seed: Option<u64>,
    policies: Vec<Arc<dyn TripPolicy>>,
    trips_main: bool,
}

macro_rules! forward {
    ($($(#[$doc:meta])* $name:ident: $type:ty),* $(,)?) => {
        impl Builder {
            $($(#[$doc])* pub fn $name(mut self, $name: $type) -> Self {
                self.settings = self.settings.$name($name);
                self
            })*
        }
    };
}

each_setting!(forward);

impl Builder {
    pub(super) fn new(name: String) -> Self {
        Self {
            name,
            settings: SettingsBuilder::default(),
            given: None,
            clock: ClockSource::System,
            events: None,
            counts_calls: true,
            seed: None,
            policies: Vec::new(),
            trips_main: false,
        }
    }

    /// Settings that were checked elsewhere. They replace every single setting named here.
    pub fn settings(mut self, settings: Settings) -> Self {
        self.given = Some(settings);
        self
    }

    /// The time-out that the caller puts around the call: a permit dropped after it counts as a
    /// failure. The same as `abandoned_after(Some(timeout))`.
    pub fn timeout(self, timeout: Duration) -> Self {
        self.abandoned_after(Some(timeout))
    }

    /// Another clock than the system's.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = ClockSource::Given(Arc::new(clock));
        self
    }

    /// A bus that several breakers share, instead of one of its own.
    pub fn events(mut self, events: Arc<EventBus>) -> Self {
        self.events = Some(events);
        self
    }

    /// Whether successes, failures and ignored calls are counted since the start (default yes).
    /// Rejections, late and abandoned calls always are.
    pub fn count_calls(mut self, count_calls: bool) -> Self {
        self.counts_calls = count_calls;
        self
    }

    /// A trip policy that judges beside those of the settings. May be given several times.
    pub fn trip_policy(mut self, policy: impl TripPolicy + 'static) -> Self {
        self.policies.push(Arc::new(policy));
        self
    }

    /// Whether an automatic opening of this circuit opens the main breaker above it too (R18);
    /// default no.
    pub fn trips_main(mut self, trips_main: bool) -> Self {
        self.trips_main = trips_main;
        self
    }

    /// The seed of the jitter, for runs that can be repeated.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Checks everything and makes the breaker.
    ///
    /// # Errors
    /// What [`SettingsBuilder::build`] refuses, and a name that is not a circuit's name.
    pub fn build(self) -> Result<CircuitBreaker, SettingsError> {
        check_name(&self.name)?;
        let settings = match self.given {
            Some(settings) => settings,
            None => self.settings.build()?,
        };
        // Generation 1, so that no tag of a cleared cell looks like the first generation's.
        let generation = 1;
        let size = settings.reads_window().then(|| settings.window());
        let window = size.map(|size| Arc::new(Window::new(size, generation)));
        let seed = self
            .seed
            .unwrap_or_else(|| RandomState::new().build_hasher().finish());
        let now = self.clock.now();
        Ok(CircuitBreaker {
            word: StateWord::new(Word::new(generation, State::Closed, None)),
            until: AtomicU64::new(Tick::NEVER.as_nanos()),
            published: AtomicU64::new(0),
            ramp: Ramp::new(),
            plans: Plans::new(Plan::new(settings, window, 0)),
            ledger: Ledger::new(self.counts_calls),
            overdue: Overdue::new(),
            fallbacks: Fallbacks::new(),
            policies: self.policies.into_boxed_slice(),
            machine: Mutex::new(Machine::new(now, seed)),
            would_open: AtomicU64::new(0),
            shutting_down: AtomicBool::new(false),
            main: OnceLock::new(),
            trips_main: AtomicBool::new(self.trips_main),
            clock: self.clock,
            events: self.events.unwrap_or_else(|| EventBus::new(EVENTS_KEPT)),
            name: Arc::from(self.name),
        })
    }
}

/// Whether a text can be the name of a circuit: 1 to 100 letters, digits, `.`, `_` and `-`,
/// beginning with a letter or digit; `health` and `stream` are reserved.
///
/// # Errors
/// With the field `name`.
pub fn check_name(name: &str) -> Result<(), SettingsError> {
    check_name_text(name)
}
