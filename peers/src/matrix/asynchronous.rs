//! Any Rust breaker with an async call: a call in flight is a future that waits for its outcome.

use crate::clock;
use crate::peer::Peer;
use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, Waker};

/// The outcome of a call once it is known, as the protected function sees it. Atomic because tower
/// asks its futures to be `Send`.
#[derive(Clone, Default)]
pub(crate) struct Outcome(Arc<AtomicU8>);

const PENDING: u8 = 0;
const SUCCESS: u8 = 1;
const FAILURE: u8 = 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Failed {
    pub(crate) counts: bool,
}

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("failed")
    }
}

impl std::error::Error for Failed {}

impl Future for Outcome {
    type Output = Result<(), Failed>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        match self.0.load(Ordering::Relaxed) {
            PENDING => Poll::Pending,
            SUCCESS => Poll::Ready(Ok(())),
            known => Poll::Ready(Err(Failed {
                counts: known == FAILURE,
            })),
        }
    }
}

/// `false`: rejected.
pub(crate) type Call = Pin<Box<dyn Future<Output = bool>>>;

/// What an adapter has to say of its breaker.
pub(crate) trait Asynchronous {
    /// Asks for a call around this outcome.
    fn call(&self, outcome: Outcome) -> Call;
    fn state(&self) -> &'static str;
    fn hand(&self, what: &str) -> Result<(), String> {
        Err(format!("{what} by hand is not there"))
    }
}

pub(crate) struct Driven<B> {
    breaker: B,
    calls: HashMap<String, (Call, Outcome)>,
}

pub(crate) fn driven<B: Asynchronous + 'static>(breaker: B) -> Box<dyn Peer> {
    Box::new(Driven {
        breaker,
        calls: HashMap::new(),
    })
}

impl<B: Asynchronous> Peer for Driven<B> {
    fn begin(&mut self, name: &str) -> Result<bool, String> {
        let outcome = Outcome::default();
        let mut call = self.breaker.call(outcome.clone());
        match call.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(false) => Ok(false),
            Poll::Ready(true) => Err("a call ended before its outcome".to_owned()),
            Poll::Pending => {
                self.calls.insert(name.to_owned(), (call, outcome));
                Ok(true)
            }
        }
    }

    fn end(&mut self, name: &str, outcome: &str, _: u64) -> Result<(), String> {
        let (mut call, waits) = self.calls.remove(name).ok_or(format!("no call {name}"))?;
        let known = match outcome {
            "success" => SUCCESS,
            "failure" => FAILURE,
            _ => FAILURE + 1,
        };
        // Relaxed: one thread runs everything here.
        waits.0.store(known, Ordering::Relaxed);
        match call.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(true) => Ok(()),
            _ => Err(format!("call {name} did not end")),
        }
    }

    fn leave(&mut self, name: &str) -> Result<(), String> {
        self.calls
            .remove(name)
            .map(drop)
            .ok_or(format!("no call {name}"))
    }

    fn advance(&mut self, ns: u64) -> Result<(), String> {
        clock::advance(ns);
        Ok(())
    }

    fn hand(&mut self, what: &str) -> Result<(), String> {
        self.breaker.hand(what)
    }

    fn state(&mut self) -> Result<String, String> {
        Ok(self.breaker.state().to_owned())
    }
}
