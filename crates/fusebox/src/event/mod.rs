//! What happens to a breaker, told to whoever subscribed (R20).

mod bus;
mod text;

pub use bus::{EventBus, Received, Subscription};

use crate::clock::Tick;
use crate::main_breaker::MainOpening;
use crate::outcome::FailureClass;
use crate::registry::Override;
use crate::word::{HoldKind, State};
use std::sync::Arc;
use std::time::Duration;

/// Something that happened to one circuit.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// The circuit's name; empty for what happens to a whole box of circuits.
    pub circuit: Arc<str>,
    /// The key, where it happened to a branch of the circuit (R19).
    pub branch: Option<Arc<str>>,
    /// When: the instant that was due, even if somebody looked only later.
    pub at: Tick,
    /// The generation that began with it, or in which it happened.
    pub generation: u32,
    /// What.
    pub kind: EventKind,
    /// Whether it is no news: a store put back what was so before a restart, and was told then.
    pub restored: bool,
}

/// The kinds of events.
#[derive(Clone, Debug, PartialEq)]
pub enum EventKind {
    /// The state changed; exactly one for each change.
    Transition {
        /// The state that ended.
        from: State,
        /// The state that began.
        to: State,
        /// Why.
        cause: Cause,
        /// The numbers that decided.
        evidence: Evidence,
    },
    /// An operator's hold began or replaced another.
    HoldSet(Hold),
    /// A hold ended.
    HoldEnded {
        /// Which.
        kind: HoldKind,
        /// Whether by its expiry.
        expired: bool,
        /// Who released it, if somebody did.
        by: Option<Author>,
    },
    /// The breaker was reset.
    Reset {
        /// By whom.
        by: Author,
    },
    /// The settings changed.
    SettingsChanged {
        /// By whom.
        by: Author,
    },
    /// Under `Observe`: the breaker would have opened.
    WouldOpen {
        /// Why.
        cause: Cause,
        /// The numbers that would have decided.
        evidence: Evidence,
    },
    /// A store put the breaker where it was before a restart; no transition.
    Restored {
        /// The state that goes on.
        state: State,
    },
    /// Settings were put over those of a circuit's definition.
    OverrideSet(Arc<Override>),
    /// Such settings ended: the definition's are in force.
    OverrideEnded {
        /// Whether by their time.
        expired: bool,
        /// Who ended them, if somebody did.
        by: Option<Author>,
    },
    /// The main breaker opened: every circuit under it rejects.
    MainOpened(MainOpening),
    /// The main breaker closed.
    MainClosed {
        /// By whom.
        by: Author,
    },
    /// A registry has a new circuit.
    Added {
        /// Whether it was asked for by a name that nobody had defined, and so got the registry's
        /// default settings.
        defaulted: bool,
        /// By whom.
        by: Author,
    },
    /// A registry's circuit was defined anew.
    Replaced {
        /// By whom.
        by: Author,
    },
    /// A circuit left its registry.
    Removed {
        /// By whom.
        by: Author,
    },
}

/// Why a state began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// So many failures in a row.
    ConsecutiveFailures,
    /// The share of failures in the window.
    FailureRate,
    /// The number of failures in the window.
    FailureCount,
    /// The share of slow calls in the window.
    SlowCallRate,
    /// A trip policy of the user's, by its name.
    Policy(&'static str),
    /// A trial failed or was too slow.
    TrialFailed,
    /// A trial was in flight for too long.
    TrialTimedOut,
    /// Enough trials succeeded.
    TrialsSucceeded,
    /// The open period is over.
    OpenTimeOver,
    /// A person asked for it.
    Hand,
    /// A reset.
    Reset,
    /// A hold that begins with a closed machine.
    HoldSet,
    /// A hold ended.
    HoldEnded,
}

impl Cause {
    /// The cause as a word: `consecutive_failures`, `open_time_over`, …
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ConsecutiveFailures => "consecutive_failures",
            Self::FailureRate => "failure_rate",
            Self::FailureCount => "failure_count",
            Self::SlowCallRate => "slow_call_rate",
            Self::Policy(name) => name,
            Self::TrialFailed => "trial_failed",
            Self::TrialTimedOut => "trial_timed_out",
            Self::TrialsSucceeded => "trials_succeeded",
            Self::OpenTimeOver => "open_time_over",
            Self::Hand => "hand",
            Self::Reset => "reset",
            Self::HoldSet => "hold_set",
            Self::HoldEnded => "hold_ended",
        }
    }
}

/// The numbers that decided.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// Calls in the window.
    pub calls: u64,
    /// Failures in the window.
    pub failures: u64,
    /// Slow calls in the window.
    pub slow: u64,
    /// Failures in a row.
    pub consecutive_failures: u32,
    /// Trials that succeeded in this half-open period.
    pub trial_successes: u32,
    /// Trials that failed in this half-open period.
    pub trial_failures: u32,
    /// The kind of the failure that decided.
    pub class: Option<FailureClass>,
    /// How long the circuit will stay open; `None` until somebody closes it, or where nothing
    /// opened.
    pub open_for: Option<Duration>,
    /// Who did it, where somebody did.
    pub by: Option<Author>,
}

/// Who does something to a breaker.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Author(Arc<str>);

impl Author {
    /// A person or program by name.
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self(name.into())
    }

    /// The program itself.
    pub fn system() -> Self {
        Self::new("system")
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A hold in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// What it does.
    pub kind: HoldKind,
    /// Why it was set.
    pub reason: String,
    /// Who set it.
    pub author: Author,
    /// Since when.
    pub since: Tick,
    /// When it ends by itself; `None`: never.
    pub until: Option<Tick>,
}

/// A hold to be set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldRequest {
    /// What it does.
    pub kind: HoldKind,
    /// Why.
    pub reason: String,
    /// Who sets it.
    pub author: Author,
    /// After what time it ends by itself; `None`: never.
    pub for_: Option<Duration>,
}
