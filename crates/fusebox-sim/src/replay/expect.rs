//! What a step expects to see, and whether it is seen.

use super::BadFile;
use super::fields::Fields;
use super::seen::Seen;
use super::step::{HOLDS, STATES};
use fusebox::{BranchStats, HoldKind, Reason, Rejection, Snapshot, State, duration};
use serde_json::{Value, json};
use std::time::Duration;

/// The keys of one `expect` with what they want, in the order of the file.
#[derive(Clone, Debug)]
pub(super) struct Expectation {
    /// The branch that it speaks of; `None`: the circuit.
    key: Option<String>,
    wants: Vec<(String, Want, Value)>,
}

#[derive(Clone, Copy, Debug)]
enum Want {
    Admitted(bool),
    Reason(Option<Reason>),
    State(State),
    Hold(Option<HoldKind>),
    RetryAfter(Option<Duration>),
    Count(Counter, u64),
}

/// A number that a snapshot shows.
type Counter = fn(&Snapshot) -> u64;

/// One key that was not as expected.
#[derive(Clone, Debug)]
pub(super) struct Difference {
    pub(super) key: String,
    pub(super) expected: Value,
    pub(super) actual: Value,
}

const COUNTERS: [(&str, Counter); 12] = [
    ("successes", |s| s.window.successes()),
    ("failures", |s| s.window.failures),
    ("slow", |s| s.window.slow),
    ("calls", |s| s.window.calls),
    ("consecutive_failures", |s| {
        u64::from(s.consecutive_failures)
    }),
    ("in_flight", |s| u64::from(s.in_flight)),
    ("late", |s| s.totals.late),
    ("rejected", |s| s.totals.rejected_total()),
    ("transitions", |s| s.transitions),
    ("branches", |s| of_branches(s, |b| b.known)),
    ("evicted", |s| {
        of_branches(s, |b| b.evicted.saturating_add(b.evicted_open))
    }),
    ("evicted_open", |s| of_branches(s, |b| b.evicted_open)),
];

/// A number of a keyed circuit; 0 if it is not keyed.
fn of_branches(seen: &Snapshot, number: fn(&BranchStats) -> u64) -> u64 {
    seen.branches.as_ref().map_or(0, number)
}

/// What can be asked of the circuit.
const KEYS: [&str; 18] = [
    "key",
    "admitted",
    "reason",
    "state",
    "hold",
    "retry_after",
    "successes",
    "failures",
    "slow",
    "calls",
    "consecutive_failures",
    "in_flight",
    "late",
    "rejected",
    "transitions",
    "branches",
    "evicted",
    "evicted_open",
];

/// What can be asked of a branch, beside the `key` that names it.
const BRANCH_KEYS: [&str; 10] = [
    "state",
    "hold",
    "retry_after",
    "successes",
    "failures",
    "slow",
    "calls",
    "consecutive_failures",
    "in_flight",
    "transitions",
];

impl Expectation {
    /// Reads an `expect`; `answers` tells whether it stands beside a step that is admitted or
    /// rejected.
    pub(super) fn read(value: &Value, answers: bool) -> Result<Self, BadFile> {
        let fields = Fields::read(value, "\"expect\"", "expect.", &KEYS)?;
        let branch = fields.text("key")?;
        let keys = value.as_object().into_iter().flat_map(|o| o.keys());
        let mut wants = Vec::new();
        for key in keys.filter(|key| *key != "key") {
            if branch.is_some() && !BRANCH_KEYS.contains(&key.as_str()) {
                let text = format!(
                    "key \"expect.{key}\" does not speak of a branch; beside \"expect.key\" go {}",
                    BRANCH_KEYS.join(", ")
                );
                return Err(BadFile::new(text));
            }
            if !answers && matches!(key.as_str(), "admitted" | "reason") {
                let text = format!("key \"expect.{key}\" needs a \"call\" or \"begin\" beside it");
                return Err(BadFile::new(text));
            }
            if let Some(wanted) = fields.get(key) {
                wants.push((
                    key.clone(),
                    Want::read(&fields, key, wanted)?,
                    wanted.clone(),
                ));
            }
        }
        Ok(Self {
            key: branch.map(str::to_owned),
            wants,
        })
    }

    /// The key of the branch that it speaks of.
    pub(super) fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// The keys that are not as expected.
    pub(super) fn differences(&self, seen: &Seen) -> Vec<Difference> {
        let differs = |(key, want, wanted): &(String, Want, Value)| {
            let actual = want.missed(seen)?;
            Some(Difference {
                key: key.clone(),
                expected: wanted.clone(),
                actual,
            })
        };
        self.wants.iter().filter_map(differs).collect()
    }
}

impl Want {
    fn read(fields: &Fields<'_>, key: &str, value: &Value) -> Result<Self, BadFile> {
        Ok(match key {
            "admitted" => match value {
                Value::Bool(admitted) => Self::Admitted(*admitted),
                _ => return Err(fields.wrong(key, value, "true or false")),
            },
            "reason" if value.is_null() => Self::Reason(None),
            "reason" => {
                let words = Reason::ALL.map(|reason| (reason.as_str(), reason));
                Self::Reason(Some(fields.word(key, value, &words)?))
            }
            "state" => Self::State(fields.word(key, value, &STATES)?),
            "hold" if value.is_null() => Self::Hold(None),
            "hold" => Self::Hold(Some(fields.word(key, value, &HOLDS)?)),
            "retry_after" if value.is_null() => Self::RetryAfter(None),
            "retry_after" => Self::RetryAfter(Some(fields.as_duration(key, value)?)),
            _ => {
                let counter = COUNTERS.iter().find(|(name, _)| *name == key);
                let (Some((_, counter)), Some(number)) = (counter, value.as_u64()) else {
                    return Err(fields.wrong(key, value, "a whole number of 0 or more"));
                };
                Self::Count(*counter, number)
            }
        })
    }

    /// What is seen instead of what is wanted; `None` if it is what is wanted.
    fn missed(self, seen: &Seen) -> Option<Value> {
        let shown = &seen.shown;
        let (holds, actual) = match self {
            Self::Admitted(wanted) => {
                let admitted = seen.answer.is_some_and(|answer| answer.is_ok());
                (admitted == wanted, json!(admitted))
            }
            Self::Reason(wanted) => {
                let reason = seen.rejection().map(Rejection::reason);
                (reason == wanted, json!(reason.map(Reason::as_str)))
            }
            Self::State(wanted) => (shown.state == wanted, json!(shown.state.as_str())),
            Self::Hold(wanted) => {
                let kind = shown.hold.as_ref().map(|hold| hold.kind);
                (kind == wanted, json!(kind.map(HoldKind::as_str)))
            }
            Self::RetryAfter(wanted) => {
                let (told, reach) = seen.retry_after();
                let holds = match (told, wanted) {
                    (Some(told), Some(wanted)) => told.abs_diff(wanted) <= reach,
                    (told, wanted) => told == wanted,
                };
                (holds, json!(told.map(duration::format)))
            }
            Self::Count(counter, wanted) => (counter(shown) == wanted, json!(counter(shown))),
        };
        (!holds).then_some(actual)
    }
}
