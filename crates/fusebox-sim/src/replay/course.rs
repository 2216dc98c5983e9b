//! The course of a file, as far as it shows without a run: which calls may be in flight, whether
//! the circuit is keyed and which keys it has seen, and how much all that is.

use super::BadFile;
use super::settings::Circuit;
use super::step::{Act, Step};
use std::collections::HashSet;
use std::time::Duration;

/// So many calls run in about ten seconds; a file that asks for more is a mistake.
const CALLS_MAX: u64 = 50_000_000;

/// A clock counts nanoseconds in 64 bits; half of that leaves room for every deadline.
const TIME_MAX: Duration = Duration::from_nanos(u64::MAX / 2);

/// What the steps so far have led to.
pub(super) struct Course {
    begun: HashSet<String>,
    keys: HashSet<String>,
    keyed: bool,
    calls: u64,
    time: Duration,
}

impl Course {
    pub(super) fn new(circuit: &Circuit) -> Self {
        Self {
            begun: HashSet::new(),
            keys: HashSet::new(),
            keyed: circuit.branches.is_some(),
            calls: 0,
            time: Duration::ZERO,
        }
    }

    /// Goes one step on, if that is possible from here.
    pub(super) fn follow(&mut self, step: &Step) -> Result<(), BadFile> {
        match &step.act {
            // Whether a call was admitted shows in a run.
            Some(Act::Begin { call }) => {
                self.begun.insert(call.clone());
            }
            Some(Act::End { call, .. } | Act::Drop { call }) if !self.begun.remove(call) => {
                return Err(unknown(call));
            }
            Some(Act::Overdue { call }) if !self.begun.contains(call) => {
                return Err(unknown(call));
            }
            Some(Act::Settings { breaker }) => self.keyed = breaker.branches.is_some(),
            Some(Act::Call { times, .. }) => self.calls = self.calls.saturating_add(*times),
            Some(Act::Advance { by }) => self.time = self.time.saturating_add(*by),
            _ => {}
        }
        if self.calls > CALLS_MAX {
            return Err(BadFile::new(format!("more than {CALLS_MAX} calls in all")));
        }
        if self.time > TIME_MAX {
            return Err(BadFile::new("more than 292 years in all"));
        }
        self.follow_keys(step)
    }

    fn follow_keys(&mut self, step: &Step) -> Result<(), BadFile> {
        if let Some(key) = &step.key {
            self.keys.insert(key.clone());
        }
        let seen = step.expect.as_ref().and_then(|expect| expect.key());
        let named = seen.map(|key| ("expect.key", key));
        let given = step.key.as_deref().map(|key| ("key", key));
        if let (false, Some((place, _))) = (self.keyed, given.or(named)) {
            let text = format!("key {place:?} needs a \"branch\" in the settings in force");
            return Err(BadFile::new(text));
        }
        // A misspelt key would be closed and empty for ever.
        match seen.filter(|key| !self.keys.contains(*key)) {
            Some(key) => Err(BadFile::new(format!(
                "key \"expect.key\" is {key:?}; no step so far has that key"
            ))),
            None => Ok(()),
        }
    }
}

fn unknown(call: &str) -> BadFile {
    BadFile::new(format!("call {call:?} was never begun or is over already"))
}
