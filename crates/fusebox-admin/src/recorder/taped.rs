//! One circuit with its tape.

use fusebox::{Event, Snapshot};
use fusebox::{EventKind, RecordedCall, TapReader, Tick};
use fusebox_sim::export::Trip;
use fusebox_sim::tape::{Checkpoint, Recorded, Tape};

use super::{Circuit, Main};

pub(super) struct Taped {
    circuit: Circuit,
    main: Main,
    tap: TapReader,
    tape: Tape,
    /// Events of this generation and older ones, up to this instant, are in the beginning.
    begun: (Tick, u32),
    /// Begun in this tick: its events were received before.
    is_new: bool,
    /// When rejections were last counted, and how many there were.
    rejected: (Tick, u64),
    /// Filled and emptied by each tick.
    calls: Vec<RecordedCall>,
}

impl Taped {
    /// From now on. A circuit that has recorded nothing yet is known from its beginning.
    pub(super) fn begin(circuit: Circuit, main: &Main) -> Self {
        let tap = circuit.tap();
        let snapshot = circuit.snapshot();
        let totals = snapshot.totals;
        let fresh = totals.success + totals.failure + totals.ignored == 0;
        let now = checkpoint(circuit, main, &snapshot);
        let at = now.at;
        let mut tape = Tape::new(now, snapshot.generation, snapshot.since, fresh);
        tape.set_keyed(circuit.branch_settings().is_some());
        Self {
            circuit,
            main: Main::clone(main),
            tap,
            tape,
            begun: (at, snapshot.generation),
            is_new: true,
            rejected: (at, totals.rejected_total()),
            calls: Vec::new(),
        }
    }

    pub(super) const fn circuit(&self) -> Circuit {
        self.circuit
    }

    /// Takes the calls since the last time, and counts the rejections.
    pub(super) fn drain(&mut self) {
        let missed = self.tap.drain(&mut self.calls);
        self.tape.missed(missed);
        self.calls.drain(..).for_each(|call| self.tape.call(&call));
        let snapshot = self.circuit.snapshot();
        let (since, before) = self.rejected;
        let rejected = snapshot.totals.rejected_total();
        let more = rejected.saturating_sub(before);
        self.tape.rejected(since, snapshot.taken_at, more);
        self.rejected = (snapshot.taken_at, rejected);
    }

    /// Whether the tape does not know of this event from its beginning.
    pub(super) fn is_news(&self, event: &Event) -> bool {
        let (at, generation) = self.begun;
        // Generations wrap: what is less than half of them ahead is later.
        let is_later = (1..u32::MAX / 2).contains(&event.generation.wrapping_sub(generation));
        let is_before = event.at < at || (self.is_new && event.at == at);
        is_later || !is_before
    }

    pub(super) fn note(&mut self, event: &Event) {
        if let EventKind::Replaced { .. } | EventKind::SettingsChanged { .. } = event.kind {
            self.tape
                .set_keyed(self.circuit.branch_settings().is_some());
        }
        self.tape.event(event, &self.circuit.settings());
    }

    /// What led to an event that is to be noted next.
    pub(super) fn trip(&self, event: &Event) -> Trip {
        let id = format!("{}-{}", event.circuit, event.generation);
        self.tape.trip(id, event)
    }

    /// Lets go of what is too old, and marks where the circuit is now and then.
    pub(super) fn forget(&mut self) {
        self.is_new = false;
        let now = self.rejected.0;
        self.tape.forget(now);
        if self.tape.wants_mark(now) {
            let snapshot = self.circuit.snapshot();
            self.tape
                .mark(checkpoint(self.circuit, &self.main, &snapshot));
        }
    }

    pub(super) fn recorded(&self) -> Option<Recorded> {
        self.tape.record(self.circuit.clock().now())
    }
}

fn checkpoint(circuit: Circuit, main: &Main, snapshot: &Snapshot) -> Checkpoint {
    Checkpoint {
        at: snapshot.taken_at,
        saved: circuit.save(),
        settings: snapshot.settings.clone(),
        main_open: main.is_open(),
    }
}
