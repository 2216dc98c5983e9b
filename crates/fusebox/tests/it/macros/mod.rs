//! `#[fusebox::breaker]` and `#[fusebox::protect]`.

mod fallbacks;
mod functions;
mod futures;
mod hygiene;
mod keys;
mod lifetimes;
mod methods;
mod names;
mod nested;
mod protect;
mod protect_async;
mod protect_handles;
mod protect_members;
mod protect_options;
mod refused;
mod renamed;

use fusebox::{CircuitBreaker, Rejection, State};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

/// An error as a user writes it.
#[derive(Debug, PartialEq)]
enum Error {
    Rejected(Rejection),
    Down,
    NotANumber,
}

impl From<Rejection> for Error {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

impl From<std::num::ParseIntError> for Error {
    fn from(_: std::num::ParseIntError) -> Self {
        Self::NotANumber
    }
}

/// Polls once: enough for futures that are ready, or that never are.
fn poll<T>(future: Pin<&mut (impl Future<Output = T> + ?Sized)>) -> Poll<T> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// The value of a future that waits for nothing.
fn now<T>(future: impl Future<Output = T>) -> T {
    match poll(std::pin::pin!(future)) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the future waits"),
    }
}

fn assert_send<T: Send>(value: T) -> T {
    value
}

fn open(breaker: &CircuitBreaker) {
    breaker
        .transition(State::Open, &crate::stand::tester())
        .unwrap();
}

/// Successes and failures since the start.
fn told(breaker: &CircuitBreaker) -> (u64, u64) {
    let totals = breaker.snapshot().totals;
    (totals.success, totals.failure)
}
