//! What a breaker shows of itself, and how exporters read it.

use crate::branch::BranchStats;
use crate::breaker::CircuitBreaker;
use crate::clock::Tick;
use crate::counters::durations::Durations;
use crate::event::{Cause, Evidence, Hold};
use crate::rejection::Reason;
use crate::settings::Settings;
use crate::window::WindowStats;
use crate::word::State;
use std::sync::Arc;
use std::time::Duration;

pub use crate::counters::ledger::Totals;

/// A breaker at one instant. Counts may be a few calls older than the state.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The circuit's name.
    pub name: String,
    /// The state of the machine, also under a hold.
    pub state: State,
    /// The hold in force.
    pub hold: Option<Hold>,
    /// When the state began.
    pub since: Tick,
    /// When this was read.
    pub taken_at: Tick,
    /// The generation.
    pub generation: u32,
    /// What a call would be told now; `None` if it would be admitted or no time is known.
    pub retry_after: Option<Duration>,
    /// Why a call would be rejected now; under a ramp some calls are and some are not.
    pub rejecting: Option<Reason>,
    /// What led to the state; `None` before the first transition.
    pub why: Option<Why>,
    /// Counts since the start.
    pub totals: Totals,
    /// The window; empty where no policy needs one.
    pub window: WindowStats,
    /// Failures in a row that the closed circuit counts towards its opening; 0 in other states.
    pub consecutive_failures: u32,
    /// Failures in a row as people count them: an opening does not end them, and failed trials go
    /// on with them. A success, a close and a reset do end them.
    pub failures_in_row: u32,
    /// When the last failure was recorded, as exactly as the clock that windows use; `None` before
    /// the first one, after a reset, and where no calls are counted. A branch forgets it once it is
    /// at rest, with a success after it.
    pub last_failure: Option<Tick>,
    /// Trials in flight.
    pub in_flight: u32,
    /// Transitions since the start.
    pub transitions: u64,
    /// The same by kind.
    pub transition_counts: Vec<TransitionCount>,
    /// Trials by verdict since the start.
    pub trials: TrialTotals,
    /// k of R13: automatic openings since the circuit last stayed closed for long enough.
    pub openings: u32,
    /// Time spent open since the start.
    pub open_time: Duration,
    /// The share of calls admitted while ramping.
    pub ramp: Option<f64>,
    /// The settings in force.
    pub settings: Settings,
    /// Whether `begin_shutdown` was called.
    pub shutting_down: bool,
    /// How many branches there are; `None` where the circuit is not keyed.
    pub branches: Option<BranchStats>,
}

impl Snapshot {
    /// The state that callers feel: open under an open main breaker or a `ForcedOpen` hold,
    /// closed under `Disabled` and `Observe`, else the machine's own. What metrics show.
    pub fn effective_state(&self) -> State {
        match self.rejecting {
            Some(Reason::Main) => State::Open,
            _ => self.state.under(self.hold.as_ref().map(|hold| hold.kind)),
        }
    }
}

/// What led to a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Why {
    /// The kind of cause.
    pub cause: Cause,
    /// The numbers that decided.
    pub evidence: Evidence,
    /// When.
    pub at: Tick,
}

/// How often one kind of transition was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransitionCount {
    /// The state that ended.
    pub from: State,
    /// The state that began.
    pub to: State,
    /// Why.
    pub cause: Cause,
    /// How often.
    pub count: u64,
}

/// Trials by verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TrialTotals {
    /// Trials that succeeded.
    pub succeeded: u64,
    /// Trials that failed, were too slow, or ran out of time.
    pub failed: u64,
}

/// Where an exporter reads circuits at scrape time; it counts nothing itself.
pub trait Source: Send + Sync {
    /// Shows every circuit once.
    fn read(&self, visit: &mut dyn FnMut(&Reading<'_>));
}

/// One circuit as an exporter sees it.
#[derive(Clone, Copy, Debug)]
pub struct Reading<'a> {
    /// The service that the circuit belongs to.
    pub service: &'a str,
    /// The breaker.
    pub snapshot: &'a Snapshot,
    /// How often each kind of fallback answered.
    pub fallbacks: &'a [(&'a str, u64)],
    /// How long calls took; `None` where nobody measures it.
    pub durations: Option<&'a Durations>,
}

impl Source for CircuitBreaker {
    fn read(&self, visit: &mut dyn FnMut(&Reading<'_>)) {
        visit(&Reading {
            service: "",
            snapshot: &self.snapshot(),
            fallbacks: &self.fallbacks(),
            durations: self.durations().as_ref(),
        });
    }
}

impl Source for Vec<Arc<CircuitBreaker>> {
    fn read(&self, visit: &mut dyn FnMut(&Reading<'_>)) {
        self.iter().for_each(|breaker| breaker.as_ref().read(visit));
    }
}
