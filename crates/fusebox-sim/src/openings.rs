//! The openings of a circuit, read off its events: of a real one and of one in virtual time.

use fusebox::{Cause, Event, EventKind, Evidence, State, Tick, duration};
use std::sync::Arc;
use std::time::Duration;

/// Openings that are kept with all they say; further ones are only counted. A circuit that opens
/// more often in an hour has told enough.
pub const OPENINGS_MAX: usize = 1_000;

/// One opening of a circuit or of one of its branches.
#[derive(Clone, Debug, PartialEq)]
pub struct Opening {
    /// When.
    pub at: Tick,
    /// The key, where a branch opened (R19).
    pub branch: Option<Arc<str>>,
    /// Why.
    pub cause: Cause,
    /// The numbers that decided; `open_for` is how long it was to last.
    pub evidence: Evidence,
    /// How long it was open; `None`: it still was when nothing more was known, or `would` is set.
    pub lasted: Option<Duration>,
    /// Held in observe: it would have opened, and did not.
    pub would: bool,
}

impl Opening {
    /// Cause and numbers as one phrase: `5 failures in a row, the last one by connect`.
    pub fn why(&self) -> String {
        self.evidence.explain(self.cause)
    }

    /// The whole as one phrase; `start` is what the time is told from.
    pub fn explain(&self, start: Tick) -> String {
        let after = duration::rounded(self.at.saturating_since(start));
        let who = self.branch.as_ref().map(|key| format!("branch {key:?} "));
        let who = who.unwrap_or_default();
        if self.would {
            return format!("{who}would have opened after {after}: {}", self.why());
        }
        let wait = match self.evidence.open_for {
            Some(wait) => format!("for {}", duration::rounded(wait)),
            None => "until somebody closes it".to_owned(),
        };
        format!("{who}opened after {after} {wait}: {}", self.why())
    }
}

/// The openings so far, in the order of their events.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Openings {
    kept: Vec<Opening>,
    total: u64,
}

impl Openings {
    /// Takes note of an event; one that opens and closes nothing changes nothing.
    pub fn note(&mut self, event: &Event) {
        let (cause, evidence, would) = match &event.kind {
            EventKind::Transition {
                to: State::Open,
                cause,
                evidence,
                ..
            } => (cause, evidence, false),
            EventKind::WouldOpen { cause, evidence } => (cause, evidence, true),
            EventKind::Transition {
                from: State::Open, ..
            } => return self.end(event),
            _ => return,
        };
        self.add(Opening {
            at: event.at,
            branch: event.branch.clone(),
            cause: *cause,
            evidence: evidence.clone(),
            lasted: None,
            would,
        });
    }

    /// Adds one that is known otherwise than by its event.
    pub fn add(&mut self, opening: Opening) {
        self.total += 1;
        if self.kept.len() < OPENINGS_MAX {
            self.kept.push(opening);
        }
    }

    fn end(&mut self, event: &Event) {
        // An opening that was only counted ends unseen: what is kept has ended before.
        let is_it = |opening: &&mut Opening| !opening.would && opening.branch == event.branch;
        if let Some(opening) = self.kept.iter_mut().rev().find(is_it) {
            opening
                .lasted
                .get_or_insert(event.at.saturating_since(opening.at));
        }
    }

    /// The first [`OPENINGS_MAX`] of them.
    pub fn kept(&self) -> &[Opening] {
        &self.kept
    }

    /// How many there were.
    pub const fn total(&self) -> u64 {
        self.total
    }

    /// Forgets those that were over before `from`.
    pub fn forget_before(&mut self, from: Tick) {
        let before = self.kept.len();
        self.kept.retain(|opening| {
            let lasted = opening.lasted.or(opening.would.then_some(Duration::ZERO));
            lasted.is_none_or(|lasted| opening.at.saturating_add(lasted) >= from)
        });
        self.total -= (before - self.kept.len()) as u64;
    }

    /// How long the circuit itself was open between two instants, by what is kept.
    pub fn time_open(&self, from: Tick, until: Tick) -> Duration {
        self.spans(from, until)
            .map(|(from, until)| until.saturating_since(from))
            .sum()
    }

    /// For how much of the time between two instants both were open, or both were not: 1 is all
    /// of it. `None` where one of them opened too often to be kept whole, or no time went by.
    pub fn agreement(&self, other: &Self, from: Tick, until: Tick) -> Option<f64> {
        let whole = until.saturating_since(from);
        let is_whole = |openings: &Self| openings.total == openings.kept.len() as u64;
        if whole.is_zero() || !is_whole(self) || !is_whole(other) {
            return None;
        }
        let mut both = Duration::ZERO;
        for (begin, end) in self.spans(from, until) {
            for (other_begin, other_end) in other.spans(from, until) {
                both += end.min(other_end).saturating_since(begin.max(other_begin));
            }
        }
        let one = self.time_open(from, until) + other.time_open(from, until);
        let differ = one.saturating_sub(both * 2);
        Some(1.0 - differ.as_secs_f64() / whole.as_secs_f64())
    }

    fn spans(&self, from: Tick, until: Tick) -> impl Iterator<Item = (Tick, Tick)> {
        let own = |opening: &&Opening| !opening.would && opening.branch.is_none();
        self.kept.iter().filter(own).map(move |opening| {
            let end = opening
                .lasted
                .map_or(until, |lasted| opening.at.saturating_add(lasted));
            (opening.at.max(from).min(until), end.max(from).min(until))
        })
    }
}
