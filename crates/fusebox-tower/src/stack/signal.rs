//! The one signal that stops every retry: the circuit itself.

use crate::permit_source::PermitSource;
use fusebox::{CircuitBreaker, EventKind, Reason, Received, State, Subscription};
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use tokio::time::{Instant, sleep_until};

/// Sees a circuit open from the moment it is made.
pub(super) struct Signal<'a, P, R> {
    source: &'a P,
    request: &'a R,
    events: Subscription,
}

impl<'a, P: PermitSource<R>, R> Signal<'a, P, R> {
    /// Subscribes first, so that nothing happens between a look and the wait.
    pub(super) fn new(source: &'a P, request: &'a R) -> Self {
        Self {
            source,
            request,
            events: source.circuit().subscribe(),
        }
    }

    /// Whether the circuit is closed to this request for a time that no retry should wait for. A
    /// half-open circuit and a ramp are no such thing: they take a call now and then.
    pub(super) fn is_on(&self) -> bool {
        match self.source.rejecting(self.request) {
            Some(Reason::Open | Reason::ForcedOpen | Reason::Main) => true,
            Some(Reason::HalfOpen | Reason::Ramp) | None => false,
        }
    }

    /// Waits until then, or until the circuit opens.
    ///
    /// # Cancel safety
    /// May be dropped at any point.
    pub(super) async fn wait_until(mut self, then: Instant) {
        let mut sleep = pin!(sleep_until(then));
        poll_fn(|cx| {
            while let Poll::Ready(received) = self.events.poll_next(cx) {
                if concerns(&received, self.source.circuit()) && self.is_on() {
                    return Poll::Ready(());
                }
            }
            sleep.as_mut().poll(cx)
        })
        .await;
    }
}

/// Whether something happened that could close the way. The look itself takes the circuit's lock,
/// and many circuits may share one bus.
fn concerns(received: &Received, circuit: &CircuitBreaker) -> bool {
    match received {
        Received::Missed(_) => true,
        Received::Event(event) => match &event.kind {
            EventKind::Transition { to, .. } => {
                *to == State::Open && *event.circuit == *circuit.name()
            }
            EventKind::HoldSet(_) => *event.circuit == *circuit.name(),
            EventKind::MainOpened(_) => true,
            _ => false,
        },
    }
}
