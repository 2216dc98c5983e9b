//! Metrics and spans as an SDK gets them, and as OTLP brings them to a collector.

mod metrics;
mod otlp;
mod transitions;
