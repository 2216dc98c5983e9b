//! Queues that hold messages and have nobody who delivers them: their circuits are gone, or have no
//! queue any more.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fusebox_queue::{Depth, Queues};
use fusebox_telemetry::{Fact, Facts, QueueFact};

/// Dead letters of them can be retried and discarded, so their number changes now and then.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// How many messages each of them holds, as it was seen last.
#[derive(Clone, Debug, Default)]
pub(super) struct Stranded(Arc<Mutex<BTreeMap<String, u64>>>);

impl Stranded {
    /// Looks for them while the same queues are `delivered`, and logs each once.
    pub(super) async fn look(&self, queues: &Queues, delivered: Vec<String>) {
        let is_stranded = |depth: &Depth| depth.messages > 0 && !delivered.contains(&depth.queue);
        let mut told = Vec::new();
        loop {
            match queues.depths().await {
                Ok(depths) => {
                    let found = depths.into_iter().filter(is_stranded);
                    let found = found.map(|depth| (depth.queue, depth.messages));
                    let found: BTreeMap<_, _> = found.collect();
                    for (queue, messages) in &found {
                        if !told.contains(queue) {
                            told.push(queue.clone());
                            tell(queue, *messages);
                        }
                    }
                    *self.lock() = found;
                }
                Err(error) => tracing::warn!(%error, "what the queues hold is not known"),
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn tell(queue: &str, messages: u64) {
    tracing::warn!(
        queue,
        messages,
        "nobody delivers what this queue holds: no circuit of its name has a queue"
    );
}

impl Facts for Stranded {
    fn facts(&self, _: &mut dyn FnMut(Fact)) {}

    fn queues(&self, visit: &mut dyn FnMut(&str, QueueFact)) {
        for (queue, messages) in &*self.lock() {
            visit(queue, QueueFact::Stranded(*messages));
        }
    }
}
