//! A reqwest client behind a breaker (feature `reqwest`).
//!
//! [`ProtectedClient`] is asked like a `reqwest::Client` and answers with `reqwest::Response`, so
//! `error_for_status`, `text`, `bytes` and the rest stay as they are. Bodies are followed to their
//! end: a call whose body breaks off is a failure, and a success is recorded when the body was
//! read (see [when a call is recorded](crate#when-a-call-is-recorded)).
//!
//! A good answer whose body nobody begins to read, as after `error_for_status()?` alone, is a
//! success too, when it is dropped. The client switches
//! [`unread_body_is_success`](crate::BreakerLayer::unread_body_is_success) on, since its callers
//! hold the answer themselves: they did not leave, they saw what they wanted. A body dropped
//! half-way is a caller who left.
//!
//! ```
//! use fusebox::CircuitBreaker;
//! use fusebox_tower::BreakerError;
//! use fusebox_tower::reqwest::{Error, ProtectedClient};
//! use std::sync::Arc;
//!
//! type Rag = ProtectedClient<Arc<CircuitBreaker>>;
//!
//! async fn explain(rag: &Rag, url: &str) -> Result<String, Error> {
//!     let answer = rag.get(url).header("accept", "text/plain").send().await?;
//!     Ok(answer.error_for_status()?.text().await?)
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # // Nobody listens there.
//! # let socket = tokio::net::TcpSocket::new_v4()?;
//! # socket.bind("127.0.0.1:0".parse()?)?;
//! # let url = &format!("http://{}/explain", socket.local_addr()?);
//! let circuit = Arc::new(CircuitBreaker::builder("rag").consecutive_failures(2).build()?);
//! let rag = ProtectedClient::new(reqwest::Client::new(), circuit);
//!
//! // The service is down ...
//! for _ in 0..2 {
//!     assert!(matches!(explain(&rag, url).await, Err(BreakerError::Inner(e)) if e.is_connect()));
//! }
//! // ... and is not asked any more.
//! match explain(&rag, url).await {
//!     Err(BreakerError::Rejected(rejection)) => assert!(rejection.retry_after().is_some()),
//!     _ => unreachable!("the circuit is open"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Time-outs
//!
//! Set them on the client or on the request (`timeout`, `connect_timeout`, `read_timeout`): these
//! lie inside the breaker, which records what they end as a failure. A time-out *around* a call
//! drops it, and the breaker takes that for a caller who left, unless the circuit's
//! `abandoned_after` is set.
//!
//! # Retries, limit and fallback
//!
//! With the feature `stack`, a `Stack` goes on the client by way of [`Exchange`],
//! and `reqwest::Body::wrap` leads back to reqwest's own response:
//!
//! ```
//! # #[cfg(feature = "stack")] {
//! use fusebox::CircuitBreaker;
//! use fusebox_tower::reqwest::{ByKind, Exchange};
//! use fusebox_tower::stack::{Retry, Stack, StackError};
//! use reqwest::{Body, Client, Response};
//! use std::{sync::Arc, time::Duration};
//! use tower::{Layer, ServiceExt};
//!
//! async fn explain(
//!     client: Client,
//!     circuit: Arc<CircuitBreaker>,
//! ) -> Result<String, StackError<reqwest::Error>> {
//!     let stack = Stack::new(circuit)
//!         .classify(ByKind)
//!         .unread_body_is_success()
//!         .timeout(Duration::from_secs(2))
//!         .retry(Retry::default());
//!     let request = client.get("http://rag.example/explain").build();
//!     let service = stack.layer(Exchange(client));
//!     let answer = service.oneshot(request.map_err(StackError::Inner)?).await?;
//!     let answer = Response::from(answer.map(Body::wrap));
//!     answer.text().await.map_err(StackError::Inner)
//! }
//! # let _ = explain;
//! # }
//! ```
//!
//! `Retry::default()` repeats idempotent methods, and no body that is a stream. `ByKind` is to be
//! named: by itself a stack counts every error of reqwest as a failure. So is
//! `unread_body_is_success`: a stack cannot know whether its callers read. An answer that a
//! fallback gave has no URL of its own. `FallbackService` needs requests that are `Clone`, which
//! reqwest's are not; implement `Fallback` and keep what `try_clone` gives.
//!
//! # TLS
//!
//! This feature asks reqwest for nothing: no TLS, no HTTP/2, no proxies. What you need, you name in
//! your own dependency on `reqwest` of the same version.

mod classify;
mod client;
mod error;
mod exchange;
#[cfg(feature = "stack")]
mod repeat;
mod request;
mod sending;

pub use classify::ByKind;
pub use client::ProtectedClient;
pub use error::Error;
pub use exchange::{Exchange, Exchanging};
pub use request::ProtectedRequest;
pub use sending::Sending;
