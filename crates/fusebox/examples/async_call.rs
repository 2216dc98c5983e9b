//! A breaker around a future: the time-out inside, so that a dependency that hangs is seen, and a
//! caller that leaves, which is not the dependency's fault.
//!
//! ```sh
//! cargo run -p fusebox --example async_call
//! ```
#![allow(clippy::print_stdout)] // an example shows what it does

use fusebox::{CallError, CircuitBreaker, State};
use std::error::Error;
use std::time::Duration;
use tokio::time::timeout;

/// The dependency: it takes the connection and never answers.
async fn ask(_question: &str) -> Result<String, &'static str> {
    std::future::pending().await
}

/// One protected call. The time-out is within, so it is the call's own error.
async fn protected(breaker: &CircuitBreaker) -> Result<String, CallError<&'static str>> {
    let call = async {
        let answer = timeout(Duration::from_secs(2), ask("why?"));
        answer.await.unwrap_or(Err("no answer within 2 s"))
    };
    breaker.call_async(call).await
}

// The time of this runtime is paused: it jumps to the next time-out instead of waiting for it.
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), Box<dyn Error>> {
    let breaker = CircuitBreaker::builder("rag")
        .consecutive_failures(3)
        .build()?;

    // Somebody closes the browser after 10 ms. That says nothing about the dependency.
    let left = timeout(Duration::from_millis(10), protected(&breaker)).await;
    assert!(left.is_err());
    assert_eq!(breaker.consecutive_failures(), 0);
    assert_eq!(breaker.snapshot().totals.abandoned, 1);

    for _ in 0..3 {
        let answer = protected(&breaker).await;
        println!("{answer:?}");
        assert_eq!(answer, Err(CallError::Failed("no answer within 2 s")));
    }
    assert_eq!(breaker.state(), State::Open);

    // From now on nobody waits 2 s for nothing.
    let before = tokio::time::Instant::now();
    let answer = protected(&breaker).await;
    assert!(matches!(answer, Err(CallError::Rejected(_))));
    assert_eq!(before.elapsed(), Duration::ZERO);
    println!("{answer:?}");
    Ok(())
}
