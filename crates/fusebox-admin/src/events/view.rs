//! An event as JSON.

use fusebox_store::{EventRecord, rfc3339};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// Something that happened.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Event {
    /// Its number: it rises, and is never used twice.
    id: u64,
    #[schema(format = DateTime)]
    at: String,
    /// Null for what happened to the whole box of circuits.
    #[schema(required)]
    circuit: Option<String>,
    /// The key, where it happened to a branch.
    #[schema(required)]
    branch: Option<String>,
    /// The generation that began with it, or in which it happened.
    generation: u32,
    /// `transition`, `hold_set`, `hold_ended`, `reset`, `settings_changed`, `would_open`,
    /// `main_opened`, `main_closed`, `added`, `replaced`, `removed`, `restored`, `override_set`,
    /// `override_ended` or `missed`.
    kind: String,
    /// The state that ended, of a transition.
    #[schema(required)]
    from: Option<String>,
    /// The state that began.
    #[schema(required)]
    to: Option<String>,
    /// Why.
    #[schema(required)]
    cause: Option<String>,
    /// The numbers that decided, and the same as a sentence in `text`.
    #[schema(required, value_type = Option<Object>)]
    evidence: Option<Value>,
    /// Who did it, where somebody did.
    #[schema(required)]
    by: Option<String>,
    #[schema(required)]
    reason: Option<String>,
    /// What else there is to say of the kind.
    #[schema(required, value_type = Option<Object>)]
    details: Option<Value>,
    /// Whether `…/replay` has the calls that led to it.
    has_replay: bool,
}

impl Event {
    pub(crate) fn of(record: &EventRecord) -> Self {
        let circuit = Some(record.circuit.clone());
        Self {
            id: record.id,
            at: rfc3339(record.at),
            circuit: circuit.filter(|circuit| !circuit.is_empty()),
            branch: record.branch.clone(),
            generation: record.generation,
            kind: record.kind.clone(),
            from: record.from.clone(),
            to: record.to.clone(),
            cause: record.cause.clone(),
            evidence: record.evidence.clone(),
            by: record.by.clone(),
            reason: record.reason.clone(),
            details: record.details.clone(),
            has_replay: record.has_replay,
        }
    }
}
