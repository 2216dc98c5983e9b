//! The attribute: one line above a function puts a breaker around it, with an answer for the time
//! that the dependency is away. The circuit is one of the process's registry, by name.
//!
//! ```sh
//! cargo run -p fusebox --features macros --example attribute
//! ```
#![allow(clippy::print_stdout)] // an example shows what it does

use fusebox::{Definition, Rejection, Settings, State};
use std::sync::atomic::{AtomicU32, Ordering};

static REACHED: AtomicU32 = AtomicU32::new(0);

/// The function's own error; the attribute needs to make it of a rejection.
#[derive(Debug, PartialEq)]
enum ExplainError {
    Refused,
    NotNow(Rejection),
}

impl From<Rejection> for ExplainError {
    fn from(rejection: Rejection) -> Self {
        Self::NotNow(rejection)
    }
}

#[fusebox::breaker("rag", fallback = apology)]
async fn explain(question: &str) -> Result<String, ExplainError> {
    REACHED.fetch_add(1, Ordering::Relaxed);
    println!("  asking the dependency: {question}");
    Err(ExplainError::Refused)
}

/// Takes what the function takes, and the rejection.
async fn apology(question: &str, rejection: Rejection) -> Result<String, ExplainError> {
    Ok(format!("no answer to {question:?}: {rejection}"))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let settings = Settings::builder().consecutive_failures(3).build()?;
    let rag = fusebox::registry().add(Definition::new("rag").settings(settings))?;

    for _ in 0..3 {
        assert_eq!(explain("why?").await, Err(ExplainError::Refused));
    }
    assert_eq!(rag.state(), State::Open);

    let answer = explain("why?").await;
    println!("{answer:?}");
    assert!(answer.is_ok_and(|text| text.starts_with("no answer to \"why?\"")));
    assert_eq!(REACHED.load(Ordering::Relaxed), 3);
    assert_eq!(rag.fallbacks(), [("function", 1)]);

    // Without the fallback the caller gets its own error type, made of the rejection.
    rag.set_fallback_enabled(false);
    assert!(matches!(
        explain("why?").await,
        Err(ExplainError::NotNow(_))
    ));
    Ok(())
}
