//! One relay for each circuit with a queue, as long as the settings ask for it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fusebox_queue::relay::{Relay, RelayHandle, RelaySettingsError, RelayWatch};
use tokio::task::JoinHandle;

use super::stranded::Stranded;
use crate::circuits::{Circuit, Circuits, Delivery, branch_of};

/// The upstream's own time-outs come first; this is for a delivery that hangs elsewhere.
const MARGIN: Duration = Duration::from_secs(5);
/// The longest that a relay takes.
const TIMEOUT_MAX: Duration = Duration::from_secs(24 * 3600);

/// The relays that run.
#[derive(Debug, Default)]
pub(super) struct Relays {
    running: Vec<Running>,
    watched: Watched,
    stranded: Stranded,
    /// The task that looks for those.
    looks: Option<JoinHandle<()>>,
}

/// Shows the relays that run now, to who scrapes.
#[derive(Clone, Debug, Default)]
pub(super) struct Watched(Arc<Mutex<Vec<RelayWatch>>>);

impl Watched {
    pub(super) fn all(&self) -> Vec<RelayWatch> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<RelayWatch>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug)]
struct Running {
    circuit: Arc<Circuit>,
    relay: RelayHandle,
}

impl Relays {
    /// Starts what the settings ask for by now, and ends what they do not. One whose circuit
    /// changed is replaced; what it is sending goes on to its end meanwhile.
    pub(super) fn follow(&mut self, circuits: &Arc<Circuits>) {
        let wanted = circuits.list();
        let is_wanted =
            |running: &Running| wanted.iter().any(|it| Arc::ptr_eq(it, &running.circuit));
        for ended in self.running.extract_if(.., |running| !is_wanted(running)) {
            tokio::spawn(ended.relay.stop());
        }
        for circuit in wanted {
            let runs = |running: &Running| Arc::ptr_eq(&running.circuit, &circuit);
            if circuit.queue().is_none() || self.running.iter().any(runs) {
                continue;
            }
            match start(circuits, &circuit) {
                Ok(relay) => self.running.push(Running { circuit, relay }),
                Err(error) => {
                    let circuit = circuit.name();
                    tracing::error!(circuit, %error, "what its queue holds is not delivered");
                }
            }
        }
        if let Some(queues) = circuits.queues() {
            let delivered = self.running.iter().map(|running| running.circuit.name());
            let delivered = delivered.map(str::to_owned).collect();
            let (queues, stranded) = (queues.clone(), self.stranded.clone());
            if let Some(before) = self.looks.take() {
                before.abort();
            }
            let looks = tokio::spawn(async move { stranded.look(&queues, delivered).await });
            self.looks = Some(looks);
        }
        let running = self.running.iter();
        *self.watched.lock() = running.map(|running| running.relay.watch()).collect();
    }

    pub(super) fn watched(&self) -> Watched {
        self.watched.clone()
    }

    pub(super) fn stranded(&self) -> Stranded {
        self.stranded.clone()
    }

    /// Ends all: what is being sent has a bounded time to arrive.
    pub(super) async fn end(self) {
        if let Some(looks) = self.looks {
            looks.abort();
        }
        let mut ending = tokio::task::JoinSet::new();
        for running in self.running {
            ending.spawn(running.relay.stop());
        }
        ending.join_all().await;
    }
}

fn start(
    circuits: &Arc<Circuits>,
    circuit: &Arc<Circuit>,
) -> Result<RelayHandle, RelaySettingsError> {
    let Some(queue) = circuit.queue() else {
        return Err(RelaySettingsError::Sink);
    };
    let set = circuit.set();
    let delivery = Delivery::new(Arc::downgrade(circuits), circuit.name());
    Relay::builder(queue.clone(), circuit.breaker())
        .sink(delivery)
        .timeout((set.timeout + MARGIN).min(TIMEOUT_MAX))
        .branch_by(set.branch.is_some().then_some(branch_of))
        .start()
}
