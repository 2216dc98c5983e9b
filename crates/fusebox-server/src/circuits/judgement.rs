//! How a circuit's answers and errors become outcomes.

use std::sync::Arc;

use fusebox::Outcome;
use fusebox_tower::Classify;
use http::response::Parts;

use super::upstream::UpstreamError;
use crate::settings::CircuitSettings;

/// The classifier of a circuit: its `classify` overrides for statuses, and for errors whose fault
/// they are.
#[derive(Clone, Debug)]
pub struct Judgement {
    settings: Arc<CircuitSettings>,
}

impl Judgement {
    pub(super) fn new(settings: Arc<CircuitSettings>) -> Self {
        Self { settings }
    }
}

impl Classify<UpstreamError> for Judgement {
    fn head(&self, head: &Parts) -> Outcome {
        self.settings.outcome_of(head.status.as_u16())
    }

    fn error(&self, error: &UpstreamError) -> Outcome {
        error.outcome()
    }

    fn body_error(&self, error: &UpstreamError) -> Outcome {
        error.outcome()
    }
}
