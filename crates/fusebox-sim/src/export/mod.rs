//! A trip as a replay file: what led to an opening, from the beginning of the generation that
//! ended with it, so that the windows begin empty as they did.
//!
//! The file says what really happened. It is run once while it is written: the strictest
//! expectations that it holds are put in, and where a replay does not come to the same (calls of
//! several threads in another order, a policy that no file has, calls that nobody kept), `about`
//! says so.
//!
//! Not in the file: calls that were rejected, calls that were late, and what happened before the
//! generation. So a replay counts every opening as the first in a row.

mod entries;
mod text;

use crate::replay::Script;
use crate::what_if::Happened;
use entries::Entries;
use fusebox::{Cause, Event, EventKind, Evidence, HoldKind, Settings, State, Tick};
use std::time::Duration;
use text::Strictness;

/// Calls in a file: the last ones, if there were more.
pub const CALLS_MAX: u64 = 20_000;

/// The size of a file; older calls give way.
pub const FILE_BYTES_MAX: usize = 1024 * 1024;

/// A generation of a circuit and the event that ended it, or that was told under observe.
#[derive(Clone, Debug)]
pub struct Trip {
    /// What the file is called by.
    pub id: String,
    /// When the generation began, or where what is known of it begins.
    pub began: Tick,
    /// Whether everything is known from the beginning of the generation on.
    pub whole: bool,
    /// Recorded calls of the generation that are known to be missing.
    pub missed: u64,
    /// The state of the generation.
    pub state: State,
    /// Its hold, with what was left of it at the beginning.
    pub hold: Option<(HoldKind, Option<Duration>)>,
    /// The settings in force at the beginning.
    pub settings: Settings,
    /// Whether the circuit judges by key: a file judges all calls as one.
    pub keyed: bool,
    /// The calls of the generation, and the changes of its settings; the rest is not looked at.
    pub happened: Vec<Happened>,
    /// Calls of the generation before those, which are too many for a file.
    pub dropped: u64,
    /// What it led to.
    pub event: Event,
}

/// A replay file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// Its text.
    pub text: String,
    /// Whether a replay comes to what really happened.
    pub holds: bool,
    /// Calls in it.
    pub calls: u64,
    /// Whether calls of the generation are missing in it.
    pub cut: bool,
}

/// Changes of settings that are looked behind for calls under way that had become slow.
const LIMITS_MAX: usize = 8;

impl Trip {
    /// Writes the file. `None`: the event is no opening of the circuit itself, and no verdict under
    /// observe.
    pub fn export(&self) -> Option<Exported> {
        let verdict = Verdict::of(&self.event)?;
        let plain = Entries::of(self, &verdict);
        if let Some(exported) = self.first_that_holds(&plain, &verdict) {
            return Some(exported);
        }
        // A timer saw slow calls that were still under way and so are in no record.
        let limits = if verdict.may_be_overdue() {
            plain.limits()
        } else {
            Vec::new()
        };
        for limit in limits.into_iter().take(LIMITS_MAX) {
            let overdue = plain.clone().with_overdue(self, &verdict, limit);
            if let Some(exported) = self.first_that_holds(&overdue, &verdict) {
                return Some(exported);
            }
        }
        Some(self.written(&plain, &verdict, Strictness::Loose, false))
    }

    fn first_that_holds(&self, entries: &Entries, verdict: &Verdict<'_>) -> Option<Exported> {
        if matches!(verdict.cause, Cause::Policy(_)) {
            return None;
        }
        let all = [Strictness::Exact, Strictness::Strict, Strictness::Loose];
        let written = all.map(|strictness| (strictness, verdict));
        written.into_iter().find_map(|(strictness, verdict)| {
            let exported = self.written(entries, verdict, strictness, true);
            let script = Script::parse(exported.text.as_bytes()).ok()?;
            let report = script.run().ok()?;
            report.ok().then_some(exported)
        })
    }

    fn written(
        &self,
        entries: &Entries,
        verdict: &Verdict<'_>,
        strictness: Strictness,
        holds: bool,
    ) -> Exported {
        let text = text::write(self, entries, verdict, (strictness, holds));
        Exported {
            text,
            holds,
            calls: entries.calls(),
            cut: !self.whole || self.missed > 0 || entries.dropped() > 0,
        }
    }
}

/// The event as far as a file tells it.
struct Verdict<'a> {
    at: Tick,
    cause: Cause,
    evidence: &'a Evidence,
    /// Held in observe: the circuit would have opened.
    would: bool,
}

impl<'a> Verdict<'a> {
    fn of(event: &'a Event) -> Option<Self> {
        if event.branch.is_some() {
            return None;
        }
        let (cause, evidence, would) = match &event.kind {
            EventKind::Transition {
                to: State::Open,
                cause,
                evidence,
                ..
            } => (*cause, evidence, false),
            EventKind::WouldOpen { cause, evidence } => (*cause, evidence, true),
            _ => return None,
        };
        Some(Self {
            at: event.at,
            cause,
            evidence,
            would,
        })
    }

    /// Whether calls under way may have decided.
    fn may_be_overdue(&self) -> bool {
        self.cause == Cause::SlowCallRate
    }
}
