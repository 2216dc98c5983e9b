//! One reader of the stream.

use std::time::Duration;

use axum::body::Bytes;
use fusebox::Registry;
use tokio::time::{Instant, timeout_at};

use super::feed::Seat;
use super::filter::Filter;
use super::ring::{Entry, Found};
use super::text;

/// Proxies close what is silent for a minute.
const PING_AFTER: Duration = Duration::from_secs(15);
/// Then the client comes again, with its token, and goes on where it was.
const LASTS: Duration = Duration::from_secs(600);
/// Circuits of a snapshot that are written at once.
const PIECE: usize = 32;

/// A position in the ring, or in a snapshot.
pub(super) struct Client {
    seat: Seat,
    registry: Registry,
    filter: Filter,
    /// The number of the next entry to be read.
    position: u64,
    snapshot: Option<Snapshot>,
    ping_at: Instant,
    ends_at: Instant,
}

/// A snapshot under way: the circuits that are still to be told. Each is read when its turn has
/// come; a change since is in the ring.
struct Snapshot {
    names: std::vec::IntoIter<&'static str>,
    has_begun: bool,
    /// What stands before the next circuit.
    separator: &'static str,
}

impl Client {
    /// Goes on after `last`, the id that was seen last, if that can be; else from a snapshot.
    pub(super) fn new(seat: Seat, registry: Registry, filter: Filter, last: Option<&str>) -> Self {
        let now = Instant::now();
        let resumed = last.and_then(|id| seat.number(id));
        Self {
            // A number that is gone leads to a snapshot when it is read.
            position: resumed.unwrap_or(u64::MAX),
            snapshot: None,
            ping_at: now + PING_AFTER,
            ends_at: now + LASTS,
            seat,
            registry,
            filter,
        }
    }

    /// The next piece of text; `None`: the stream is over.
    pub(super) async fn next(mut self) -> Option<(Self, Bytes)> {
        let text = self.text().await?;
        self.ping_at = Instant::now() + PING_AFTER;
        Some((self, text))
    }

    async fn text(&mut self) -> Option<Bytes> {
        loop {
            if self.snapshot.is_some() {
                return Some(self.piece());
            }
            let entry = match self.seat.at(self.position) {
                Found::Entry(entry) => entry,
                Found::Gone => {
                    self.begin_snapshot();
                    continue;
                }
                Found::Nothing => {
                    let until = self.ping_at.min(self.ends_at);
                    match timeout_at(until, self.seat.more()).await {
                        Ok(true) => continue,
                        Ok(false) => return None,
                        Err(_) if Instant::now() >= self.ends_at => return None,
                        Err(_) => return Some(text::PING),
                    }
                }
            };
            self.position += 1;
            if let Some(text) = self.written(&entry) {
                return Some(text);
            }
        }
    }

    fn written(&self, entry: &Entry) -> Option<Bytes> {
        let id = self.seat.id(self.position);
        match entry {
            Entry::Delta(delta) => text::delta(delta, &self.filter, &id),
            Entry::Event { circuit, json } => {
                let wanted = self.filter.wants(circuit);
                wanted.then(|| text::event("event", &id, json))
            }
        }
    }

    fn begin_snapshot(&mut self) {
        // Taken before the first circuit is read: what changes meanwhile is told again.
        self.position = self.seat.head();
        let mut names = self.registry.names();
        names.retain(|name| self.filter.wants(name));
        self.snapshot = Some(Snapshot {
            names: names.into_iter(),
            has_begun: false,
            separator: "",
        });
    }

    fn piece(&mut self) -> Bytes {
        let Some(snapshot) = &mut self.snapshot else {
            return Bytes::new();
        };
        let mut piece = String::new();
        if !std::mem::replace(&mut snapshot.has_begun, true) {
            piece = text::snapshot_begins(&self.registry, &self.seat.id(self.position));
        }
        for name in snapshot.names.by_ref().take(PIECE) {
            if let Some(circuit) = text::circuit(&self.registry, name) {
                piece.push_str(std::mem::replace(&mut snapshot.separator, ","));
                piece.push_str(&circuit);
            }
        }
        if snapshot.names.len() == 0 {
            piece.push_str(text::SNAPSHOT_ENDS);
            self.snapshot = None;
        }
        Bytes::from(piece)
    }
}
