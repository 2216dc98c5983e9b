//! The seam for formats: what turns circuits into the text of one scrape.

use std::fmt::Debug;
use std::time::SystemTime;

use fusebox::Source;

/// A format of metrics: one value, made once, that writes any number of scrapes.
///
/// [`Classic`](crate::Classic) and [`OpenMetrics`](crate::OpenMetrics) are the two that this crate
/// brings. Another one is a type with these two methods; here one that writes a JSON object a line:
///
/// ```
/// use fusebox::{CircuitBreaker, Source};
/// use fusebox_telemetry::Exporter;
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
///     fn export(&self, source: &dyn Source, _wall: SystemTime) -> String {
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

    /// The text of one scrape of `source`.
    ///
    /// `wall` is the wall-clock time of the scrape: instants such as the next trial are placed
    /// relative to it.
    fn export(&self, source: &dyn Source, wall: SystemTime) -> String;
}
