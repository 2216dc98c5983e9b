//! One stack around an HTTP service: time-outs inside the breaker, retries that stop when the
//! circuit opens, a limit whose refusals blame nobody, a fallback outermost.
//!
//! ```sh
//! cargo run -p fusebox-tower --features stack --example stack
//! ```
#![allow(clippy::print_stdout)] // an example shows what it does

use bytes::Bytes;
use fusebox::{CircuitBreaker, State};
use fusebox_tower::stack::{FellBack, FixedResponse, Retry, Stack};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use std::convert::Infallible;
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tower::{Layer, Service, ServiceExt, service_fn};

static REACHED: AtomicU32 = AtomicU32::new(0);

/// The service: it takes every request and answers none.
async fn hang(_: Request<Full<Bytes>>) -> Result<Response<Full<Bytes>>, Infallible> {
    REACHED.fetch_add(1, Ordering::Relaxed);
    std::future::pending().await
}

// The time of this runtime is paused: it jumps to the next time-out instead of waiting for it.
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), Box<dyn Error>> {
    let circuit = Arc::new(
        CircuitBreaker::builder("rag")
            .consecutive_failures(4)
            .build()?,
    );
    let sorry = Response::new(Bytes::from_static(b"not available at the moment"));
    let stack = Stack::new(Arc::clone(&circuit))
        .timeout(Duration::from_secs(1)) // for each attempt: a failure of the circuit
        .retry(Retry::default()) // 3 attempts, idempotent requests only, paid from a budget
        .concurrency_limit(100)
        .fallback(FixedResponse::new(sorry));
    let mut rag = stack.layer(service_fn(hang));

    for call in 1..=10 {
        let request = Request::get("/why").body(Full::<Bytes>::default())?;
        let answer = rag.ready().await?.call(request).await?;
        assert!(
            answer.extensions().get::<FellBack>().is_some(),
            "marked as what it is"
        );
        let text = answer
            .into_body()
            .collect()
            .await
            .map_err(|_| "the body")?
            .to_bytes();
        let (state, reached) = (circuit.state().as_str(), REACHED.load(Ordering::Relaxed));
        println!("call {call}: {state}, {reached} attempts so far, {text:?}");
    }

    // The service saw three attempts of the first call, and the one of the second that opened it.
    assert_eq!(circuit.state(), State::Open);
    assert_eq!(REACHED.load(Ordering::Relaxed), 4);
    Ok(())
}
