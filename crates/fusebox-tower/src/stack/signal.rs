//! The one signal that stops every retry: the circuit itself.

use fusebox::{CircuitBreaker, Event, EventKind, Reason, Received, State, Subscription};
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use tokio::time::{Instant, sleep_until};

/// Sees a circuit open, from the moment it is made.
pub(super) struct Signal<'a> {
    circuit: &'a CircuitBreaker,
    /// The branch's key; a key of its own, so that it outlives the request.
    branch: Option<String>,
    events: Subscription,
}

impl<'a> Signal<'a> {
    /// Subscribes before anybody looks, so that nothing is missed between a look and the wait.
    pub(super) fn new(circuit: &'a CircuitBreaker, branch: Option<String>) -> Self {
        Self {
            circuit,
            branch,
            events: circuit.subscribe(),
        }
    }

    /// Whether calls are rejected for a time that no retry should wait for. A half-open circuit and
    /// a ramp are no such thing: they take a call now and then.
    pub(super) fn is_on(&self) -> bool {
        rejects(self.circuit, self.branch.as_deref())
    }

    /// Waits until then, or until the circuit opens.
    pub(super) async fn wait_until(mut self, then: Instant) {
        let mut sleep = pin!(sleep_until(then));
        poll_fn(|cx| {
            while let Poll::Ready(received) = self.events.poll_next(cx) {
                let may_be_on = match received {
                    Received::Missed(_) => true,
                    Received::Event(event) => self.concerns(&event),
                };
                if may_be_on && self.is_on() {
                    return Poll::Ready(());
                }
            }
            sleep.as_mut().poll(cx)
        })
        .await;
    }

    /// Whether an event may have turned the signal on. To look takes the circuit's lock, and many
    /// circuits may share one bus.
    fn concerns(&self, event: &Event) -> bool {
        let branch = event.branch.as_deref();
        let own = *event.circuit == *self.circuit.name()
            && (branch.is_none() || branch == self.branch.as_deref());
        match &event.kind {
            EventKind::Transition { to, .. } => own && *to == State::Open,
            EventKind::HoldSet(_) => own,
            EventKind::MainOpened(_) => true,
            _ => false,
        }
    }
}

/// Whether the circuit or the branch rejects every call for a time.
pub(super) fn rejects(circuit: &CircuitBreaker, branch: Option<&str>) -> bool {
    let branch = branch.and_then(|key| circuit.branch(key));
    let reasons = [
        circuit.snapshot().rejecting,
        branch.and_then(|branch| branch.rejecting),
    ];
    reasons.into_iter().flatten().any(|reason| match reason {
        Reason::Open | Reason::ForcedOpen | Reason::Main => true,
        Reason::HalfOpen | Reason::Ramp => false,
    })
}
