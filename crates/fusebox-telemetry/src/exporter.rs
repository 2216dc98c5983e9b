//! The seam for formats: what turns circuits into the text of one scrape.

use std::fmt::Debug;
use std::time::SystemTime;

use fusebox::Source;

use crate::Facts;

/// A format of metrics: one value, made once, that writes any number of scrapes.
///
/// [`Classic`](crate::Classic) and [`OpenMetrics`](crate::OpenMetrics) are the two that this crate
/// brings. Another one is a type with two methods; here one that writes a JSON object a line:
///
/// ```
/// use fusebox::{CircuitBreaker, Source};
/// use fusebox_telemetry::{Exporter, Facts};
/// use std::time::SystemTime;
///
/// #[derive(Debug)]
/// struct JsonLines;
///
/// impl Exporter for JsonLines {
///     fn content_type(&self) -> &'static str {
///         "application/jsonl"
///     }
///
///     fn export_with(&self, source: &dyn Source, _: &dyn Facts, _: SystemTime) -> String {
///         let mut text = String::new();
///         source.read(&mut |reading| {
///             let circuit = reading.snapshot;
///             // A circuit's name holds nothing that JSON would escape.
///             let (name, state) = (&circuit.name, circuit.state.as_str());
///             text += &format!("{{\"circuit\":\"{name}\",\"state\":\"{state}\"}}\n");
///         });
///         text
///     }
/// }
///
/// let breaker = CircuitBreaker::builder("rag").build()?;
/// let text = JsonLines.export(&breaker, SystemTime::now());
/// assert_eq!(text, "{\"circuit\":\"rag\",\"state\":\"closed\"}\n");
/// # Ok::<(), fusebox::SettingsError>(())
/// ```
///
/// # What an implementation keeps to
///
/// It reads the source once and counts nothing, so that two scrapes do not disturb each other. It
/// writes no key of a branch, no URL and no text of an error, which would make a series of each.
pub trait Exporter: Debug + Send + Sync {
    /// The value of the `Content-Type` header that goes with the text.
    fn content_type(&self) -> &'static str;

    /// The text of one scrape: the circuits of `source`, and what the host tells of itself.
    ///
    /// `wall` is the wall-clock time of the scrape: instants such as the next trial are placed
    /// relative to it.
    fn export_with(&self, source: &dyn Source, facts: &dyn Facts, wall: SystemTime) -> String;

    /// The same of circuits alone.
    fn export(&self, source: &dyn Source, wall: SystemTime) -> String {
        self.export_with(source, &(), wall)
    }
}
