//! A tower layer that puts a Fusebox circuit breaker around HTTP calls, bodies included.
//!
//! What it is: [`BreakerLayer`] wraps any [`Service`](tower_service::Service) that answers with an
//! [`http::Response`]. It asks a [`CircuitBreaker`](fusebox::CircuitBreaker) before each call, and
//! tells it how the call went: a failure as soon as it is known, a success when the body has ended.
//! What it is not: a client. Nor does it decide anything; the breaker does. Time-outs, retries, a
//! limit and a fallback around it, in one order, are in `stack`.
//!
//! ```
//! use bytes::Bytes;
//! use fusebox::CircuitBreaker;
//! use fusebox_tower::{BreakerError, BreakerLayer};
//! use http::{Request, Response, StatusCode};
//! use http_body_util::{BodyExt, Full};
//! use std::{convert::Infallible, sync::Arc};
//! use tower::{Layer, Service, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let circuit = Arc::new(CircuitBreaker::builder("rag").consecutive_failures(2).build()?);
//!
//! // The service behind the breaker: here one that is out of order.
//! let rag = service_fn(|_: Request<()>| async {
//!     let mut response = Response::new(Full::<Bytes>::from("out of order"));
//!     *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
//!     Ok::<_, Infallible>(response)
//! });
//! let mut rag = BreakerLayer::new(circuit).layer(rag);
//!
//! // Failing answers reach the caller as they are ...
//! for _ in 0..2 {
//!     let response = rag.ready().await?.call(Request::new(())).await?;
//!     assert_eq!(response.status(), 500);
//!     assert_eq!(response.into_body().collect().await?.to_bytes(), "out of order");
//! }
//! // ... and the second one opened the circuit: nothing is sent any more.
//! match rag.ready().await?.call(Request::new(())).await {
//!     Err(BreakerError::Rejected(rejection)) => assert!(rejection.retry_after().is_some()),
//!     _ => unreachable!("the circuit is open"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # When a call is recorded
//!
//! | what happened | outcome | when |
//! |---|---|---|
//! | an error instead of a response | [`Classify::error`], by default a failure | at once |
//! | a response of another Fusebox breaker that rejected | ignored | at the head |
//! | a head that [`Classify::head`] finds failed or ignored | as it says | at the head |
//! | a good head without a body | success | at the head |
//! | a good head: 101, 204, 304, or an event stream | success | at the head |
//! | a good head that answers HEAD or CONNECT ([`WantsBody`]) | success | at the head |
//! | a body longer than `settle_after` (5 s) | success | when that time is over |
//! | the end of the body | success | then |
//! | trailers (gRPC has its status there) | [`Classify::trailers`], by default a success | then |
//! | an error in the body | [`Classify::body_error`], by default a failure | then |
//! | a panic in service, future or body | failure | then |
//! | the future or the body dropped, read or not | ignored: **see Cancel safety** | then |
//!
//! The duration of a call ends at its head, whatever the body does. With the feature `tokio`, a
//! call that has no head yet when `slow_call_duration` is over is judged as slow at that instant,
//! and a trial fails; so an upstream that swallows calls opens the circuit then, and not at the
//! time-out. It is recorded once, when it is settled.
//!
//! # Cancel safety
//!
//! The future and the body may be dropped at any point. The permit goes with them and gives its
//! place back at once, in half-open too. The drop counts as ignored (the caller left), or as a
//! failure where the circuit's `abandoned_after` is set and the call was in flight at least so
//! long.
//!
//! **Callers who only look at the status must read the body to its end, or the layer needs
//! [`unread_body_is_success`](BreakerLayer::unread_body_is_success).** By default a good answer
//! whose body is dropped unread is ignored: in a gateway it means that the client went away. A
//! client that never reads so reports its failures and none of its successes; a healthy service
//! trips, and a half-open circuit never closes.
//!
//! # Handles
//!
//! The layer takes any handle to a breaker. With `&'static CircuitBreaker` a call clones no `Arc`,
//! takes no lock and allocates nothing. With `Arc<CircuitBreaker>` it clones one `Arc`. With
//! [`ByKey`] around either, each call goes to the branch that its request belongs to.
//!
//! # Features
//!
//! `tokio`: without it `settle_after` is looked at whenever the body is polled or dropped, so a
//! silent body is settled late. With it a tokio timer wakes the body's reader at that instant (in a
//! tokio runtime, whose time driver must be on; elsewhere nothing changes). Either way, a body that
//! nobody polls is settled when it is polled or dropped next. A timer also tells of calls that
//! pass `slow_call_duration`; it is set only where a slow-call rate is, and only for a call that is
//! not answered at once.
//!
//! `stack`: the modules `stack` and `limit`. `axum`, `reqwest`: the modules of these names. All
//! three switch `tokio` on.

#[cfg(feature = "tokio")]
mod alarm;
#[cfg(not(feature = "tokio"))]
#[path = "no_alarm.rs"]
mod alarm;
#[cfg(feature = "axum")]
pub mod axum;
mod body;
mod by_key;
mod circuit;
mod classify;
mod error;
mod future;
mod head;
mod layer;
#[cfg(feature = "stack")]
pub mod limit;
mod overdue;
mod permit_source;
#[cfg(feature = "reqwest")]
pub mod reqwest;
mod retry_after;
mod service;
#[cfg(feature = "stack")]
pub mod stack;
mod unwind;
mod wants_body;

pub use body::SettlingBody;
pub use by_key::ByKey;
pub use circuit::Circuit;
pub use classify::{ByStatus, Classify, ClassifyFn, classify_fn};
pub use error::BreakerError;
pub use future::ResponseFuture;
pub use head::Took;
pub use layer::BreakerLayer;
pub use permit_source::PermitSource;
pub use retry_after::retry_after;
pub use service::Breaker;
pub use wants_body::WantsBody;
