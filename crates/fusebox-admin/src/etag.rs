//! The entity tag of a circuit: it changes with what a person can set, not with the traffic.

use std::hash::{DefaultHasher, Hash, Hasher};

use axum::http::HeaderValue;
use fusebox::Listed;

/// The tag of the circuit's settings in force and its override, quoted, as in `ETag` and
/// `If-Match`.
pub(crate) fn of(entry: &Listed) -> String {
    let mut hasher = DefaultHasher::new();
    entry.circuit.settings().entries().hash(&mut hasher);
    if let Some(over) = entry.over.as_deref() {
        over.since.hash(&mut hasher);
        over.until.hash(&mut hasher);
        (over.author.as_str(), &over.reason).hash(&mut hasher);
        let entries = over.change.entries();
        entries.for_each(|(key, value)| (key, value.to_string()).hash(&mut hasher));
    }
    format!("\"{:016x}\"", hasher.finish())
}

/// The same as a header.
pub(crate) fn header(entry: &Listed) -> HeaderValue {
    // Hexadecimal digits between quotes: always a header.
    HeaderValue::try_from(of(entry)).unwrap_or(HeaderValue::from_static("\"\""))
}
