//! What is kept of circuits, main breaker and overrides.
//!
//! Times are wall-clock times to the millisecond, RFC 3339 where they are text. Durations are text
//! as in settings (`1500ms`), exact to the nanosecond.

use std::time::{Duration, SystemTime};

use fusebox::{HoldKind, State};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{text, wall};

/// A circuit, or one branch of it, at one instant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CircuitRecord {
    /// The circuit's name.
    pub circuit: String,
    /// The key, where it is a branch.
    pub branch: Option<String>,
    /// The service that the circuit belongs to; may be empty.
    pub service: String,
    /// When it was read.
    #[serde(with = "wall::millis")]
    pub at: SystemTime,
    /// What it knew.
    pub saved: StateRecord,
    /// Failures in a row as people count them; those that opened it, while it is open.
    pub fail_counter: u32,
}

/// What a breaker needs to go on from where it was; every duration is relative to
/// [`CircuitRecord::at`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StateRecord {
    /// The state of the machine.
    #[serde(with = "text::word")]
    pub state: State,
    /// How long the state had lasted.
    #[serde(with = "text::duration")]
    pub state_age: Duration,
    /// What was left of the open period; `None`: not open, or open until somebody closes it.
    #[serde(with = "text::duration_or_none", default)]
    pub open_left: Option<Duration>,
    /// k of R13: automatic openings since the circuit last stayed closed for long enough.
    pub openings: u32,
    /// The wait of the last automatic opening.
    #[serde(with = "text::duration")]
    pub last_wait: Duration,
    /// The hold in force.
    #[serde(default)]
    pub hold: Option<HoldRecord>,
    /// What led to the state.
    #[serde(default)]
    pub why: Option<WhyRecord>,
}

/// A hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldRecord {
    /// What it does.
    #[serde(with = "text::word")]
    pub kind: HoldKind,
    /// Why it was set.
    pub reason: String,
    /// Who set it.
    pub author: String,
    /// How long ago.
    #[serde(with = "text::duration")]
    pub age: Duration,
    /// What was left of it; `None`: it does not end by itself.
    #[serde(with = "text::duration_or_none", default)]
    pub left: Option<Duration>,
}

/// What led to a state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhyRecord {
    /// The cause as a word.
    pub cause: String,
    /// The numbers that decided.
    pub evidence: EvidenceRecord,
    /// How long ago.
    #[serde(with = "text::duration")]
    pub age: Duration,
}

/// The numbers that decided, as [`fusebox::Evidence`] has them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EvidenceRecord {
    /// Calls in the window.
    pub calls: u64,
    /// Failures in the window.
    pub failures: u64,
    /// Slow calls in the window.
    pub slow: u64,
    /// Failures in a row.
    pub consecutive_failures: u32,
    /// Trials that succeeded.
    pub trial_successes: u32,
    /// Trials that failed.
    pub trial_failures: u32,
    /// The class of the failure that decided, as a word.
    pub class: Option<String>,
    /// How long the circuit was to stay open.
    #[serde(with = "text::duration_or_none")]
    pub open_for: Option<Duration>,
    /// Who did it, where somebody did.
    pub by: Option<String>,
}

/// The main breaker, while it is open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MainRecord {
    /// When this was read.
    #[serde(with = "wall::millis")]
    pub at: SystemTime,
    /// Why it was opened; may be empty.
    pub reason: String,
    /// By whom.
    pub author: String,
    /// Since when.
    #[serde(with = "wall::millis")]
    pub since: SystemTime,
    /// The circuit whose opening did it, if it was one.
    pub circuit: Option<String>,
}

/// Settings that an operator put over a circuit's own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OverrideRecord {
    /// The circuit's name.
    pub circuit: String,
    /// The settings by their keys: texts and numbers, as in a settings file.
    pub settings: Map<String, Value>,
    /// Why.
    pub reason: String,
    /// By whom.
    pub author: String,
    /// Since when.
    #[serde(with = "wall::millis")]
    pub since: SystemTime,
    /// When it ends by itself; `None`: never.
    #[serde(with = "wall::millis_or_none", default)]
    pub until: Option<SystemTime>,
}
