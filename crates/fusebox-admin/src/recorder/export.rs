//! Trips on their way to being files. Writing one takes some milliseconds, and when everything
//! opens at once there are many: they wait for their turn, and the tick goes on.

use std::collections::VecDeque;

use fusebox::Event;
use fusebox_sim::export::Trip;

/// Takes a replay file of what led to an event.
pub(crate) type Attach = Box<dyn Fn(&Event, String) + Send>;

/// Files written in one tick.
const AT_ONCE: usize = 4;
/// Trips that wait: each holds 20,000 calls at most, which is less than 2 MB.
const WAITING_MAX: usize = 64;

pub(super) struct Exports {
    waiting: VecDeque<Trip>,
    attach: Attach,
}

impl Exports {
    pub(super) const fn new(attach: Attach) -> Self {
        Self {
            waiting: VecDeque::new(),
            attach,
        }
    }

    /// One more to be written, if there is room.
    pub(super) fn add(&mut self, trip: Trip) {
        if self.waiting.len() < WAITING_MAX {
            self.waiting.push_back(trip);
            return;
        }
        let circuit = &*trip.event.circuit;
        tracing::warn!(circuit, "too many circuits opened: this has no replay file");
    }

    /// Writes those that wait, some of them.
    pub(super) fn some(&mut self) {
        for trip in self.waiting.drain(..self.waiting.len().min(AT_ONCE)) {
            if let Some(exported) = trip.export() {
                (self.attach)(&trip.event, exported.text);
            }
        }
    }
}
