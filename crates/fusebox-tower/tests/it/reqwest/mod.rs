//! A reqwest client behind a breaker, against servers on loopback.

mod bodies;
mod calls;
mod failures;
mod server;
#[cfg(feature = "stack")]
mod stack;
mod timeouts;

use crate::stand::Handle;
use fusebox::{CircuitBreaker, FailureClass};
use fusebox_tower::reqwest::ProtectedClient;
use reqwest::Client;

/// A client of this circuit, with connections of its own.
fn client(circuit: &Handle) -> ProtectedClient<Handle> {
    // Proxies of the environment are for others.
    let client = Client::builder().no_proxy().build().unwrap();
    ProtectedClient::new(client, circuit.clone())
}

/// The class of the failure that opened the circuit.
fn opened_by(circuit: &CircuitBreaker) -> Option<FailureClass> {
    circuit.snapshot().why?.evidence.class
}
