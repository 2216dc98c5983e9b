//! What a call was told, for the span that the call is in.

use fusebox::{CircuitBreaker, Rejection};
use opentelemetry::KeyValue;

use super::{CIRCUIT, DECISION, STATE};

/// Attributes for the span of a call, from what the breaker told it: `fusebox.circuit`,
/// `fusebox.state` and `fusebox.decision`, which is `admitted`, or `rejected` with the reason as
/// `fusebox.reason`.
///
/// ```
/// use fusebox::CircuitBreaker;
/// use fusebox_telemetry::otel::call_attributes;
/// use opentelemetry::Context;
/// use opentelemetry::trace::TraceContextExt;
///
/// let breaker = CircuitBreaker::builder("rag").build()?;
/// let told = breaker.acquire();
/// let attributes = call_attributes(&breaker, told.as_ref().err());
/// Context::current().span().set_attributes(attributes);
/// # Ok::<(), fusebox::SettingsError>(())
/// ```
///
/// It allocates, and asks the breaker for its state: for calls that have a span anyway.
pub fn call_attributes(circuit: &CircuitBreaker, told: Option<&Rejection>) -> Vec<KeyValue> {
    let decision = if told.is_some() {
        "rejected"
    } else {
        "admitted"
    };
    let mut attributes = vec![
        KeyValue::new(CIRCUIT, circuit.name().to_owned()),
        KeyValue::new(STATE, circuit.state().as_str()),
        KeyValue::new(DECISION, decision),
    ];
    if let Some(rejection) = told {
        attributes.push(KeyValue::new("fusebox.reason", rejection.reason().as_str()));
    }
    attributes
}
