//! The breaker: one word decides, the rest hangs on it.
//!
//! `admit` and `settle` are the call path; `locked` is what happens under the circuit's lock;
//! `control` is for hands.

mod admit;
mod branch;
mod builder;
mod call;
mod control;
mod judge;
mod keyed;
mod locked;
mod main;
mod observe;
mod overdue;
mod plain;
mod ramp;
mod restore;
mod settle;
mod watched;

#[cfg(test)]
mod litmus;
#[cfg(all(test, loom))]
mod loom_openings;
#[cfg(all(test, loom))]
mod loom_races;
#[cfg(all(test, loom))]
mod loom_tests;

pub use builder::{Builder, check_name};
pub use control::ControlError;

use crate::branch::Branches;
use crate::clock::{Clock, ClockSource, Tick};
use crate::counters::durations::{Durations, Histogram};
use crate::counters::fallbacks::Fallbacks;
use crate::counters::ledger::Ledger;
use crate::counters::overdue::Overdue;
use crate::event::EventBus;
use crate::machine::Machine;
use crate::main_breaker::MainBreaker;
use crate::permit::{Handle, OwnedPermit, Permit, PermitOf};
use crate::plan::{Plans, Timing};
use crate::policy::TripPolicy;
use crate::rejection::Rejection;
use crate::settings::Settings;
use crate::sync::{AtomicBool, AtomicU64, Mutex};
use crate::tap::{Tap, TapReader};
use crate::word::StateWord;
use locked::{After, Locked};
use ramp::Ramp;
use std::sync::{Arc, OnceLock};
use watched::Watched;

/// A circuit breaker.
///
/// Shared by reference; every method takes `&self`. Closed admission, success and rejections take
/// no lock and allocate nothing, but for a thread's first record on a breaker, which makes its
/// counters. Transitions, trials and the methods for operators take a lock for some hundred
/// nanoseconds, under which no strangers' code runs; a call that meets a half-open circuit with
/// a free place, or the very instant of a transition, waits for that lock before it is told.
#[derive(Debug)]
pub struct CircuitBreaker {
    word: StateWord,
    /// Nothing but an outcome changes the word before this instant, and while it lies ahead the
    /// word alone decides: the end of an open period or of a hold, the earliest trial deadline
    /// while all places are taken; zero while trial places are free (the lock decides).
    until: AtomicU64,
    /// When `until` was published: the coarse clock may lag it, and no wait is told that is
    /// longer than the whole.
    published: AtomicU64,
    ramp: Ramp,
    plans: Plans,
    ledger: Ledger,
    overdue: Overdue,
    fallbacks: Fallbacks,
    durations: Histogram,
    /// Who may look at single calls (`watched.rs`).
    watched: Watched,
    /// Made when somebody first wants to see calls.
    tap: OnceLock<Arc<Tap>>,
    /// Policies that judge beside the settings.
    policies: Box<[Arc<dyn TripPolicy>]>,
    machine: Mutex<Machine>,
    /// Under `Observe`: the generation in which the verdict is true, 0 for none. Set under the
    /// lock only, so that no outcome of an older generation can speak for a newer one.
    would_open: AtomicU64,
    shutting_down: AtomicBool,
    /// Made when the circuit is first keyed (R19).
    branches: OnceLock<Box<Branches>>,
    /// The key, in the breaker of a branch.
    key: Option<Arc<str>>,
    /// The switch above this circuit, and whether its openings open that too (R18).
    main: OnceLock<Arc<MainBreaker>>,
    trips_main: AtomicBool,
    seed: u64,
    clock: ClockSource,
    events: Arc<EventBus>,
    name: Arc<str>,
}

impl CircuitBreaker {
    /// A breaker with default settings, to be changed and built.
    pub fn builder(name: impl Into<String>) -> Builder {
        Builder::new(name.into())
    }

    /// The circuit's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The settings in force.
    pub fn settings(&self) -> Settings {
        self.plans.current().settings.clone()
    }

    /// The clock that this breaker reads.
    pub fn clock(&self) -> &dyn Clock {
        self.clock.as_dyn()
    }

