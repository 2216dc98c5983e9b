//! Breakers in an axum service (feature `axum`).
//!
//! | what | for |
//! |---|---|
//! | [`protect`] | a layer: a breaker around the handlers of a router, which answers itself |
//! | [`Rejected`] | a rejection as an error of a handler, with `?` |
//! | [`RetryAfter`] | `Retry-After` of an open circuit, for errors with a body of your own |
//! | [`health`] | a handler that says whether a circuit that matters is open |
//! | [`BreakerError`](crate::BreakerError) | is a response wherever its inner error is one |
//! | `StackError` | the same, with the feature `stack`: see [below](#a-stack-around-handlers) |
//!
//! A call that is not admitted is answered as Fusebox's gateway answers it: 503, with `Retry-After`
//! where the time is known, with the headers `Fusebox-Circuit` and `Fusebox-Reason` for programs,
//! and with a body of type `application/problem+json`:
//!
//! ```json
//! {
//!   "type": "urn:fusebox:rejected",
//!   "title": "The circuit breaker does not admit the call",
//!   "status": 503,
//!   "detail": "circuit rag is open; the call was not made",
//!   "circuit": "rag",
//!   "reason": "open",
//!   "state": "open",
//!   "retry_after": 4.213
//! }
//! ```
//!
//! `retry_after` is in seconds; it is null and the header is left out where no time can be told.
//! A breaker before this service (a gateway, [`BreakerLayer`](crate::BreakerLayer)) sees from the
//! header that the answer is a rejection and ignores it, so one open circuit does not open every
//! circuit before it.
//!
//! # Handlers that call through a breaker
//!
//! ```
//! use axum::{Router, extract::State, routing::get};
//! use fusebox::CircuitBreaker;
//! use fusebox_tower::axum::Rejected;
//! use std::sync::Arc;
//!
//! async fn explain(State(rag): State<Arc<CircuitBreaker>>) -> Result<String, Rejected> {
//!     let permit = rag.acquire().map_err(|rejection| Rejected::of(&rag, rejection))?;
//!     // ... ask the service ...
//!     permit.success();
//!     Ok("because".to_owned())
//! }
//!
//! let rag = Arc::new(CircuitBreaker::builder("rag").build()?);
//! let router: Router = Router::new().route("/explain", get(explain)).with_state(rag);
//! # let _ = router;
//! # Ok::<(), fusebox::SettingsError>(())
//! ```
//!
//! `rag.acquire()?` works too; the answer then does not name the circuit.
//!
//! # A stack around handlers
//!
//! With the feature `stack`, the errors of a stack are answers too, and so a whole stack goes on a
//! router:
//!
//! ```
//! # #[cfg(feature = "stack")] {
//! use axum::{Router, error_handling::HandleErrorLayer, routing::get};
//! use fusebox::CircuitBreaker;
//! use fusebox_tower::stack::{Stack, StackError};
//! use std::{convert::Infallible, sync::Arc, time::Duration};
//!
//! async fn answer(error: StackError<Infallible>) -> StackError<Infallible> {
//!     error
//! }
//!
//! let reports = Arc::new(CircuitBreaker::builder("reports").build()?);
//! let stack = Stack::new(reports).timeout(Duration::from_secs(2)).concurrency_limit(64);
//! let layers = (HandleErrorLayer::new(answer), stack);
//! let router: Router = Router::new().route("/report", get(|| async { "done" })).layer(layers);
//! # let _ = router;
//! # }
//! # Ok::<(), fusebox::SettingsError>(())
//! ```
//!
//! | error | answer | type, after `urn:fusebox:` |
//! |---|---|---|
//! | rejected | 503, as [`Rejected`] of an unknown circuit | `rejected` |
//! | refused by the limit | 503 | `limited` |
//! | no head in time | 504 | `timeout` |
//! | the inner error | its own | |
//!
//! A breaker before this service ignores the first, and counts the next two as failures. Bodies of
//! axum cannot be cloned: for retries take `Retry::default().bodiless()`.

mod error;
mod health;
mod problem;
mod protect;
mod rejected;
mod retry_after;
#[cfg(feature = "stack")]
mod stack_error;

pub use health::{Health, health};
pub use protect::{Answer, Protect, Protected, protect};
pub use rejected::Rejected;
pub use retry_after::RetryAfter;
