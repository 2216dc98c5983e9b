//! `OpenTelemetry`: the same metrics for a meter provider, transitions for a tracer.
//!
//! Nothing is counted here either. [`observe`] registers instruments that read the circuits when
//! the provider collects, [`TransitionSpans`] reads the events of a registry or a breaker. Which
//! exporter sends them, where to and how often, is the provider's business.
//!
//! The names of instruments are those of the Prometheus metrics without the suffix `_total`, which
//! a conversion to Prometheus adds again. `OpenTelemetry` has no histogram that is read, only one
//! that is recorded to, call by call; so the buckets of `call_duration_seconds` are three counters:
//! `…_bucket` with the attribute `le`, `…_count` and `…_sum`.
//!
//! # Traces
//!
//! A transition has no current span. It happens under a lock, or without any call (an open period
//! that ends), and is told elsewhere: to claim that it belongs to the span that happens to be
//! current where its event is read would be wrong. So each one is a span of its own, without
//! parent and without length, at the instant of the transition; it carries the event
//! `fusebox.transition` with the numbers that decided. What does belong to the span of a call is
//! what the call was told: [`call_attributes`] puts that on it.
//!
//! With tower and `tracing` there is nothing to do here for calls: put a layer that opens a span
//! around the breaker's, and the call, its fallback and its rejection are in it. `tracing` events
//! of transitions become span events in no span; use [`TransitionSpans`] beside it.

mod call;
mod metrics;
mod transitions;

pub use call::call_attributes;
pub use metrics::{Observed, observe};
pub use transitions::TransitionSpans;

/// The name of the instrumentation scope of everything here.
const SCOPE: &str = "fusebox";

// Attributes of spans and of their events.
const CIRCUIT: &str = "fusebox.circuit";
const STATE: &str = "fusebox.state";
const DECISION: &str = "fusebox.decision";

fn scope() -> opentelemetry::InstrumentationScope {
    opentelemetry::InstrumentationScope::builder(SCOPE)
        .with_version(env!("CARGO_PKG_VERSION"))
        .build()
}
