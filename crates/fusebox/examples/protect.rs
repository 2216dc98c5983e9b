//! A trait behind a breaker: the wrapper implements the trait around any implementation of it, and
//! callers do not notice until the dependency is away.
//!
//! ```sh
//! cargo run -p fusebox --features macros --example protect
//! ```
#![allow(clippy::print_stdout)] // an example shows what it does

use fusebox::{CircuitBreaker, Rejection, State, only_errors};
use std::sync::Arc;

#[derive(Debug, PartialEq)]
enum ContentError {
    NotFound,
    Unreachable,
    NotNow(Rejection),
}

impl From<Rejection> for ContentError {
    fn from(rejection: Rejection) -> Self {
        Self::NotNow(rejection)
    }
}

/// What the rest of the program knows of the content service.
#[fusebox::protect]
trait ContentClient {
    #[breaker(classify = only_errors(|error: &ContentError| *error != ContentError::NotFound))]
    fn fetch(&self, id: &str) -> Result<String, ContentError>;

    #[breaker(skip)] // asks nobody
    fn base(&self) -> &str;
}

struct HttpClient;

impl ContentClient for HttpClient {
    fn fetch(&self, id: &str) -> Result<String, ContentError> {
        match id {
            "missing" => Err(ContentError::NotFound),
            _ => Err(ContentError::Unreachable),
        }
    }

    fn base(&self) -> &str {
        "http://127.0.0.1:8000"
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let breaker = CircuitBreaker::builder("content")
        .consecutive_failures(2)
        .build()?;
    let client = ProtectedContentClient::new(HttpClient, Arc::new(breaker));

    for id in ["essay", "missing", "essay"] {
        println!("{id}: {:?}", client.fetch(id)); // "missing" counts nowhere
    }
    let breaker = ProtectedContentClient::breaker(&client);
    assert_eq!(breaker.state(), State::Open);
    let answer = client.fetch("essay");
    println!("essay: {answer:?}");
    assert!(matches!(answer, Err(ContentError::NotNow(_))));
    assert_eq!(client.base(), "http://127.0.0.1:8000"); // goes through, open or not
    Ok(())
}
