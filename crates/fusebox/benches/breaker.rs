//! The first table of the goals: what a breaker costs, by one thread and by two on one breaker.
//!
//! `cargo bench -p fusebox`. Compare medians within one run only.

// A bench that cannot be set up has nothing to say; its functions are its documentation.
#![allow(missing_docs, clippy::unwrap_used)]

use divan::{Bencher, black_box};
use fusebox::{Author, CircuitBreaker, FailureClass, Outcome, Settlement, State};
use std::pin::pin;
use std::sync::OnceLock;
use std::task::{Context, Poll, Waker};

const THREADS: [usize; 2] = [1, 2];

fn main() {
    divan::main();
}

type Lazy = OnceLock<CircuitBreaker>;

fn defaults() -> &'static CircuitBreaker {
    static BREAKER: Lazy = OnceLock::new();
    BREAKER.get_or_init(|| CircuitBreaker::builder("defaults").build().unwrap())
}

/// The same with a recorder that looks at every call.
fn tapped() -> &'static CircuitBreaker {
    static BREAKER: Lazy = OnceLock::new();
    BREAKER.get_or_init(|| {
        let breaker = CircuitBreaker::builder("tapped").build().unwrap();
        drop(breaker.tap());
        breaker
    })
}

fn consecutive() -> &'static CircuitBreaker {
    static BREAKER: Lazy = OnceLock::new();
    BREAKER.get_or_init(|| {
        let builder = CircuitBreaker::builder("consecutive").consecutive_failures(5);
        builder.count_calls(false).build().unwrap()
    })
}

/// Fails all the time and never opens.
fn failing() -> &'static CircuitBreaker {
    static BREAKER: Lazy = OnceLock::new();
    BREAKER.get_or_init(|| {
        let builder = CircuitBreaker::builder("failing").failure_count(1_048_576);
        builder
            .window(fusebox::WindowSize::Time(std::time::Duration::from_secs(1)))
            .build()
            .unwrap()
    })
}

fn failing_consecutive() -> &'static CircuitBreaker {
    static BREAKER: Lazy = OnceLock::new();
    BREAKER.get_or_init(|| {
        CircuitBreaker::builder("run")
            .consecutive_failures(1_048_576)
            .build()
            .unwrap()
    })
}

fn open() -> &'static CircuitBreaker {
    static BREAKER: Lazy = OnceLock::new();
    BREAKER.get_or_init(|| {
        let hour = std::time::Duration::from_secs(3600);
        let breaker = CircuitBreaker::builder("open")
            .open_for(hour)
            .build()
            .unwrap();
        breaker.transition(State::Open, &Author::system()).unwrap();
        breaker
    })
}

#[divan::bench(threads = THREADS, sample_size = 10_000)]
fn success_with_a_recorder(bencher: Bencher<'_, '_>) {
    let breaker = tapped();
    bencher.bench(|| black_box(breaker.acquire()).unwrap().success());
}

#[divan::bench(threads = THREADS, sample_size = 10_000)]
fn success_with_its_duration(bencher: Bencher<'_, '_>) {
    let breaker = defaults();
    let settlement = Settlement::new(Outcome::Success).took(std::time::Duration::from_millis(3));
    bencher.bench(|| black_box(breaker.acquire()).unwrap().settle(settlement));
}

#[divan::bench(threads = THREADS, sample_size = 10_000)]
fn admit_and_success_closed_defaults(bencher: Bencher<'_, '_>) {
    let breaker = defaults();
    bencher.bench(|| black_box(breaker.acquire().unwrap()).success());
}

#[divan::bench(threads = THREADS, sample_size = 10_000)]
fn admit_and_success_closed_consecutive_uncounted(bencher: Bencher<'_, '_>) {
    let breaker = consecutive();
    bencher.bench(|| black_box(breaker.acquire().unwrap()).success());
}

#[divan::bench(threads = THREADS, sample_size = 10_000)]
fn admit_and_failure_closed_time_window(bencher: Bencher<'_, '_>) {
    let breaker = failing();
    bencher.bench(|| match breaker.acquire() {
        Ok(permit) => drop(black_box(permit.failure(FailureClass::Other))),
        // A million failures within a second did open it: begin again.
        Err(_) => breaker.reset(&Author::system()),
    });
}

#[divan::bench(threads = THREADS, sample_size = 10_000)]
fn admit_and_failure_closed_consecutive(bencher: Bencher<'_, '_>) {
    let breaker = failing_consecutive();
    bencher.bench(|| match breaker.acquire() {
        Ok(permit) => drop(black_box(permit.failure(FailureClass::Other))),
        Err(_) => breaker.reset(&Author::system()),
    });
}

#[divan::bench(threads = THREADS, sample_size = 10_000)]
fn rejection_open(bencher: Bencher<'_, '_>) {
    let breaker = open();
    bencher.bench(|| black_box(breaker.acquire()).is_err());
}

#[divan::bench(threads = THREADS, sample_size = 10_000)]
fn call_around_a_no_op(bencher: Bencher<'_, '_>) {
    let breaker = defaults();
    bencher.bench(|| breaker.call(|| Ok::<_, ()>(black_box(1))));
}

#[divan::bench(threads = THREADS, sample_size = 10_000)]
fn async_call_of_a_ready_future(bencher: Bencher<'_, '_>) {
    let breaker = defaults();
    bencher.bench(|| {
        let call = pin!(breaker.call_async(std::future::ready(Ok::<_, ()>(black_box(1)))));
        match call.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(result) => result.is_ok(),
            Poll::Pending => false,
        }
    });
}

#[divan::bench(threads = THREADS, sample_size = 10_000)]
fn floor_an_empty_closure(bencher: Bencher<'_, '_>) {
    bencher.bench(|| black_box(1));
}
