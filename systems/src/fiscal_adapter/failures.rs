//! How often in a row the OFD failed, and when it did so last: for people, kept since the start.
//!
//! The breaker counts its failures in a row while it is closed; these go on while it is open.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use fusebox::{EventKind, Received, Subscription};

/// Terminals that are remembered apart: as many as the circuit has branches.
const TERMINALS_MAX: usize = 10_000;
/// The entry of all terminals together; no terminal is called so.
pub(super) const ALL: &str = "";

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Failed {
    pub(super) in_a_row: u64,
    pub(super) last: Option<SystemTime>,
}

/// By terminals. A reset, whoever made it, clears what belongs to its circuit.
#[derive(Debug)]
pub(super) struct Failures(Mutex<(HashMap<String, Failed>, Subscription)>);

impl Failures {
    pub(super) fn new(events: Subscription) -> Self {
        Self(Mutex::new((HashMap::new(), events)))
    }

    pub(super) fn succeeded(&self, pos_id: &str) {
        let mut state = self.lock();
        for name in [ALL, pos_id] {
            state
                .0
                .entry(name.to_owned())
                .and_modify(|failed| failed.in_a_row = 0);
        }
    }

    pub(super) fn failed(&self, pos_id: &str) {
        let mut state = self.lock();
        for name in [ALL, pos_id] {
            if state.0.len() <= TERMINALS_MAX || state.0.contains_key(name) {
                let failed = state.0.entry(name.to_owned()).or_default();
                failed.in_a_row += 1;
                failed.last = Some(SystemTime::now());
            }
        }
    }

    pub(super) fn of(&self, name: &str) -> Failed {
        self.lock().0.get(name).copied().unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, (HashMap<String, Failed>, Subscription)> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(received) = state.1.try_next() {
            if let Received::Event(event) = received
                && matches!(event.kind, EventKind::Reset { .. })
            {
                state.0.remove(event.branch.as_deref().unwrap_or(ALL));
            }
        }
        state
    }
}
