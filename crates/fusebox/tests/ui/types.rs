//! Parts of other types than the attribute asks for.

use fusebox::{CircuitBreaker, Rejection};

#[fusebox::breaker(circuit)]
fn not_a_breaker(circuit: &str) -> Result<(), Rejection> {
    Ok(())
}

#[fusebox::breaker(breaker, key = terminal)]
fn not_a_text(breaker: &CircuitBreaker, terminal: u32) -> Result<(), Rejection> {
    Ok(())
}

fn without_rejection(_: &CircuitBreaker) -> Result<(), Rejection> {
    Ok(())
}

#[fusebox::breaker(breaker, fallback = without_rejection)]
fn another_fallback(breaker: &CircuitBreaker) -> Result<(), Rejection> {
    Ok(())
}

#[fusebox::breaker(breaker, fallback = without_rejection)]
async fn a_sync_fallback(breaker: &CircuitBreaker) -> Result<(), Rejection> {
    Ok(())
}

#[fusebox::breaker(breaker)]
fn another_value(breaker: &CircuitBreaker) -> Result<String, Rejection> {
    Ok(7)
}

fn main() {}
