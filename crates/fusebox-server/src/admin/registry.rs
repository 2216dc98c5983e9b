//! What the admin router needs from its host: circuits by name, and something to scrape.
//!
//! This is the only file of `admin` that knows the gateway's circuits, so that the rest can serve
//! any host.

use std::sync::Arc;

use fusebox::{CircuitBreaker, MainBreaker, Source};

use crate::circuits::{Circuit, Circuits};

/// One circuit as the admin interface sees it.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Read for answers, moved by actions.
    pub breaker: &'static CircuitBreaker,
    /// 1 is critical: while such a circuit is open, `/health` says `warn`.
    pub priority: u8,
}

/// A box of circuits that can be shown and operated.
pub trait Registry: Source + 'static {
    /// All circuits, in the order in which they are to be listed.
    fn entries(&self) -> Vec<Entry>;

    /// The circuit of that name.
    fn entry(&self, name: &str) -> Option<Entry>;

    /// The switch above all of them.
    fn main(&self) -> &Arc<MainBreaker>;
}

impl Registry for Circuits {
    fn entries(&self) -> Vec<Entry> {
        self.list().iter().map(|circuit| of(circuit)).collect()
    }

    fn entry(&self, name: &str) -> Option<Entry> {
        self.get(name).map(|circuit| of(&circuit))
    }

    fn main(&self) -> &Arc<MainBreaker> {
        Self::main(self)
    }
}

fn of(circuit: &Circuit) -> Entry {
    let (breaker, priority) = (circuit.breaker(), circuit.set().priority);
    Entry { breaker, priority }
}
