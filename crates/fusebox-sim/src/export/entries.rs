//! What a file has to tell, in order, with equal neighbours as one, within the bounds.

use super::text::line;
use super::{CALLS_MAX, FILE_BYTES_MAX, Trip, Verdict};
use crate::what_if::{Hand, Happened};
use fusebox::{Cause, Outcome, Settings, State, Tick, WindowSize};
use std::time::Duration;

/// Room for what stands before the steps.
const HEAD_BYTES: usize = 16 * 1024;

/// One step and its instant.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) at: Tick,
    pub(super) act: Act,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Act {
    Call {
        outcome: &'static str,
        took: Option<Duration>,
        retry_after: Option<Duration>,
        times: u64,
    },
    Settings(Box<Settings>),
    /// A call begins that is slow before it ends.
    Begin(u64),
    /// A timer sees that.
    Overdue(u64),
    Transition(State),
}

/// The steps of a file; the last one decides.
#[derive(Clone, Debug)]
pub(super) struct Entries {
    pub(super) list: Vec<Entry>,
    /// The settings at the beginning.
    pub(super) settings: Settings,
    dropped: u64,
}

impl Entries {
    pub(super) fn of(trip: &Trip, verdict: &Verdict<'_>) -> Self {
        let mut entries = Self {
            list: Vec::new(),
            settings: trip.settings.clone(),
            dropped: trip.dropped,
        };
        let mut latest = trip.began;
        for happened in &trip.happened {
            let (at, act) = match happened {
                Happened::Call(call) => (
                    call.at,
                    Act::Call {
                        outcome: word(call.outcome),
                        took: call.took.filter(|took| !took.is_zero()),
                        retry_after: call.retry_after,
                        times: 1,
                    },
                ),
                Happened::Hand {
                    at,
                    hand: Hand::Settings(settings),
                } => (*at, Act::Settings(settings.clone())),
                _ => continue,
            };
            // The order counts: a call of another thread may be dated a little earlier.
            latest = latest.max(at);
            entries.push(Entry { at: latest, act });
        }
        if trip.state == State::HalfOpen && trip.hold.is_none() {
            entries.add_overdue_trials(verdict);
        }
        if verdict.cause == Cause::Hand {
            let act = Act::Transition(State::Open);
            let at = latest.max(verdict.at);
            entries.list.push(Entry { at, act });
        } else {
            entries.part_the_last();
        }
        entries.cut();
        entries
    }

    /// A trial that a timer saw to be slow has failed and is in no record: here it ends as a slow
    /// success, which is judged alike.
    fn add_overdue_trials(&mut self, verdict: &Verdict<'_>) {
        // Each was judged by the settings of its time.
        let mut limit = self.settings.slow_call_duration();
        let (mut known, mut last_fails) = (0, false);
        // The last limit, and where it ended.
        let mut ended = None;
        for (index, entry) in self.list.iter().enumerate() {
            if let Act::Settings(settings) = &entry.act {
                let before = limit;
                limit = settings.slow_call_duration();
                if limit.is_none() {
                    ended = before.map(|limit| (limit, index)).or(ended);
                }
            }
            last_fails = entry.act.fails_a_trial(limit);
            known += if last_fails { entry.act.calls() } else { 0 };
        }
        let all = u64::from(verdict.evidence.trial_failures);
        let missing = all.saturating_sub(known);
        if missing == 0 {
            return;
        }
        let slow = |limit: Duration| Act::Call {
            outcome: word(Outcome::Success),
            took: Some(limit.saturating_add(Duration::from_nanos(1))),
            retry_after: None,
            times: missing,
        };
        let Some(limit) = limit else {
            // They failed before nothing was slow any more.
            if let Some((limit, index)) = ended {
                let (at, act) = (self.list[index].at, slow(limit));
                self.list.insert(index, Entry { at, act });
            }
            return;
        };
        let last = self.list.last();
        let decides = last_fails && last.is_some_and(|last| last.at == verdict.at);
        let at = last.map_or(verdict.at, |last| last.at.max(verdict.at));
        let act = slow(limit);
        if decides {
            self.part_the_last();
        }
        let index = self.list.len() - usize::from(decides);
        self.list.insert(index, Entry { at, act });
    }

    fn push(&mut self, entry: Entry) {
        if let (Some(last), Act::Call { .. }) = (self.list.last_mut(), &entry.act)
            && last.at == entry.at
            && last.act.is_same_call(&entry.act)
        {
            last.act.repeat();
            return;
        }
        self.list.push(entry);
    }

    /// The call that decides gets a step of its own.
    fn part_the_last(&mut self) {
        let Some(last) = self.list.last_mut() else {
            return;
        };
        let Act::Call { times, .. } = &mut last.act else {
            return;
        };
        if *times > 1 {
            *times -= 1;
            let mut one = last.clone();
            if let Act::Call { times, .. } = &mut one.act {
                *times = 1;
            }
            self.list.push(one);
        }
    }

