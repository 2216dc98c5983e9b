//! Who was let through: step by step for a run to be compared with, and counted in one that is.

use crate::what_if::Outlook;
use fusebox::{CircuitBreaker, Received, Subscription};

/// The calls of one step in order, neighbours with the same answer as one: whether they were let
/// through, and how many.
#[derive(Clone, Debug, Default)]
pub(super) struct Admissions(Vec<(bool, u64)>);

impl Admissions {
    fn add(&mut self, admitted: bool) {
        match self.0.last_mut() {
            Some((last, times)) if *last == admitted => *times += 1,
            _ => self.0.push((admitted, 1)),
        }
    }
}

/// What a run comes to.
pub(super) struct Tally {
    events: Subscription,
    step: Admissions,
    /// What is known of the calls of this step: the rest of it, last first. `None`: this run is
    /// compared with no other.
    known: Option<Vec<(bool, u64)>>,
    pub(super) outlook: Outlook,
}

impl Tally {
    pub(super) fn new(events: Subscription) -> Self {
        Self {
            events,
            step: Admissions::default(),
            known: None,
            outlook: Outlook::default(),
        }
    }

    pub(super) fn begin_step(&mut self, known: Option<&Admissions>) {
        self.known = known.map(|known| known.0.iter().rev().copied().collect());
    }

    pub(super) fn end_step(&mut self) -> Admissions {
        std::mem::take(&mut self.step)
    }

    /// Whether this run is compared with another.
    pub(super) const fn compares(&self) -> bool {
        self.known.is_some()
    }

    /// A call was asked for. Says whether it is known how it ended: it was let through as
    /// recorded, or this is how it is recorded.
    pub(super) fn count(&mut self, admitted: bool) -> bool {
        self.step.add(admitted);
        let known = self.known.as_mut().is_none_or(next);
        let outlook = &mut self.outlook;
        let recorded = if self.known.is_some() {
            known
        } else {
            admitted
        };
        match recorded {
            true => outlook.calls += 1,
            false => outlook.rejections += 1,
        }
        match (recorded, admitted) {
            (true, false) => outlook.calls_rejected += 1,
            (false, true) => outlook.let_through += 1,
            _ => {}
        }
        known
    }

    /// Takes note of what happened.
    pub(super) fn listen(&mut self) {
        while let Some(received) = self.events.try_next() {
            if let Received::Event(event) = received {
                self.outlook.openings.note(&event);
            }
        }
    }

    pub(super) fn finish(mut self, breaker: &CircuitBreaker) -> Outlook {
        let snapshot = breaker.snapshot();
        self.listen();
        self.outlook.time_open = snapshot.open_time;
        self.outlook.ended = Some(snapshot.state);
        self.outlook
    }
}

fn next(known: &mut Vec<(bool, u64)>) -> bool {
    let Some((admitted, times)) = known.last_mut() else {
        return true;
    };
    let admitted = *admitted;
    *times -= 1;
    if *times == 0 {
        known.pop();
    }
    admitted
}
