//! What the attributes cost beside the same call written by hand: nothing that can be measured.
//!
//! `cargo bench -p fusebox --bench macros`. Compare medians within one run only.

// A bench that cannot be set up has nothing to say; its functions are its documentation.
#![allow(missing_docs, clippy::unwrap_used)]

use divan::{Bencher, black_box};
use fusebox::{CircuitBreaker, EveryError, Rejection};
use std::pin::pin;
use std::sync::LazyLock;
use std::task::{Context, Poll, Waker};

const SAMPLE: u32 = 10_000;

fn main() {
    divan::main();
}

static BREAKER: LazyLock<CircuitBreaker> =
    LazyLock::new(|| CircuitBreaker::builder("bench").build().unwrap());

fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("nothing here waits"),
    }
}

#[fusebox::breaker(BREAKER)]
fn by_attribute(number: u32) -> Result<u32, Rejection> {
    Ok(black_box(number))
}

fn by_hand(number: u32) -> Result<u32, Rejection> {
    let permit = BREAKER.acquire()?;
    let result = Ok(black_box(number));
    permit.settle_result(&EveryError, &result);
    result
}

#[fusebox::breaker("bench-named")]
fn by_name(number: u32) -> Result<u32, Rejection> {
    Ok(black_box(number))
}

#[fusebox::breaker(BREAKER)]
async fn by_attribute_async(number: u32) -> Result<u32, Rejection> {
    Ok(black_box(number))
}

async fn by_hand_async(number: u32) -> Result<u32, Rejection> {
    let permit = BREAKER.acquire()?;
    let result = Ok(black_box(number));
    permit.settle_result(&EveryError, &result);
    result
}

#[fusebox::protect]
trait Doubler {
    fn double(&self, number: u32) -> Result<u32, Rejection>;
}

struct InProcess;

impl Doubler for InProcess {
    fn double(&self, number: u32) -> Result<u32, Rejection> {
        Ok(black_box(number).wrapping_mul(2))
    }
}

#[divan::bench(sample_size = SAMPLE)]
fn sync_hand_written_permit(bencher: Bencher<'_, '_>) {
    bencher.bench(|| by_hand(black_box(1)).is_ok());
}

#[divan::bench(sample_size = SAMPLE)]
fn sync_attribute(bencher: Bencher<'_, '_>) {
    bencher.bench(|| by_attribute(black_box(1)).is_ok());
}

#[divan::bench(sample_size = SAMPLE)]
fn sync_attribute_with_a_name(bencher: Bencher<'_, '_>) {
    bencher.bench(|| by_name(black_box(1)).is_ok());
}

#[divan::bench(sample_size = SAMPLE)]
fn async_hand_written_permit(bencher: Bencher<'_, '_>) {
    bencher.bench(|| now(by_hand_async(black_box(1))).is_ok());
}

#[divan::bench(sample_size = SAMPLE)]
fn async_attribute(bencher: Bencher<'_, '_>) {
    bencher.bench(|| now(by_attribute_async(black_box(1))).is_ok());
}

#[divan::bench(sample_size = SAMPLE)]
fn protected_trait_method(bencher: Bencher<'_, '_>) {
    let client = ProtectedDoubler::new(InProcess, &*BREAKER);
    bencher.bench(|| client.double(black_box(1)).is_ok());
}