    /// Drops the oldest until the rest fits.
    fn cut(&mut self) {
        let (mut calls, mut bytes) = (0, HEAD_BYTES);
        let mut keep = self.list.len();
        for (index, entry) in self.list.iter().enumerate().rev() {
            let before = index.checked_sub(1).and_then(|index| self.list.get(index));
            let wait = before.map_or(Duration::ZERO, |before| {
                entry.at.saturating_since(before.at)
            });
            calls += entry.act.calls();
            bytes += line::advance(wait).len() + line::act(&entry.act).len() + 8;
            if calls > CALLS_MAX || bytes > FILE_BYTES_MAX {
                break;
            }
            keep = index;
        }
        for entry in self.list.drain(..keep) {
            self.dropped += entry.act.calls();
            if let Act::Settings(settings) = entry.act {
                self.settings = *settings;
            }
        }
    }

    /// Where calls under way can have become slow, and by which limit: at the end, or before a
    /// change of settings. The latest first.
    pub(super) fn limits(&self) -> Vec<(usize, Duration)> {
        let mut limit = self.settings.slow_call_duration();
        let mut limits = Vec::new();
        for (index, entry) in self.list.iter().enumerate() {
            if let Act::Settings(settings) = &entry.act {
                limits.extend(limit.map(|limit| (index, limit)));
                limit = settings.slow_call_duration();
            }
        }
        limits.extend(limit.map(|limit| (self.list.len(), limit)));
        limits.reverse();
        limits
    }

    /// The same with calls under way that became slow before the step of this number, so many that
    /// the window has as many as the evidence says.
    pub(super) fn with_overdue(
        mut self,
        trip: &Trip,
        verdict: &Verdict<'_>,
        (place, limit): (usize, Duration),
    ) -> Self {
        let end = self.list.last().map_or(verdict.at, |last| last.at);
        let end = end.max(verdict.at);
        let at = self.list.get(place).map_or(end, |change| change.at);
        let known = self.slow_at(end, limit);
        // At least one, as one decided; at most as many as anybody would read.
        let number = verdict.evidence.slow.saturating_sub(known).clamp(1, 10_000);
        let began = Duration::from_nanos(at.as_nanos()).saturating_sub(limit);
        let began = Tick::from_nanos(u64::try_from(began.as_nanos()).unwrap_or(u64::MAX));
        let began = began.max(trip.began);
        let overdue = (0..number).map(|call| Entry {
            at,
            act: Act::Overdue(call),
        });
        self.list.splice(place..place, overdue);
        let index = self.list.partition_point(|entry| entry.at <= began);
        let begins = (0..number).map(|call| Entry {
            at: began,
            act: Act::Begin(call),
        });
        let index = index.min(place);
        self.list.splice(index..index, begins);
        self
    }

    /// Slow calls that the window holds at `at`, to a sixteenth of a window.
    fn slow_at(&self, at: Tick, limit: Duration) -> u64 {
        // What is ignored takes no place in a window.
        let counts = |entry: &&Entry| {
            let ignored = word(Outcome::Ignored);
            matches!(&entry.act, Act::Call { outcome, .. } if *outcome != ignored)
        };
        let is_slow =
            |act: &Act| matches!(act, Act::Call { took: Some(took), .. } if *took > limit);
        let slow = |entry: &&Entry| is_slow(&entry.act);
        match self.last_settings().window() {
            WindowSize::Time(length) => {
                let young = |entry: &&Entry| at.saturating_since(entry.at) < length;
                let calls = self.list.iter().filter(counts);
                let calls = calls.filter(young).filter(slow);
                calls.map(|entry| entry.act.calls()).sum()
            }
            WindowSize::Calls(size) => {
                let (mut seen, mut found) = (0, 0);
                for entry in self.list.iter().filter(counts).rev() {
                    let room = u64::from(size).saturating_sub(seen);
                    let calls = entry.act.calls().min(room);
                    seen += calls;
                    found += if is_slow(&entry.act) { calls } else { 0 };
                }
                found
            }
        }
    }

    /// The settings at the end.
    pub(super) fn last_settings(&self) -> &Settings {
        let changes = self.list.iter().rev().find_map(|entry| match &entry.act {
            Act::Settings(settings) => Some(&**settings),
            _ => None,
        });
        changes.unwrap_or(&self.settings)
    }

    pub(super) fn calls(&self) -> u64 {
        self.list.iter().map(|entry| entry.act.calls()).sum()
    }

    /// Calls that did not fit.
    pub(super) const fn dropped(&self) -> u64 {
        self.dropped
    }
}

impl Act {
    fn is_same_call(&self, other: &Self) -> bool {
        let times = 1;
        let call = |act: &Self| match act {
            Self::Call {
                outcome,
                took,
                retry_after,
                ..
            } => Some((*outcome, *took, *retry_after, times)),
            _ => None,
        };
        call(self).is_some() && call(self) == call(other)
    }

    fn fails_a_trial(&self, limit: Option<Duration>) -> bool {
        let Self::Call { outcome, took, .. } = self else {
            return false;
        };
        match *outcome {
            "failure" => true,
            "success" => limit.zip(*took).is_some_and(|(limit, took)| took > limit),
            _ => false,
        }
    }

    fn repeat(&mut self) {
        if let Self::Call { times, .. } = self {
            *times += 1;
        }
    }

    const fn calls(&self) -> u64 {
        match self {
            Self::Call { times, .. } => *times,
            _ => 0,
        }
    }
}

const fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Success => "success",
        Outcome::Failure(_) => "failure",
        Outcome::Ignored => "ignored",
    }
}
