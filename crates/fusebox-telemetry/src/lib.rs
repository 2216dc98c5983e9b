//! Prometheus metrics of Fusebox circuit breakers, read when they are scraped.
//!
//! The crate counts nothing of its own: an [`Exporter`] reads the breakers through
//! [`fusebox::Source`] at scrape time, so that a protected call pays nothing for being measured. It
//! takes one snapshot a circuit and keeps nothing between scrapes. It is no HTTP server; hand the
//! text to whatever serves `/metrics`.
//!
//! ```
//! use fusebox::CircuitBreaker;
//! use fusebox_telemetry::accepted;
//! use std::time::SystemTime;
//!
//! let breaker = CircuitBreaker::builder("rag").consecutive_failures(5).build()?;
//! breaker.acquire()?.success();
//!
//! let exporter = accepted("text/plain; version=0.0.4");
//! let text = exporter.export(&breaker, SystemTime::now());
//! assert!(text.contains("circuit_breaker_calls_total{"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Two formats come with it, [`OpenMetrics`] and [`Classic`], and [`accepted`] chooses between them
//! by the `Accept` header. A third is a type that implements [`Exporter`]; there stands an example.
//!
//! What a host counts of itself (requests of its admin interface, its store, its last reload) it
//! tells as [`Facts`] to [`Exporter::export_with`]; there stands an example, too.
//!
//! # Names and labels
//!
//! Circuits: `circuit_breaker_*` with the labels `service_name` and `circuit_name`; the whole list
//! is one table in `src/table.rs`. [`Names::Enhanced`] gives another set of names. Hosts:
//! `fusebox_*`, one for each [`Fact`], and with the label `queue` one for each [`QueueFact`]. No label ever holds a key, a URL or the text of an error, so
//! the number of series is bounded by the number of circuits and queues. Two circuits of one service with one
//! name would make two series of one name, which spoils a scrape: the first that the source shows
//! is exported, the other is not.
//!
//! `call_duration_seconds` is a histogram with fixed buckets ([`fusebox::Durations`]). Native
//! histograms exist in Prometheus' protobuf format only, which is not served; exemplars would need
//! a trace id, which a breaker does not know.
//!
//! # `OpenTelemetry`
//!
//! The feature `opentelemetry` (off by default) adds the module `otel`: the same metrics for a
//! meter provider, which pushes them by OTLP or otherwise, and a span for every transition. Its
//! weight is that of the API crate, `opentelemetry`; the SDK and an exporter are the user's choice.

mod accept;
mod classic;
mod exporter;
mod facts;
mod family;
#[cfg(test)]
mod histogram_tests;
mod names;
mod open_metrics;
#[cfg(feature = "opentelemetry")]
pub mod otel;
mod queue_facts;
mod scrape;
mod table;

pub use accept::{accepted, accepted_as};
pub use classic::Classic;
pub use exporter::Exporter;
pub use facts::{Fact, Facts};
pub use names::{Names, UnknownNames};
pub use open_metrics::OpenMetrics;
pub use queue_facts::QueueFact;
