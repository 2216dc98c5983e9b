//! Transitions as spans.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use fusebox::{
    Cause, Clock, Event, EventKind, Evidence, Received, State, Subscription, SystemClock,
};
use opentelemetry::trace::{Span, SpanBuilder, Tracer, TracerProvider};
use opentelemetry::{Context, KeyValue};

use super::{CIRCUIT, DECISION, STATE};

const TRANSITION: &str = "fusebox.transition";
const MISSED: &str = "fusebox.missed";

/// Makes a span of every transition that a subscription tells.
///
/// The span is named `fusebox.transition`, has no parent, and begins and ends at the instant of
/// the transition. Its attributes: `fusebox.circuit`; `fusebox.state`, the state that began;
/// `fusebox.decision`, the cause as a word; `fusebox.branch`, true where it happened to a branch,
/// whose key is not told. It has one event of the same name with these attributes and the numbers
/// that decided, as `fusebox.evidence.*`.
///
/// Where the subscription has missed events, a span `fusebox.missed` says how many.
///
/// ```
/// use fusebox::{Author, CircuitBreaker, State};
/// use fusebox_telemetry::otel::TransitionSpans;
/// use opentelemetry_sdk::trace::SdkTracerProvider;
///
/// let breaker = CircuitBreaker::builder("rag").build()?;
/// let provider = SdkTracerProvider::builder().build(); // With a processor that sends.
/// let mut spans = TransitionSpans::new(&provider, breaker.subscribe());
/// breaker.transition(State::Open, &Author::new("jane")).expect("not observed");
/// assert_eq!(spans.drain(), 1); // Or a task with `spans.run().await`.
/// # Ok::<(), fusebox::SettingsError>(())
/// ```
#[derive(Debug)]
pub struct TransitionSpans<T> {
    tracer: T,
    events: Subscription,
    clock: Arc<dyn Clock>,
}

impl<T: Tracer> TransitionSpans<T> {
    /// Spans of this provider for these events, from now on.
    pub fn new(provider: &impl TracerProvider<Tracer = T>, events: Subscription) -> Self {
        Self {
            tracer: provider.tracer_with_scope(super::scope()),
            events,
            clock: Arc::new(SystemClock),
        }
    }

    /// The clock of the circuits, where it is another than the system's.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Makes spans of what has happened since the last time, without waiting. Returns how many.
    pub fn drain(&mut self) -> usize {
        let mut spans = 0;
        while let Some(received) = self.events.try_next() {
            spans += usize::from(self.tell(&received));
        }
        spans
    }

    /// The same as things happen, for ever, on any runtime.
    ///
    /// # Cancel safety
    /// Dropped, it has told what it had received; what happens later waits for the next call.
    pub async fn run(&mut self) -> Infallible {
        loop {
            let received = self.events.next().await;
            self.tell(&received);
        }
    }

    /// Whether there was anything to tell.
    fn tell(&self, received: &Received) -> bool {
        match received {
            Received::Missed(missed) => {
                // A number of events: it stays below 2^63.
                let missed = i64::try_from(*missed).unwrap_or(i64::MAX);
                let attributes = vec![KeyValue::new(MISSED, missed)];
                self.span(MISSED, SystemTime::now(), attributes).end();
            }
            Received::Event(event) => match &event.kind {
                EventKind::Transition {
                    to,
                    cause,
                    evidence,
                    ..
                } => self.tell_transition(event, (*to, *cause), evidence),
                _ => return false,
            },
        }
        true
    }

    fn tell_transition(&self, event: &Event, (to, cause): (State, Cause), evidence: &Evidence) {
        let age = self.clock.now().saturating_since(event.at);
        let at = wall_before(SystemTime::now(), age);
        let mut attributes = vec![
            KeyValue::new(CIRCUIT, event.circuit.to_string()),
            KeyValue::new(STATE, to.as_str()),
            KeyValue::new(DECISION, cause.as_str()),
        ];
        if event.branch.is_some() {
            attributes.push(KeyValue::new("fusebox.branch", true));
        }
        let mut span = self.span(TRANSITION, at, attributes.clone());
        attributes.extend(numbers(event, evidence));
        span.add_event_with_timestamp(TRANSITION, at, attributes);
        span.end_with_timestamp(at);
    }

    /// A root: what is current here has nothing to do with it.
    fn span(&self, name: &'static str, at: SystemTime, attributes: Vec<KeyValue>) -> T::Span {
        SpanBuilder::from_name(name)
            .with_start_time(at)
            .with_attributes(attributes)
            .start_with_context(&self.tracer, &Context::new())
    }
}

/// The numbers that decided; those that are zero say nothing. No author and no reason: they are
/// for the audit log.
fn numbers(event: &Event, evidence: &Evidence) -> Vec<KeyValue> {
    let counts = [
        ("fusebox.generation", u64::from(event.generation)),
        ("fusebox.evidence.calls", evidence.calls),
        ("fusebox.evidence.failures", evidence.failures),
        ("fusebox.evidence.slow", evidence.slow),
        (
            "fusebox.evidence.consecutive_failures",
            evidence.consecutive_failures.into(),
        ),
        (
            "fusebox.evidence.trial_successes",
            evidence.trial_successes.into(),
        ),
        (
            "fusebox.evidence.trial_failures",
            evidence.trial_failures.into(),
        ),
    ];
    let counts = counts.into_iter().filter(|(_, count)| *count > 0);
    let mut attributes: Vec<_> = counts
        .map(|(name, count)| KeyValue::new(name, i64::try_from(count).unwrap_or(i64::MAX)))
        .collect();
    if let Some(class) = evidence.class {
        attributes.push(KeyValue::new("fusebox.evidence.class", class.as_str()));
    }
    if let Some(open_for) = evidence.open_for {
        let seconds = open_for.as_secs_f64();
        attributes.push(KeyValue::new("fusebox.evidence.open_for", seconds));
    }
    attributes
}

fn wall_before(wall: SystemTime, age: Duration) -> SystemTime {
    wall.checked_sub(age).unwrap_or(SystemTime::UNIX_EPOCH)
}
