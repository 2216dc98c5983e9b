//! What a call through the layer costs, beside the bare service. A ready service, a good head, and
//! a body that is over with it.
//!
//! `cargo bench -p fusebox-tower --features stack`. Compare medians within one run only.

// A bench that cannot be set up has nothing to say; its functions are its documentation.
#![allow(missing_docs, clippy::unwrap_used)]

use bytes::Bytes;
use divan::{Bencher, black_box};
use fusebox::{Author, BranchSettings, CircuitBreaker, State};
use fusebox_tower::{BreakerLayer, ByKey};
use http::{Request, Response};
use http_body_util::Full;
use std::borrow::Cow;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Waker};
use tower::{Layer, Service};

fn main() {
    divan::main();
}

/// Answers at once.
#[derive(Clone)]
struct Good;

impl Service<Request<()>> for Good {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        ready(Ok(Response::new(Full::new(Bytes::new()))))
    }
}

fn circuit() -> &'static CircuitBreaker {
    static CIRCUIT: OnceLock<CircuitBreaker> = OnceLock::new();
    CIRCUIT.get_or_init(|| CircuitBreaker::builder("bench").build().unwrap())
}

/// Makes one call after the other to a service that is always ready.
fn calls<S: Service<Request<()>>>(bencher: Bencher<'_, '_>, mut service: S) {
    let mut cx = Context::from_waker(Waker::noop());
    bencher
        .with_inputs(|| Request::new(()))
        .bench_local_values(|request| {
            let call = pin!(service.call(black_box(request)));
            matches!(black_box(call.poll(&mut cx)), Poll::Ready(_))
        });
}

#[divan::bench(sample_size = 10_000)]
fn bare(bencher: Bencher<'_, '_>) {
    calls(bencher, Good);
}

/// What the breaker itself has of the figures below.
#[divan::bench(sample_size = 10_000)]
fn permit_alone(bencher: Bencher<'_, '_>) {
    let circuit = circuit();
    bencher.bench_local(|| black_box(circuit.acquire()).map(fusebox::PermitOf::success));
}

#[divan::bench(sample_size = 10_000)]
fn breaker_static(bencher: Bencher<'_, '_>) {
    calls(bencher, BreakerLayer::new(circuit()).layer(Good));
}

#[divan::bench(sample_size = 10_000)]
fn breaker_arc(bencher: Bencher<'_, '_>) {
    let circuit = Arc::new(CircuitBreaker::builder("arc").build().unwrap());
    calls(bencher, BreakerLayer::new(circuit).layer(Good));
}

#[divan::bench(sample_size = 10_000)]
fn breaker_static_rejects(bencher: Bencher<'_, '_>) {
    static OPEN: OnceLock<CircuitBreaker> = OnceLock::new();
    let open = OPEN.get_or_init(|| {
        let hour = std::time::Duration::from_secs(3600);
        let builder = CircuitBreaker::builder("open").open_for(hour);
        let open = builder.open_for_max(hour).build().unwrap();
        open.transition(State::Open, &Author::system()).unwrap();
        open
    });
    calls(bencher, BreakerLayer::new(open).layer(Good));
}

#[divan::bench(sample_size = 10_000)]
fn breaker_keyed(bencher: Bencher<'_, '_>) {
    static KEYED: OnceLock<CircuitBreaker> = OnceLock::new();
    let keyed = KEYED.get_or_init(|| {
        let builder = CircuitBreaker::builder("keyed").branches(BranchSettings::default());
        builder.build().unwrap()
    });
    let by_key = ByKey::new(keyed, |_: &Request<()>| Some(Cow::Borrowed("pos-1")));
    calls(bencher, BreakerLayer::new(by_key).layer(Good));
}

#[cfg(feature = "stack")]
mod stack {
    use super::{Bencher, Bytes, Good, calls, circuit};
    use fusebox_tower::stack::{FixedResponse, Retry, Stack};
    use http::Response;
    use std::time::Duration;
    use tower::Layer;

    #[divan::bench(sample_size = 1000)]
    fn stack_of_the_breaker_alone(bencher: Bencher<'_, '_>) {
        calls(bencher, Stack::new(circuit()).layer(Good));
    }

    #[divan::bench(sample_size = 1000)]
    fn stack_of_everything(bencher: Bencher<'_, '_>) {
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.enable_time().build().unwrap();
        let _inside = runtime.enter();
        let stack = Stack::new(circuit())
            .timeout(Duration::from_secs(2))
            .total_timeout(Duration::from_secs(5))
            .retry(Retry::default())
            .concurrency_limit(64)
            .fallback(FixedResponse::new(Response::new(Bytes::new())));
        calls(bencher, stack.layer(Good));
    }
}
