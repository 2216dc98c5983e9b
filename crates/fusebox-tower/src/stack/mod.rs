//! Everything that belongs around a circuit, in one order and with one signal (feature `stack`).
//!
//! What it is: [`Stack`], a tower [`Layer`](tower_layer::Layer) that puts fallback, retries,
//! concurrency limit, breaker and time-out around a service. Every part but the breaker is absent
//! until it is named. What it is not: a client, a cache, a queue.
//!
//! ```
//! use bytes::Bytes;
//! use fusebox::CircuitBreaker;
//! use fusebox_tower::stack::{FixedResponse, Retry, Stack};
//! use http::{Request, Response, StatusCode};
//! use http_body_util::{BodyExt, Full};
//! use std::{convert::Infallible, sync::Arc, time::Duration};
//! use tower::{Layer, Service, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let circuit = Arc::new(CircuitBreaker::builder("rag").consecutive_failures(2).build()?);
//! let stack = Stack::new(circuit.clone())
//!     .timeout(Duration::from_secs(2))
//!     .total_timeout(Duration::from_secs(5))
//!     .retry(Retry::default())
//!     .concurrency_limit(64)
//!     .fallback(FixedResponse::new(Response::new(Bytes::from("from the cache"))));
//!
//! // The service at the end: here one that is out of order.
//! let rag = service_fn(|_: Request<()>| async {
//!     let mut response = Response::new(Full::<Bytes>::from("out of order"));
//!     *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
//!     Ok::<_, Infallible>(response)
//! });
//! let mut rag = stack.layer(rag);
//!
//! // The first call is tried twice; that opens the circuit, and so there is no third attempt.
//! let failed = rag.ready().await?.call(Request::new(())).await?;
//! assert_eq!(failed.status(), 500);
//! assert_eq!(circuit.snapshot().totals.failure, 2);
//!
//! // The next one is rejected, and the fallback answers.
//! let answer = rag.ready().await?.call(Request::new(())).await?;
//! assert_eq!(answer.headers()["fusebox-fallback"], "true");
//! assert_eq!(answer.into_body().collect().await?.to_bytes(), "from the cache");
//! # Ok(())
//! # }
//! ```
//!
//! # The order
//!
//! Outermost first. It is fixed, since every other one is wrong somewhere.
//!
//! 1. **Fallback.** It answers for everything below, and what it does is no call to the service.
//! 2. **Total time-out.** A deadline, handed inwards: nothing times out but at the innermost part.
//! 3. **Retries.** Outside the breaker, which so sees every attempt and can stop the next one.
//! 4. **Limit.** Outside the breaker: its refusal is about this process, and no failure of the
//!    service. Inside the retries: a call that waits for its next attempt holds no place.
//! 5. **Breaker.** It sees the service alone: answers, errors and time-outs, and nothing that
//!    happens further out.
//! 6. **Time-out.** Inside the breaker, which so learns at once what the service did. Further out
//!    the breaker would only see a caller who left (R11), and `abandoned_after` would have to be
//!    kept equal to the time-out.
//!
//! # What happens to a call
//!
//! | what happened | the breaker records | tried again | fallback asked |
//! |---|---|---|---|
//! | the breaker rejects, also while no place is free | a rejection | never | yes |
//! | the limit refuses; the circuit would take the call | nothing | never | if wished |
//! | a time-out | a failure of class `timeout` | yes | yes |
//! | a further attempt that `total_timeout` ends | nothing (ignored) | no time is left | yes |
//! | an error that counts as a failure | a failure | yes | yes |
//! | another error | as the classifier says | no | no |
//! | a response that counts as a failure | a failure | yes | if wished |
//! | a response that a Fusebox breaker further on rejected | ignored | never | if wished |
//! | a 408 or 429 | ignored, unless the classifier says otherwise | yes | no |
//! | a good head whose body breaks | a failure | no: the caller has the head | no |
//!
//! "Tried again" is subject to [`Retry`]: attempts, time, budget, and a request that may be
//! repeated and can be copied. "If wished" is [`Stack::fallback_on`].
//!
//! # One signal
//!
//! The circuit stops every retry at once. Before each one its state is looked at; while a call
//! waits for its next attempt it listens to the circuit's events, and when the circuit opens (by a
//! verdict, a hold, or a main breaker that tells on the same bus) it goes to the breaker and takes
//! the rejection outwards. So an open circuit has no callers asleep behind it, and no storm when it
//! closes.
//!
//! # Bodies
//!
//! Bodies stream. Time-outs end at the head; the breaker follows the body as
//! [`BreakerLayer`](crate::BreakerLayer) does, and the place in the limit is held until the body
//! ends or is dropped. The body of an answer that is not passed on is dropped before the wait.
//!
//! # Cancel safety and panics
//!
//! A call may be dropped at any point and gives everything back: the place in the limit, the permit
//! (ignored, or a failure after `abandoned_after`), the subscription. What was paid from the retry
//! budget stays paid. A panic in the service is a failure, as without the stack, and goes on
//! unwinding through the caller.
//!
//! # Cost
//!
//! One boxed future and two clones of the service for each call; the breaker alone
//! ([`BreakerLayer`](crate::BreakerLayer)) needs neither. A tokio runtime with its time driver on
//! is needed where a time-out or a retry is set; its absence is a panic of tokio's.

mod body;
mod builder;
mod error;
mod fallback;
mod instead;
mod plan;
mod repeat;
mod retry;
mod service;
mod signal;
mod timed;
mod tried;

pub use body::StackBody;
pub use builder::Stack;
pub use error::{StackError, TimedOut};
pub use fallback::{
    Answering, Fallback, FallbackFn, FallbackOn, FallbackService, FixedResponse, Instead,
    NoFallback, Trouble, fallback_fn,
};
pub use repeat::{Bodiless, Idempotent, Never, Repeat, RepeatFn};
pub use retry::Retry;
pub use service::Stacked;

/// In the extensions of every response that a fallback gave, beside the header
/// `Fusebox-Fallback: true`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FellBack {
    /// The kind of fallback ([`Fallback::kind`]).
    pub kind: &'static str,
}
