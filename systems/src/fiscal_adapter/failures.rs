//! How often in a row the OFD failed, and when it did so last: for people.
//!
//! The breaker knows its failures in a row while it is closed; these go on counting while it is
//! open, and stay beside the time of the last one until a success or a reset.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use fusebox::{EventKind, Received, Subscription};

/// Terminals that are remembered apart: as many as the circuit has branches.
const TERMINALS_MAX: usize = 10_000;

/// Failures of one terminal, or of all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Failed {
    pub(super) in_a_row: u64,
    pub(super) last: Option<SystemTime>,
}

#[derive(Debug)]
pub(super) struct Failures {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    all: Failed,
    of: HashMap<String, Failed>,
    events: Subscription,
}

impl Failures {
    /// Nothing yet; forgets at every reset that these events tell of.
    pub(super) fn new(events: Subscription) -> Self {
        let state = Mutex::new(State {
            all: Failed::default(),
            of: HashMap::new(),
            events,
        });
        Self { state }
    }

    /// The OFD answered this terminal as it should.
    pub(super) fn succeeded(&self, pos_id: &str) {
        let mut state = self.lock();
        state.all.in_a_row = 0;
        if let Some(failed) = state.of.get_mut(pos_id) {
            failed.in_a_row = 0;
        }
    }

    /// The OFD failed.
    pub(super) fn failed(&self, pos_id: &str, now: SystemTime) {
        let mut state = self.lock();
        state.all.count(now);
        if state.of.len() < TERMINALS_MAX || state.of.contains_key(pos_id) {
            state.of.entry(pos_id.to_owned()).or_default().count(now);
        }
    }

    /// Those of a terminal; `None`: of all.
    pub(super) fn of(&self, pos_id: Option<&str>) -> Failed {
        let state = self.lock();
        match pos_id {
            Some(pos_id) => state.of.get(pos_id).copied().unwrap_or_default(),
            None => state.all,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(received) = state.events.try_next() {
            let Received::Event(event) = received else {
                continue;
            };
            if !matches!(event.kind, EventKind::Reset { .. }) {
                continue;
            }
            match event.branch {
                Some(pos_id) => drop(state.of.remove(&*pos_id)),
                None => state.all = Failed::default(),
            }
        }
        state
    }
}

impl Failed {
    fn count(&mut self, now: SystemTime) {
        self.in_a_row += 1;
        self.last = Some(now);
    }
}
