//! Prometheus metrics of Fusebox circuit breakers, read when they are scraped.
//!
//! The crate counts nothing of its own: [`render`] reads the breakers through [`fusebox::Source`]
//! at scrape time, so that a protected call pays nothing for being measured. It is no HTTP server;
//! hand the text to whatever serves `/metrics`.
//!
//! ```
//! use fusebox::CircuitBreaker;
//! use fusebox_telemetry::{Format, render};
//!
//! let breaker = CircuitBreaker::builder("rag").consecutive_failures(5).build()?;
//! breaker.acquire()?.success();
//!
//! let format = Format::from_accept("text/plain; version=0.0.4");
//! let text = render(&breaker, format);
//! assert!(text.contains("circuit_breaker_calls_total{"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Names are `circuit_breaker_*` with the labels `service_name` and `circuit_name`; the whole list
//! is one table in `src/table.rs`. No label ever holds a key, a URL or the text of an error, so the
//! number of series is bounded by the number of circuits. Two circuits of one service with one
//! name would make two series of one name, which spoils a scrape: the first that the source shows
//! is exported, the other is not.

mod classic;
mod effective;
mod family;
mod format;
mod open_metrics;
mod scrape;
mod table;

pub use effective::effective_state;
pub use format::Format;

use std::time::SystemTime;

use fusebox::Source;

/// The text of one scrape of `source`.
///
/// Serve it with [`Format::content_type`]. Reading takes one snapshot a circuit and keeps nothing
/// between scrapes.
#[must_use]
pub fn render(source: &dyn Source, format: Format) -> String {
    render_at(source, format, SystemTime::now())
}

/// [`render`] with the wall-clock time given: instants such as the next trial are placed relative
/// to it.
#[must_use]
pub fn render_at(source: &dyn Source, format: Format, wall: SystemTime) -> String {
    let families = scrape::read(source, wall);
    match format {
        Format::OpenMetrics => open_metrics::write(families),
        Format::Classic => classic::write(&families),
    }
}