    /// Asks for the right to make one call.
    ///
    /// # Errors
    /// The rejection, with reason and `retry_after`.
    #[inline]
    pub fn acquire(&self) -> Result<Permit<'_>, Rejection> {
        PermitOf::acquire(self)
    }

    /// The same with a permit that owns its part of the breaker.
    ///
    /// # Errors
    /// The rejection, with reason and `retry_after`.
    pub fn acquire_owned(self: &Arc<Self>) -> Result<OwnedPermit, Rejection> {
        PermitOf::acquire(Arc::clone(self))
    }

    /// The same for any handle: `&'static CircuitBreaker`, `Arc<CircuitBreaker>`, …
    ///
    /// # Errors
    /// The rejection, with reason and `retry_after`.
    #[inline]
    pub fn acquire_from<B: Handle>(handle: B) -> Result<PermitOf<B>, Rejection> {
        PermitOf::acquire(handle)
    }

    /// From now on a dropped permit is ignored, whatever its age: the process ends its calls
    /// itself.
    pub fn begin_shutdown(&self) {
        self.shutting_down
            .store(true, crate::sync::Ordering::Release);
    }

    /// A fallback answered in place of a call: counts it by its kind, for metrics. At most 16 kinds
    /// are told apart, the rest is counted as `other`.
    pub fn fell_back(&self, kind: &'static str) {
        self.fallbacks.count(kind);
    }

    /// How often each kind of fallback answered.
    pub fn fallbacks(&self) -> Vec<(&'static str, u64)> {
        self.fallbacks.counts()
    }

    /// How long calls took, by their callers' word ([`Settlement::took`](crate::Settlement::took),
    /// which the tower layer gives); `None` before the first. Under `Disabled` and of late calls
    /// nothing is counted.
    pub fn durations(&self) -> Option<Durations> {
        self.durations.read()
    }

    /// A reader of every call that is recorded from now on. The first reader makes the circuit
    /// keep the last 1,024 recorded calls of each thread for readers, for the rest of its life: no
    /// lock, and 32 KiB at a thread's first call. A call costs several times as much from then on
    /// (the exact clock is read, and nothing is left out for want of a reader).
    ///
    /// Calls of a keyed circuit are those of its aggregate; those that ran into a rejection are
    /// not recorded, nor are late ones.
    ///
    /// ```
    /// let rag = fusebox::CircuitBreaker::builder("rag").build()?;
    /// let mut tap = rag.tap();
    /// rag.acquire()?.success();
    ///
    /// let mut calls = Vec::new();
    /// assert_eq!(tap.drain(&mut calls), 0); // none missed
    /// assert_eq!(calls[0].outcome, fusebox::Outcome::Success);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn tap(&self) -> TapReader {
        self.watched.by_tap();
        self.tap.get_or_init(Tap::new).reader()
    }

    /// Switches the fallbacks of this circuit on or off (default on): those who answer in place of
    /// a call ask [`fallback_enabled`](Self::fallback_enabled) first.
    pub fn set_fallback_enabled(&self, enabled: bool) {
        self.fallbacks.enable(enabled);
    }

    /// Whether a fallback may answer.
    pub fn fallback_enabled(&self) -> bool {
        self.fallbacks.are_enabled()
    }

    /// Runs `f` under the circuit's lock, with everything done that is due by now; then does what
    /// must not happen under it.
    fn locked<'a, R>(&'a self, f: impl FnOnce(&mut Locked<'a>) -> R) -> R {
        let (result, after) = self.locked_only(f);
        if after.told {
            self.wake_readers();
        }
        if let (Some(reason), Some(main)) = (after.trips_main, self.main.get()) {
            main.trip(reason, Arc::clone(&self.name));
        }
        result
    }

    fn locked_only<'a, R>(&'a self, f: impl FnOnce(&mut Locked<'a>) -> R) -> (R, After) {
        let mut locked = Locked::new(self);
        locked.settle_due();
        let result = f(&mut locked);
        (result, locked.unlock())
    }

    /// Wakes the readers of events. Not under a lock.
    pub(crate) fn wake_readers(&self) {
        self.events.wake();
    }

    /// The start of a call's duration; never, where nobody asks for it. A given clock is always
    /// asked: reading it is cheap, and settings that come to ask for durations while a call is
    /// in flight then judge it exactly.
    #[inline]
    fn started(&self) -> Tick {
        match (self.plans.timing(), &self.clock) {
            (Timing::None, ClockSource::System) => Tick::NEVER,
            (timing, _) => self.started_by(timing),
        }
    }

    #[inline(never)]
    fn started_by(&self, timing: Timing) -> Tick {
        match timing {
            Timing::Coarse => self.clock.coarse(),
            Timing::None | Timing::Exact => self.clock.now(),
        }
    }
}
