//! One request under way: counted from its head to the end of its answer, however it ends.

use std::sync::Arc;

use tokio::time::Instant;

use super::{Answer, Circuit};
use crate::settings::Trouble;

/// Keeps a request counted as in flight until it is dropped, with the answer's body or with the
/// client.
#[derive(Debug)]
pub struct Flight {
    circuit: Arc<Circuit>,
    begun: Instant,
    answered: bool,
}

impl Flight {
    /// Begins a request of a circuit.
    #[must_use]
    pub fn begin(circuit: Arc<Circuit>) -> Self {
        circuit.stats().begin();
        Self {
            circuit,
            begun: Instant::now(),
            answered: false,
        }
    }

    /// The circuit, with the settings this request began under.
    #[must_use]
    pub fn circuit(&self) -> &Arc<Circuit> {
        &self.circuit
    }

    /// Counts how the request was answered; only the first answer counts.
    pub fn answered(&mut self, answer: Answer) {
        if !std::mem::replace(&mut self.answered, true) {
            let took = (answer != Answer::Client).then(|| self.begun.elapsed());
            self.circuit.stats().answered(answer, took);
        }
    }

    /// Counts a fallback in place of the answer.
    pub fn fell_back(&self, trouble: Trouble) {
        self.circuit.stats().fell_back(trouble);
    }

    /// Counts that another circuit answered in place of this one.
    pub fn fell_back_to_next(&self) {
        self.circuit.stats().fell_back_to_next();
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        // Nobody waits for the answer of a request that is dropped without one.
        self.answered(Answer::Client);
        self.circuit.stats().end();
    }
}
