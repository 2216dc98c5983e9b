//! The trials of a half-open period (R8, R9, R10).

use crate::clock::Tick;
use crate::permit::TicketKind;

#[derive(Clone, Copy, Debug)]
struct Trial {
    number: u32,
    deadline: Tick,
}

#[derive(Debug, Default)]
pub(crate) struct Trials {
    in_flight: Vec<Trial>,
    next_number: u32,
    pub(crate) succeeded: u32,
    pub(crate) failed: u32,
}

impl Trials {
    /// Forgets this period. Numbers go on: a trial has that of another only 2^30 trials later.
    pub(crate) fn clear(&mut self) {
        self.in_flight.clear();
        self.succeeded = 0;
        self.failed = 0;
    }

    /// At most 64 (the setting's range).
    pub(crate) fn in_flight(&self) -> u32 {
        u32::try_from(self.in_flight.len()).unwrap_or(u32::MAX)
    }

    pub(crate) fn begin(&mut self, deadline: Tick) -> u32 {
        let number = self.next_number;
        self.next_number = number.wrapping_add(1) % TicketKind::TRIALS;
        self.in_flight.push(Trial { number, deadline });
        number
    }

    /// Gives the place back; `false` if the trial was judged already.
    pub(crate) fn end(&mut self, number: u32) -> bool {
        let found = self
            .in_flight
            .iter()
            .position(|trial| trial.number == number);
        found
            .map(|index| self.in_flight.swap_remove(index))
            .is_some()
    }

    pub(crate) fn earliest_deadline(&self) -> Option<Tick> {
        self.in_flight.iter().map(|trial| trial.deadline).min()
    }

    /// Takes away one trial whose deadline has come.
    pub(crate) fn expire(&mut self, deadline: Tick) {
        if let Some(index) = self
            .in_flight
            .iter()
            .position(|trial| trial.deadline == deadline)
        {
            self.in_flight.swap_remove(index);
        }
    }
}
