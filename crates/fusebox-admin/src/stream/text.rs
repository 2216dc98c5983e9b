//! The wire form of server-sent events.

use axum::body::Bytes;
use fusebox::{MainBreaker, Registry};
use serde::Serialize;

use super::filter::Filter;
use super::ring::Delta;
use crate::view::{Circuit, Main};

/// A comment that shows a proxy and the client that the connection lives.
pub(super) const PING: Bytes = Bytes::from_static(b":\n\n");

/// JSON without a line break. These types have nothing that cannot be written.
pub(super) fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// The main breaker as it is now.
pub(super) fn main(main: &MainBreaker) -> String {
    json(&Main::now(main))
}

/// A whole event.
pub(super) fn event(kind: &str, id: &str, data: &str) -> Bytes {
    Bytes::from(format!("id: {id}\nevent: {kind}\ndata: {data}\n\n"))
}

/// What of a delta the client follows; `None`: nothing.
pub(super) fn delta(delta: &Delta, filter: &Filter, id: &str) -> Option<Bytes> {
    let wanted = |name: &&str| filter.wants(name);
    let circuits = delta.circuits.iter().filter(|(name, _)| wanted(name));
    let circuits: Vec<&str> = circuits.map(|(_, json)| json.as_str()).collect();
    let removed: Vec<_> = delta.removed.iter().copied().filter(wanted).collect();
    if circuits.is_empty() && removed.is_empty() && !delta.main_turned {
        return None;
    }
    let data = format!(
        "{{\"main\":{},\"circuits\":[{}],\"removed\":{}}}",
        delta.main,
        circuits.join(","),
        json(&removed)
    );
    Some(event("delta", id, &data))
}

/// The beginning of a snapshot: its circuits follow, in pieces.
pub(super) fn snapshot_begins(registry: &Registry, id: &str) -> String {
    let main = main(registry.main());
    format!("id: {id}\nevent: snapshot\ndata: {{\"main\":{main},\"circuits\":[")
}

/// The end of a snapshot.
pub(super) const SNAPSHOT_ENDS: &str = "]}\n\n";

/// A circuit as it is now; `None`: it is gone.
pub(super) fn circuit(registry: &Registry, name: &str) -> Option<String> {
    let entry = registry.listed(name)?;
    Some(json(&Circuit::now(&entry)))
}
