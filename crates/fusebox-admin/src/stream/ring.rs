//! What was told lately: numbered entries, bounded in number and in bytes.

use std::collections::VecDeque;
use std::sync::Arc;

/// At one entry a second, more than an hour.
const ENTRIES_MAX: usize = 4096;
/// Some seconds of 1,000 circuits that all change, and far more of a usual box.
const BYTES_MAX: usize = 8 * 1024 * 1024;

/// Something told.
#[derive(Debug)]
pub(super) enum Entry {
    /// Circuits that changed.
    Delta(Delta),
    /// A row of the history.
    Event {
        /// Empty for the whole box.
        circuit: String,
        json: String,
    },
}

/// Circuits that changed, with the main breaker as it then was.
#[derive(Debug, Default)]
pub(super) struct Delta {
    pub(super) main: String,
    /// Whether that changed, which concerns everyone.
    pub(super) main_turned: bool,
    /// Name and JSON.
    pub(super) circuits: Vec<(&'static str, String)>,
    pub(super) removed: Vec<&'static str>,
}

/// The entries that are still there.
#[derive(Debug, Default)]
pub(super) struct Ring {
    entries: VecDeque<Arc<Entry>>,
    /// The number of the first entry in the ring.
    first: u64,
    bytes: usize,
}

/// What a position leads to.
#[derive(Debug)]
pub(super) enum Found {
    Entry(Arc<Entry>),
    /// Everything was read.
    Nothing,
    /// What stood there is gone.
    Gone,
}

impl Ring {
    /// The number of the next entry.
    pub(super) fn head(&self) -> u64 {
        self.first + self.entries.len() as u64
    }

    /// Adds an entry; the oldest make room.
    pub(super) fn push(&mut self, entry: Entry) {
        self.bytes += entry.bytes();
        self.entries.push_back(Arc::new(entry));
        while self.entries.len() > ENTRIES_MAX || self.bytes > BYTES_MAX {
            let Some(oldest) = self.entries.pop_front() else {
                break;
            };
            self.bytes -= oldest.bytes();
            self.first += 1;
        }
    }

    /// Forgets everything, and that nothing was missed since: whoever comes again with an old
    /// number starts anew.
    pub(super) fn forget(&mut self) {
        self.first = self.head() + 1;
        self.entries.clear();
        self.bytes = 0;
    }

    /// The entry of that number.
    pub(super) fn at(&self, number: u64) -> Found {
        if number < self.first || number > self.head() {
            return Found::Gone;
        }
        let index = usize::try_from(number - self.first).ok();
        match index.and_then(|index| self.entries.get(index)) {
            Some(entry) => Found::Entry(Arc::clone(entry)),
            None => Found::Nothing,
        }
    }
}

impl Entry {
    fn bytes(&self) -> usize {
        let text = match self {
            Self::Delta(delta) => {
                let circuits = delta.circuits.iter().map(|(_, json)| json.len() + 64);
                delta.main.len() + circuits.sum::<usize>() + delta.removed.len() * 16
            }
            Self::Event { circuit, json } => circuit.len() + json.len(),
        };
        text + 128
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(json: &str) -> Entry {
        Entry::Event {
            circuit: "rag".to_owned(),
            json: json.to_owned(),
        }
    }

    fn json(found: &Found) -> Option<&str> {
        match found {
            Found::Entry(entry) => match &**entry {
                Entry::Event { json, .. } => Some(json),
                Entry::Delta(_) => None,
            },
            Found::Nothing | Found::Gone => None,
        }
    }

    #[test]
    fn entries_are_found_by_number_until_the_ring_is_full() {
        let mut ring = Ring::default();
        assert!(matches!(ring.at(0), Found::Nothing));
        for number in 0..=ENTRIES_MAX {
            ring.push(event(&number.to_string()));
        }
        assert!(matches!(ring.at(0), Found::Gone));
        assert_eq!(json(&ring.at(1)), Some("1"));
        let head = ring.head();
        assert_eq!(json(&ring.at(head - 1)), Some("4096"));
        assert!(matches!(ring.at(head), Found::Nothing));
        assert!(matches!(ring.at(head + 1), Found::Gone), "never was");
    }

    #[test]
    fn bytes_are_bounded_too() {
        let mut ring = Ring::default();
        let long = "x".repeat(BYTES_MAX / 4);
        for _ in 0..10 {
            ring.push(event(&long));
            assert!(ring.bytes <= BYTES_MAX);
        }
        assert_eq!(ring.entries.len(), 3);
        assert_eq!(ring.head(), 10);
        // One that is too long for the ring is gone at once: who follows gets a snapshot.
        ring.push(event(&"x".repeat(BYTES_MAX)));
        assert_eq!((ring.entries.len(), ring.bytes, ring.head()), (0, 0, 11));
        assert!(matches!(ring.at(10), Found::Gone));
    }

    #[test]
    fn what_was_forgotten_is_gone_also_for_who_had_read_all() {
        let mut ring = Ring::default();
        ring.push(event("1"));
        let read_all = ring.head();
        ring.forget();
        assert!(matches!(ring.at(read_all), Found::Gone));
        assert!(matches!(ring.at(ring.head()), Found::Nothing));
    }
}
