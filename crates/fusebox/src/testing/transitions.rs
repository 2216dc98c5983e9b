//! The transitions of a breaker, and the assertion on them.

use crate::breaker::CircuitBreaker;
use crate::clock::Tick;
use crate::event::{Cause, Event, EventKind, Evidence, Received, Subscription};
use crate::settings::duration;
use crate::word::State;
use std::fmt::Write;

/// Records the transitions of one breaker from the moment it watches.
///
/// ```
/// use fusebox::testing::Transitions;
/// use fusebox::{CircuitBreaker, State::{Closed, Open}};
/// let breaker = CircuitBreaker::builder("rag").consecutive_failures(1).build()?;
/// let mut transitions = Transitions::watch(&breaker);
/// let _ = breaker.call(|| Err::<(), _>("down"));
/// transitions.assert([(Closed, Open)]);
/// transitions.assert_none();
/// # Ok::<(), fusebox::SettingsError>(())
/// ```
#[derive(Debug)]
#[must_use = "transitions are watched to be asserted"]
pub struct Transitions<'a> {
    breaker: &'a CircuitBreaker,
    subscription: Subscription,
    since: Tick,
}

/// A transition that was seen.
struct Seen {
    from: State,
    to: State,
    cause: Cause,
    evidence: Evidence,
    at: Tick,
}

impl<'a> Transitions<'a> {
    /// Watches from now on. What is due by now belongs to the time before.
    pub fn watch(breaker: &'a CircuitBreaker) -> Self {
        // Reading the state does what is due.
        let _ = breaker.state();
        Self {
            subscription: breaker.subscribe(),
            since: breaker.clock().now(),
            breaker,
        }
    }

    /// Asserts that exactly these transitions were made, in this order, since it began to watch
    /// or since the last assertion. What is due by now counts, without a call.
    ///
    /// # Panics
    /// Others were made, or more happened than the breaker's bus keeps for a reader (256 events,
    /// unless it was given another).
    #[track_caller]
    pub fn assert(&mut self, expected: impl AsRef<[(State, State)]>) {
        let (expected, seen) = (expected.as_ref(), self.take());
        let same = |(seen, expected): (&Seen, &(State, State))| (seen.from, seen.to) == *expected;
        if expected.len() == seen.len() && seen.iter().zip(expected).all(same) {
            return;
        }
        let message = self.message(expected, &seen);
        panic!("{message}");
    }

    /// Asserts that the state did not change since it began to watch or since the last
    /// assertion.
    ///
    /// # Panics
    /// It did.
    #[track_caller]
    pub fn assert_none(&mut self) {
        self.assert([]);
    }

    #[track_caller]
    fn take(&mut self) -> Vec<Seen> {
        let _ = self.breaker.state();
        let mut seen = Vec::new();
        while let Some(received) = self.subscription.try_next() {
            match received {
                Received::Event(event) => seen.extend(self.of_this(event)),
                Received::Missed(missed) => panic!(
                    "events gone before they were read: {missed}; assert more often, or give \
                     the breaker an `EventBus` that keeps more"
                ),
            }
        }
        seen
    }

    /// Other circuits may share the bus, and branches have transitions of their own.
    fn of_this(&self, event: Event) -> Option<Seen> {
        let EventKind::Transition {
            from,
            to,
            cause,
            evidence,
        } = event.kind
        else {
            return None;
        };
        let seen = Seen {
            from,
            to,
            cause,
            evidence,
            at: event.at,
        };
        let own = event.branch.is_none() && *event.circuit == *self.breaker.name();
        own.then_some(seen)
    }

    fn message(&self, expected: &[(State, State)], seen: &[Seen]) -> String {
        let mut text = format!("{}: other transitions than expected", self.breaker.name());
        text.push_str("\nexpected:");
        for (from, to) in expected {
            let _ = write!(text, "\n  {} -> {}", from.as_str(), to.as_str());
        }
        text.push_str(if expected.is_empty() { " none" } else { "" });
        text.push_str("\nseen:");
        for (number, seen) in seen.iter().enumerate() {
            let right = expected.get(number) == Some(&(seen.from, seen.to));
            let mark = if right { ' ' } else { '>' };
            let (from, to) = (seen.from.as_str(), seen.to.as_str());
            let after = duration::format(seen.at.saturating_since(self.since));
            let why = seen.evidence.explain(seen.cause);
            let _ = write!(text, "\n{mark} {from} -> {to} after {after}: {why}");
        }
        text.push_str(if seen.is_empty() { " none" } else { "" });
        let _ = write!(text, "\nnow: {}", self.breaker.state().as_str());
        text
    }
}
