//! What is kept of what happened.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::wall;

/// One event of the history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventRecord {
    /// Its number: it rises, and is never used twice.
    pub id: u64,
    /// When.
    #[serde(with = "wall::millis")]
    pub at: SystemTime,
    /// The circuit; empty for what happened to a whole box of circuits.
    pub circuit: String,
    /// The key, where it happened to a branch.
    pub branch: Option<String>,
    /// The generation that began with it, or in which it happened. Generations begin anew with
    /// each start of the process.
    pub generation: u32,
    /// What happened: one of [`EventRecord::KINDS`].
    pub kind: String,
    /// The state that ended, of a transition.
    pub from: Option<String>,
    /// The state that began, of a transition or a restored circuit.
    pub to: Option<String>,
    /// Why, of a transition or of one that would have been.
    pub cause: Option<String>,
    /// The numbers that decided, and the same as a sentence in `text`.
    pub evidence: Option<Value>,
    /// Who did it, where somebody did.
    pub by: Option<String>,
    /// The reason that was given.
    pub reason: Option<String>,
    /// What else there is to say of the kind: `hold` (its kind), `until`, `expired`, `defaulted`,
    /// `settings`, `circuit` (of a main breaker that one opened), `missed` (how many).
    pub details: Option<Value>,
    /// Whether what led to it is kept as a replay file.
    pub has_replay: bool,
}

impl EventRecord {
    /// The words of `kind`.
    pub const KINDS: [&str; 15] = [
        "transition",
        "hold_set",
        "hold_ended",
        "reset",
        "settings_changed",
        "would_open",
        "main_opened",
        "main_closed",
        "added",
        "replaced",
        "removed",
        "restored",
        "override_set",
        "override_ended",
        "missed",
    ];
}
