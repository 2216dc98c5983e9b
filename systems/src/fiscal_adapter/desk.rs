//! What every route of the adapter needs.

use std::sync::Arc;
use std::time::SystemTime;

use fusebox::CircuitBreaker;
use fusebox_queue::{Queue, Record};
use fusebox_store::Keeper;

use super::circuit::CircuitView;
use super::failures::Failures;
use super::problem::Problem;

#[derive(Clone, Debug)]
pub(super) struct Desk {
    pub(super) queue: Queue,
    pub(super) circuit: &'static CircuitBreaker,
    pub(super) failures: Arc<Failures>,
    pub(super) keeper: Keeper,
}

impl Desk {
    /// A receipt, whatever became of it.
    pub(super) async fn receipt(&self, id: &str) -> Result<Record, Problem> {
        let found = self.queue.find(id).await?;
        let unknown = || Problem::new(404, "No receipt", "no receipt has this id");
        found.ok_or_else(unknown)
    }

    pub(super) fn circuit(&self) -> CircuitView {
        // The time first: what was read after it is shown a little too old, never in the future.
        let now = SystemTime::now();
        CircuitView::of(&self.circuit.snapshot(), self.failures.of(None), now)
    }
}
