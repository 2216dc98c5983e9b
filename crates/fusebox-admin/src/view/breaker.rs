//! What a circuit and a branch have in common.

use fusebox::{Author, Cause, Evidence, FailureClass, Hold, Reason, Snapshot, Why};
use serde::Serialize;
use utoipa::ToSchema;

use super::seconds;
use crate::wall::Wall;

/// A breaker at one instant.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Breaker)]
pub(crate) struct Breaker {
    /// The state of the machine, also under a hold.
    #[schema(value_type = StateWord)]
    state: &'static str,
    #[schema(required)]
    hold: Option<HoldView>,
    /// When the state began.
    #[schema(format = DateTime)]
    since: String,
    /// Raised by every transition, hold change and reset.
    generation: u32,
    /// Seconds after which a call would be admitted; null where one would be now, or where no
    /// time is known.
    #[schema(required)]
    retry_after: Option<f64>,
    /// What led to the state; null before the first transition.
    #[schema(required)]
    why: Option<WhyView>,
    totals: Totals,
    /// Calls that were not admitted since the start, by reason.
    #[schema(value_type = std::collections::BTreeMap<String, u64>)]
    rejected: Rejected,
    window: Window,
    consecutive_failures: u32,
    /// Trials in flight.
    in_flight: u32,
}

/// The state of a breaker.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[allow(dead_code, reason = "the schema of the core's words")]
pub(crate) enum StateWord {
    Closed,
    Open,
    HalfOpen,
}

/// The kinds of holds.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[allow(dead_code, reason = "the schema of the core's words")]
pub(crate) enum HoldWord {
    ForcedOpen,
    Disabled,
    Observe,
}

/// An operator's hold.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Hold)]
struct HoldView {
    #[schema(value_type = HoldWord)]
    kind: &'static str,
    reason: String,
    author: String,
    #[schema(format = DateTime)]
    since: String,
    /// When it ends by itself; null: never.
    #[schema(required, format = DateTime)]
    until: Option<String>,
}

/// What led to a state.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Why)]
struct WhyView {
    /// `consecutive_failures`, `failure_rate`, `trial_failed`, `hand`, …, or the name of a trip
    /// policy of the program's own.
    cause: &'static str,
    evidence: EvidenceView,
}

/// The numbers that decided.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Evidence)]
struct EvidenceView {
    /// The same as a sentence.
    text: String,
    calls: u64,
    failures: u64,
    slow: u64,
    consecutive_failures: u32,
    trial_successes: u32,
    trial_failures: u32,
    /// The kind of the failure that decided.
    #[schema(required)]
    class: Option<&'static str>,
    /// How long the circuit stays open; null until somebody closes it, or where nothing opened.
    #[schema(required)]
    open_for: Option<String>,
    /// Who did it, where somebody did.
    #[schema(required)]
    by: Option<String>,
}

/// Calls since the start, by outcome.
#[derive(Debug, Serialize, ToSchema)]
struct Totals {
    success: u64,
    failure: u64,
    ignored: u64,
    late: u64,
}

/// The calls that rates look at.
#[derive(Debug, Serialize, ToSchema)]
struct Window {
    calls: u64,
    failures: u64,
    slow: u64,
    /// 0 to 1; null below `minimum_calls`, where a rate is undefined (R3).
    #[schema(required)]
    failure_rate: Option<f64>,
}

/// Counts by reason, in the order of the core's list.
#[derive(Debug)]
struct Rejected([u64; Reason::ALL.len()]);

impl Serialize for Rejected {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(Reason::ALL.iter().map(|reason| reason.as_str()).zip(self.0))
    }
}

/// One branch, in the words of a circuit. What every branch shares with the others is told with
/// the circuit.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Branch {
    key: String,
    #[serde(flatten)]
    breaker: Breaker,
}

impl Branch {
    /// The branch as it was when the snapshot was taken, a moment ago.
    pub(crate) fn of(key: &str, snapshot: &Snapshot) -> Self {
        Self {
            key: key.to_owned(),
            breaker: Breaker::of(snapshot),
        }
    }
}

impl Breaker {
    pub(crate) fn of(snapshot: &Snapshot) -> Self {
        let wall = Wall::of(snapshot);
        let totals = &snapshot.totals;
        Self {
            state: snapshot.state.as_str(),
            hold: snapshot.hold.as_ref().map(|hold| HoldView::of(hold, &wall)),
            since: wall.at(snapshot.since),
            generation: snapshot.generation,
            retry_after: snapshot.retry_after.map(seconds),
            why: snapshot.why.as_ref().map(WhyView::of),
            totals: Totals {
                success: totals.success,
                failure: totals.failure,
                ignored: totals.ignored,
                late: totals.late,
            },
            rejected: Rejected(Reason::ALL.map(|reason| totals.rejected(reason))),
            window: Window {
                calls: snapshot.window.calls,
                failures: snapshot.window.failures,
                slow: snapshot.window.slow,
                failure_rate: failure_rate(snapshot),
            },
            consecutive_failures: snapshot.consecutive_failures,
            in_flight: snapshot.in_flight,
        }
    }
}

impl HoldView {
    fn of(hold: &Hold, wall: &Wall) -> Self {
        Self {
            kind: hold.kind.as_str(),
            reason: hold.reason.clone(),
            author: hold.author.as_str().to_owned(),
            since: wall.at(hold.since),
            until: hold.until.map(|until| wall.at(until)),
        }
    }
}

impl WhyView {
    fn of(why: &Why) -> Self {
        Self {
            cause: why.cause.as_str(),
            evidence: EvidenceView::of(why.cause, &why.evidence),
        }
    }
}

impl EvidenceView {
    fn of(cause: Cause, evidence: &Evidence) -> Self {
        Self {
            text: evidence.explain(cause),
            calls: evidence.calls,
            failures: evidence.failures,
            slow: evidence.slow,
            consecutive_failures: evidence.consecutive_failures,
            trial_successes: evidence.trial_successes,
            trial_failures: evidence.trial_failures,
            class: evidence.class.map(FailureClass::as_str),
            open_for: evidence.open_for.map(fusebox::duration::rounded),
            by: evidence.by.as_ref().map(|by| Author::as_str(by).to_owned()),
        }
    }
}

fn failure_rate(snapshot: &Snapshot) -> Option<f64> {
    let calls = snapshot.window.calls;
    let enough = calls > 0 && calls >= u64::from(snapshot.settings.minimum_calls());
    #[allow(clippy::cast_precision_loss)] // a window holds far fewer than 2^53 calls
    enough.then(|| snapshot.window.failures as f64 / calls as f64)
}
