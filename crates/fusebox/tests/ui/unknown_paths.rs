//! A circuit, fallback or classifier that is not there.

use fusebox::{CircuitBreaker, Rejection};
use std::sync::LazyLock;

static RAG: LazyLock<CircuitBreaker> =
    LazyLock::new(|| CircuitBreaker::builder("rag").build().unwrap());

#[fusebox::breaker(RAGG)]
fn unknown_circuit() -> Result<(), Rejection> {
    Ok(())
}

#[fusebox::breaker(RAG, fallback = cachd)]
fn unknown_fallback() -> Result<(), Rejection> {
    Ok(())
}

fn cached(_: Rejection) -> Result<(), Rejection> {
    Ok(())
}

#[fusebox::breaker(RAG, classify = only_transport)]
fn unknown_classifier() -> Result<(), Rejection> {
    Ok(())
}

struct Client;

impl Client {
    #[fusebox::breaker(RAG, key = terminal)]
    fn unknown_key(&self, terminals: &str) -> Result<(), Rejection> {
        Ok(())
    }
}

fn main() {}
