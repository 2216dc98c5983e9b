//! Making a breaker.

use super::CircuitBreaker;
use super::ramp::Ramp;
use super::watched::Watched;
use crate::branch::{BranchSettings, Branches};
use crate::clock::{Clock, ClockSource, Tick};
use crate::counters::durations::Histogram;
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
    branches: Option<BranchSettings>,
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
            branches: None,
        }
    }

    /// Settings that were checked elsewhere, all of them: single ones cannot be named beside.
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

    /// Makes the circuit keyed: calls are judged apart for each key (R19). Policies given by
    /// [`trip_policy`](Self::trip_policy) judge the circuit as a whole only.
    pub fn branches(mut self, settings: BranchSettings) -> Self {
        self.branches = Some(settings);
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
    /// What [`SettingsBuilder::build`] refuses, a name that is not a circuit's name, and a setting
    /// named beside [`settings`](Self::settings).
    pub fn build(self) -> Result<CircuitBreaker, SettingsError> {
        check_name(&self.name)?;
        let settings = match (self.given, self.settings.first_named()) {
            (None, _) => self.settings.build()?,
            (Some(settings), None) => settings,
            (Some(_), Some(named)) => {
                let allowed = "no effect beside settings(), which names them all: name it there";
                return Err(SettingsError::new(named, "", allowed));
            }
        };
        // Generation 1, so that no tag of a cleared cell looks like the first generation's.
        let generation = 1;
        let size = settings.reads_window().then(|| settings.window());
        let window = size.map(|size| Arc::new(Window::new(size, generation)));
        let seed = self
            .seed
            .unwrap_or_else(|| RandomState::new().build_hasher().finish());
        let given = matches!(self.clock, ClockSource::Given(_));
        let branches = OnceLock::new();
        if let Some(keyed) = self.branches {
            branches.get_or_init(|| Box::new(Branches::new(&settings, keyed, given)));
        }
        let breaker = CircuitBreaker::assemble(Parts {
            word: Word::new(generation, State::Closed, None),
            plan: Plan::new(settings, window, 0),
            seed,
            clock: self.clock,
            events: self.events.unwrap_or_else(|| EventBus::new(EVENTS_KEPT)),
            name: Arc::from(self.name),
            key: None,
        });
        if branches.get().is_some() || !self.policies.is_empty() {
            breaker.watched.by_judges();
        }
        Ok(CircuitBreaker {
            ledger: Ledger::new(self.counts_calls),
            policies: self.policies.into_boxed_slice(),
            trips_main: AtomicBool::new(self.trips_main),
            branches,
            ..breaker
        })
    }
}

/// What a breaker is made of.
pub(super) struct Parts {
    pub(super) word: Word,
    pub(super) plan: Plan,
    pub(super) seed: u64,
    pub(super) clock: ClockSource,
    pub(super) events: Arc<EventBus>,
    pub(super) name: Arc<str>,
    pub(super) key: Option<Arc<str>>,
}

impl CircuitBreaker {
    /// A closed breaker without anything that is switched on by name.
    pub(super) fn assemble(parts: Parts) -> Self {
        let now = parts.clock.now();
        Self {
            word: StateWord::new(parts.word),
            until: AtomicU64::new(Tick::NEVER.as_nanos()),
            published: AtomicU64::new(0),
            ramp: Ramp::new(),
            plans: Plans::new(parts.plan),
            ledger: Ledger::new(true),
            overdue: Overdue::new(),
            fallbacks: Fallbacks::new(),
            durations: Histogram::new(),
            watched: Watched::default(),
            tap: OnceLock::new(),
            policies: Box::default(),
            machine: Mutex::new(Machine::new(now, parts.seed)),
            would_open: AtomicU64::new(0),
            shutting_down: AtomicBool::new(false),
            branches: OnceLock::new(),
            key: parts.key,
            main: OnceLock::new(),
            trips_main: AtomicBool::new(false),
            seed: parts.seed,
            clock: parts.clock,
            events: parts.events,
            name: parts.name,
        }
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
