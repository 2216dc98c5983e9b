//! What a step expects to see, and whether it is seen.

use super::BadFile;
use super::fields::Fields;
use super::step::{HOLDS, STATES};
use fusebox::{Cause, HoldKind, Reason, Rejection, Snapshot, State, duration};
use serde_json::{Value, json};
use std::time::Duration;

/// What became of a `call` or `begin`.
pub(super) type Answer = Result<(), Rejection>;

/// The keys of one `expect` with what they want, in the order of the file.
#[derive(Clone, Debug)]
pub(super) struct Expectation {
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

const COUNTERS: [(&str, Counter); 9] = [
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
];

const KEYS: [&str; 14] = [
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
];

impl Expectation {
    /// Reads an `expect`; `answers` tells whether it stands beside a step that is admitted or
    /// rejected.
    pub(super) fn read(value: &Value, answers: bool) -> Result<Self, BadFile> {
        let fields = Fields::read(value, "\"expect\"", "expect.", &KEYS)?;
        let mut wants = Vec::new();
        for key in value
            .as_object()
            .into_iter()
            .flat_map(|object| object.keys())
        {
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
        Ok(Self { wants })
    }

    /// The keys that are not as expected.
    pub(super) fn differences(&self, seen: &Snapshot, answer: Option<Answer>) -> Vec<Difference> {
        let differs = |(key, want, wanted): &(String, Want, Value)| {
            let actual = want.missed(seen, answer)?;
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
    fn missed(self, seen: &Snapshot, answer: Option<Answer>) -> Option<Value> {
        let rejection = answer.and_then(Result::err);
        let (holds, actual) = match self {
            Self::Admitted(wanted) => {
                let admitted = answer.is_some_and(|answer| answer.is_ok());
                (admitted == wanted, json!(admitted))
            }
            Self::Reason(wanted) => {
                let reason = rejection.map(Rejection::reason);
                (reason == wanted, json!(reason.map(Reason::as_str)))
            }
            Self::State(wanted) => (seen.state == wanted, json!(seen.state.as_str())),
            Self::Hold(wanted) => {
                let kind = seen.hold.as_ref().map(|hold| hold.kind);
                (kind == wanted, json!(kind.map(HoldKind::as_str)))
            }
            Self::RetryAfter(wanted) => {
                let told = rejection.map_or(seen.retry_after, Rejection::retry_after);
                let reason = rejection.map_or(seen.rejecting, |r| Some(r.reason()));
                let reach = if reason == Some(Reason::Open) {
                    reach(seen)
                } else {
                    Duration::ZERO
                };
                let holds = match (told, wanted) {
                    (Some(told), Some(wanted)) => told.abs_diff(wanted) <= reach,
                    (told, wanted) => told == wanted,
                };
                (holds, json!(told.map(duration::format)))
            }
            Self::Count(counter, wanted) => (counter(seen) == wanted, json!(counter(seen))),
        };
        (!holds).then_some(actual)
    }
}

/// How far the jitter can have moved the end of the present opening: a file names the time
/// without it, so the time is exact only where the jitter is 0.
fn reach(seen: &Snapshot) -> Duration {
    let jitter = seen.settings.jitter().ratio();
    let drawn = seen.why.as_ref().filter(|why| by_itself(why.cause));
    let Some(drawn) = drawn.and_then(|why| why.evidence.open_for) else {
        return Duration::ZERO;
    };
    if jitter == 0.0 {
        return Duration::ZERO;
    }
    // drawn = wait * U with U >= 1 - jitter, so wait <= drawn / (1 - jitter).
    Duration::try_from_secs_f64(drawn.as_secs_f64() * jitter / (1.0 - jitter))
        .unwrap_or(Duration::MAX)
}

const fn by_itself(cause: Cause) -> bool {
    matches!(
        cause,
        Cause::ConsecutiveFailures
            | Cause::FailureRate
            | Cause::FailureCount
            | Cause::SlowCallRate
            | Cause::Policy(_)
            | Cause::TrialFailed
            | Cause::TrialTimedOut
    )
}
