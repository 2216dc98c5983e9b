//! The recorder: the last hour of every circuit, from which the replay file of each trip is made
//! and every dry run is answered.
//!
//! The background thread feeds it; nothing of it is on a call's way but the tap of the core. What
//! it missed (a burst that overran the tap, a tick that came late) it counts and tells.

mod export;
mod taped;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fusebox::{
    CircuitBreaker, Event, EventKind, MainBreaker, Received, Registry, State, Subscription,
};
use fusebox_sim::tape::Recorded;

pub(crate) use export::Attach;
use export::Exports;
use taped::Taped;

/// Clones are the same recorder.
#[derive(Clone)]
pub(crate) struct Recorder(Arc<Mutex<Inner>>);

struct Inner {
    registry: Registry,
    events: Subscription,
    /// By the circuit's name.
    tapes: HashMap<&'static str, Taped>,
    /// Not every circuit has its tape yet.
    must_sort: bool,
    exports: Exports,
}

impl Recorder {
    /// Records from now on; `attach` is handed the replay file of every trip.
    pub(crate) fn new(registry: &Registry, attach: Attach) -> Self {
        let mut inner = Inner {
            registry: registry.clone(),
            events: registry.subscribe(),
            tapes: HashMap::new(),
            must_sort: true,
            exports: Exports::new(attach),
        };
        inner.sort();
        Self(Arc::new(Mutex::new(inner)))
    }

    /// Takes in what happened since the last time. To be called ten times a second.
    pub(crate) fn tick(&self) {
        self.lock().tick();
    }

    /// The last hour of a circuit, with what happened up to now; `None`: it is not recorded (yet).
    pub(crate) fn recorded(&self, circuit: &str) -> Option<Recorded> {
        let mut inner = self.lock();
        inner.tick();
        inner.tapes.get(circuit)?.recorded()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn tick(&mut self) {
        // Events first: the calls before an event are on the tap when it is told, and what is
        // drained too early belongs to a later generation.
        let events = self.receive();
        if self.must_sort {
            self.sort();
        }
        for taped in self.tapes.values_mut() {
            taped.drain();
        }
        for event in &events {
            self.note(event);
        }
        for taped in self.tapes.values_mut() {
            taped.forget();
        }
        self.exports.some();
    }

    fn receive(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(received) = self.events.try_next() {
            match received {
                Received::Event(event) => {
                    let comes_or_goes = matches!(
                        event.kind,
                        EventKind::Added { .. } | EventKind::Removed { .. }
                    );
                    self.must_sort |= comes_or_goes;
                    if let EventKind::Removed { .. } = event.kind {
                        self.tapes.remove(&*event.circuit);
                    }
                    events.push(event);
                }
                // Nobody knows what the missing ones would have told: all begin anew.
                Received::Missed(number) => {
                    tracing::warn!(number, "the recorder missed events and begins anew");
                    self.tapes.clear();
                    self.must_sort = true;
                    events.clear();
                }
            }
        }
        events
    }

    /// A tape for every circuit that is there, and none for others.
    fn sort(&mut self) {
        self.must_sort = false;
        let circuits = self.registry.circuits();
        let main = self.registry.main();
        let mut old = std::mem::take(&mut self.tapes);
        self.tapes = circuits
            .into_iter()
            .map(|circuit| {
                let taped = old.remove(circuit.name());
                let taped = taped.unwrap_or_else(|| Taped::begin(circuit, main));
                (circuit.name(), taped)
            })
            .collect();
    }

    fn note(&mut self, event: &Event) {
        let concerns_all = matches!(
            event.kind,
            EventKind::MainOpened(_) | EventKind::MainClosed { .. }
        );
        if concerns_all {
            self.tapes.values_mut().for_each(|taped| taped.note(event));
            return;
        }
        let Some(taped) = self.tapes.get_mut(&*event.circuit) else {
            return;
        };
        if let EventKind::Restored { .. } = event.kind {
            let main = self.registry.main();
            *taped = Taped::begin(taped.circuit(), main);
            return;
        }
        // One that this tape has begun with is in it.
        if !taped.is_news(event) {
            return;
        }
        if is_trip(event) {
            self.exports.add(taped.trip(event));
        }
        taped.note(event);
    }
}

/// Whether a replay file is made of what led to it. A store keeps files by the generation that a
/// transition began: what would have opened under observe begins none.
fn is_trip(event: &Event) -> bool {
    let opens = matches!(
        event.kind,
        EventKind::Transition {
            to: State::Open,
            ..
        }
    );
    opens && event.branch.is_none()
}

/// What a tape needs to know of a circuit.
type Circuit = &'static CircuitBreaker;

/// The switch above all circuits.
type Main = Arc<MainBreaker>;
