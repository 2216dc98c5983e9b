//! What a tape gives back: all that is known in one order.

use super::{Marked, Rejections, Tape, Told};
use crate::export::CALLS_MAX;
use crate::openings::Openings;
use crate::what_if::{Hand, Happened, Record};
use fusebox::{Event, EventKind, RecordedCall, Settings, State, Tick};

/// What really happened, for a [`what_if`](crate::what_if::what_if) and to be shown beside it.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The time it covers and everything in it.
    pub record: Record,
    /// The real openings in that time, with one that it began in.
    pub openings: Openings,
    /// Recorded calls that are in it.
    pub calls: u64,
    /// Recorded calls of that time that are missing.
    pub missed: u64,
    /// Calls that were rejected.
    pub rejections: u64,
    /// The state at the end.
    pub state: State,
    /// Whether the circuit judges by key, which no record tells.
    pub keyed: bool,
}

impl Tape {
    /// Everything from the first instant on from which all is known, until now.
    pub fn record(&self, now: Tick) -> Option<Recorded> {
        let is_known = |marked: &&Marked| {
            marked.call >= self.calls.first()
                && marked.told >= self.told_first
                && marked.checkpoint.at >= self.whole_since
        };
        // The last one is as good as it gets, where too much is gone even for that.
        let marked = self.checkpoints.iter().find(is_known);
        let marked = marked.or(self.checkpoints.back())?;
        let from = marked.checkpoint.at;
        let mut happened = self.merged(marked);
        let calls = happened.iter().filter(|h| matches!(h, Happened::Call(_)));
        let calls = calls.count() as u64;
        let is_in = |r: &&Rejections| r.until > from || r.since >= from;
        let mut rejections = 0;
        for rejected in self.rejections.iter().filter(is_in) {
            rejections += rejected.count;
            happened.push(Happened::Rejected {
                since: rejected.since.max(from),
                until: rejected.until,
                count: rejected.count,
            });
        }
        let mut openings = self.openings.clone();
        openings.forget_before(from);
        Some(Recorded {
            record: Record {
                from,
                until: now.max(from),
                start: marked.checkpoint.saved.clone(),
                main_open: marked.checkpoint.main_open,
                settings: marked.checkpoint.settings.clone(),
                happened,
            },
            openings,
            calls,
            missed: self.missed - marked.missed,
            rejections,
            state: self.generation.state,
            keyed: self.keyed,
        })
    }

    /// Calls and the rest in one order.
    fn merged(&self, marked: &Marked) -> Vec<Happened> {
        let from = marked.checkpoint.at;
        let skipped = usize::try_from(marked.told.saturating_sub(self.told_first));
        let told = self.told.iter().skip(skipped.unwrap_or(usize::MAX));
        // What was told late, of before the mark, is in the mark.
        let mut told = told.filter(|told| told.at >= from).peekable();
        let calls = self.calls.since(marked.call);
        let mut merged = Vec::new();
        for (number, call) in calls.filter(|(_, call)| call.at >= from) {
            while let Some(next) = told.next_if(|told| !comes_before(&call, number, told)) {
                merged.push(next.what.clone());
            }
            merged.push(Happened::Call(call));
        }
        merged.extend(told.map(|told| told.what.clone()));
        merged
    }

    /// What is known of the generation that `event` ends or speaks of, without the calls that do
    /// not fit in a file; how many those are. `settings` become those in force after them.
    pub(super) fn of_generation(
        &self,
        event: &Event,
        settings: &mut Settings,
    ) -> (Vec<Happened>, u64) {
        let number = self.generation.number;
        let under_way = matches!(event.kind, EventKind::WouldOpen { .. });
        let is_in =
            |call: &RecordedCall| call.generation == number && !(under_way && call.at > event.at);
        let calls = || self.calls.since(0).filter(|(_, call)| is_in(call));
        let dropped = (calls().count() as u64).saturating_sub(CALLS_MAX);
        let is_change = |told: &&Told| {
            told.generation == number && !matches!(told.what, Happened::Began { .. })
        };
        let mut told = self.told.iter().filter(is_change).peekable();
        let mut merged = Vec::new();
        for ((number, call), index) in calls().zip(0..) {
            while let Some(next) = told.next_if(|told| !comes_before(&call, number, told)) {
                match &next.what {
                    Happened::Hand {
                        hand: Hand::Settings(anew),
                        ..
                    } if index <= dropped && dropped > 0 => *settings = (**anew).clone(),
                    what => merged.push(what.clone()),
                }
            }
            if index >= dropped {
                merged.push(Happened::Call(call));
            }
        }
        merged.extend(told.map(|told| told.what.clone()));
        (merged, dropped)
    }
}

/// Whether a call came before something else: by generation where that tells, else by time, else
/// by what was read first.
fn comes_before(call: &RecordedCall, number: u64, told: &Told) -> bool {
    let began = matches!(told.what, Happened::Began { .. });
    // Generations wrap: what is less than half of them ahead is later.
    let behind = told.generation.wrapping_sub(call.generation);
    let is_main = told.generation == 0;
    if !is_main && behind != 0 {
        return behind < u32::MAX / 2;
    }
    if !is_main && began {
        return false;
    }
    (call.at, number) < (told.at, told.call)
}
