//! What is measured: one entry a metric. To add a metric, add an entry.
//!
//! Base units (seconds, ratios of 0 to 1). Counters start when the breaker is built; they restart
//! with the process.

use std::borrow::Cow;
use std::time::Duration;

use fusebox::{Cause, HoldKind, Reason, Recovery, State};

use crate::family::Kind::{self, Counter, Gauge};
use crate::family::Value::{Real, Whole};
use crate::scrape::{Circuit, Out};

/// One metric of a circuit.
pub(crate) struct Metric {
    /// Without the suffix of its kind.
    pub(crate) name: &'static str,
    pub(crate) help: &'static str,
    pub(crate) kind: Kind,
    pub(crate) read: fn(&Circuit<'_>, &mut Out<'_>),
}

/// All metrics of a circuit, in the order in which they are written.
pub(crate) const TABLE: &[Metric] = &[
    metric("circuit_breaker_state", Gauge, STATE, state),
    metric("circuit_breaker_hold_active", Gauge, HOLD_ACTIVE, holds),
    metric("circuit_breaker_calls", Counter, CALLS, calls),
    metric("circuit_breaker_outcomes", Counter, OUTCOMES, outcomes),
    metric(
        "circuit_breaker_slow_calls",
        Counter,
        SLOW_CALLS,
        slow_calls,
    ),
    metric(
        "circuit_breaker_late_outcomes",
        Counter,
        LATE_OUTCOMES,
        late_outcomes,
    ),
    metric("circuit_breaker_abandoned", Counter, ABANDONED, abandoned),
    metric("circuit_breaker_rejected", Counter, REJECTED, rejected),
    metric("circuit_breaker_fallback", Counter, FALLBACK, fallbacks),
    metric("circuit_breaker_trial_calls", Counter, TRIAL_CALLS, trials),
    metric(
        "circuit_breaker_recovery_attempts",
        Counter,
        RECOVERY_ATTEMPTS,
        recoveries,
    ),
    metric(
        "circuit_breaker_transitions",
        Counter,
        TRANSITIONS,
        transitions,
    ),
    metric(
        "circuit_breaker_open_seconds",
        Counter,
        OPEN_SECONDS,
        open_seconds,
    ),
    metric(
        "circuit_breaker_failure_ratio",
        Gauge,
        FAILURE_RATIO,
        failure_ratio,
    ),
    metric("circuit_breaker_slow_ratio", Gauge, SLOW_RATIO, slow_ratio),
    metric(
        "circuit_breaker_admission_ratio",
        Gauge,
        ADMISSION_RATIO,
        admission,
    ),
    metric(
        "circuit_breaker_next_trial_timestamp_seconds",
        Gauge,
        NEXT_TRIAL,
        next_trial,
    ),
    metric("circuit_breaker_branches", Gauge, BRANCHES, branches_known),
    metric(
        "circuit_breaker_branches_open",
        Gauge,
        BRANCHES_OPEN,
        branches_open,
    ),
    metric(
        "circuit_breaker_branches_held",
        Gauge,
        BRANCHES_HELD,
        branches_held,
    ),
    metric(
        "circuit_breaker_branches_evicted",
        Counter,
        BRANCHES_EVICTED,
        branches_evicted,
    ),
    metric(
        "circuit_breaker_branch_unkept_calls",
        Counter,
        BRANCH_UNKEPT,
        branch_unkept,
    ),
];

const STATE: &str = "State that callers feel: 0 closed, 1 open, 2 half-open.";
const HOLD_ACTIVE: &str = "1 while an operator's hold of this mode is set.";
const CALLS: &str = "Calls by result; blocked ones were rejected.";
const OUTCOMES: &str = "Recorded outcomes, ignored ones included.";
const SLOW_CALLS: &str = "Calls that took longer than slow_call_duration.";
const LATE_OUTCOMES: &str = "Outcomes that came too late to be judged.";
const ABANDONED: &str = "Permits dropped without an outcome.";
const REJECTED: &str = "Calls rejected, by reason.";
const FALLBACK: &str = "Fallbacks given, by type.";
const TRIAL_CALLS: &str = "Trial calls by verdict.";
const RECOVERY_ATTEMPTS: &str = "Half-open periods that trials ended, by result.";
const TRANSITIONS: &str = "Transitions by states and cause.";
const OPEN_SECONDS: &str = "Time spent open.";
const FAILURE_RATIO: &str = "Failures among the window's calls; absent below minimum_calls.";
const SLOW_RATIO: &str = "Slow calls among the window's calls; absent below minimum_calls.";
const ADMISSION_RATIO: &str = "Share of calls admitted; absent in half-open, which counts places.";
const NEXT_TRIAL: &str = "When trials will be let through, in Unix time; absent unless known.";
const BRANCHES: &str = "Keys that have a branch; absent where the circuit is not keyed.";
const BRANCHES_OPEN: &str = "Branches that are open or half-open.";
const BRANCHES_HELD: &str = "Branches under a hold.";
const BRANCHES_EVICTED: &str = "Branches that went because the table was full, by state.";
const BRANCH_UNKEPT: &str = "Calls whose key had no place: judged by the circuit alone.";

const fn metric(
    name: &'static str,
    kind: Kind,
    help: &'static str,
    read: fn(&Circuit<'_>, &mut Out<'_>),
) -> Metric {
    Metric {
        name,
        help,
        kind,
        read,
    }
}

fn state(circuit: &Circuit<'_>, out: &mut Out<'_>) {
    out.put(Whole(match circuit.reading.snapshot.effective_state() {
        State::Closed => 0,
        State::Open => 1,
        State::HalfOpen => 2,
    }));
}

fn holds(circuit: &Circuit<'_>, out: &mut Out<'_>) {
    let held = circuit.reading.snapshot.hold.as_ref().map(|hold| hold.kind);
    for mode in [HoldKind::ForcedOpen, HoldKind::Disabled, HoldKind::Observe] {
        out.put_with("mode", mode.as_str(), Whole(u64::from(held == Some(mode))));
    }
}

fn calls(circuit: &Circuit<'_>, out: &mut Out<'_>) {
    let totals = &circuit.reading.snapshot.totals;
    out.put_with("result", "success", Whole(totals.success));
    out.put_with("result", "failure", Whole(totals.failure));
    out.put_with("result", "blocked", Whole(totals.rejected_total()));
}

fn outcomes(circuit: &Circuit<'_>, out: &mut Out<'_>) {
    let totals = &circuit.reading.snapshot.totals;
    out.put_with("outcome", "success", Whole(totals.success));
    out.put_with("outcome", "failure", Whole(totals.failure));
    out.put_with("outcome", "ignored", Whole(totals.ignored));
}

fn slow_calls(circuit: &Circuit<'_>, out: &mut Out<'_>) {
    out.put(Whole(circuit.reading.snapshot.totals.slow));
}

fn late_outcomes(circuit: &Circuit<'_>, out: &mut Out<'_>) {
    out.put(Whole(circuit.reading.snapshot.totals.late));
}

fn abandoned(circuit: &Circuit<'_>, out: &mut Out<'_>) {
    out.put(Whole(circuit.reading.snapshot.totals.abandoned));
}

fn open_seconds(circuit: &Circuit<'_>, out: &mut Out<'_>) {
    out.put(Real(circuit.reading.snapshot.open_time.as_secs_f64()));
}

fn rejected(circuit: &Circuit<'_>, out: &mut Out<'_>) {
    for reason in Reason::ALL {
        let count = circuit.reading.snapshot.totals.rejected(reason);
        out.put_with("reason", reason.as_str(), Whole(count));
    }
}

fn fallbacks(circuit: &Circuit<'_>, out: &mut Out<'_>) {
    for (kind, count) in circuit.reading.fallbacks {
        out.push(
            vec![("fallback_type", Cow::Owned((*kind).to_owned()))],
            Whole(*count),
        );
    }
}

fn trials(circuit: &Circuit<'_>, out: &mut Out<'_>) {
    let trials = &circuit.reading.snapshot.trials;
    out.put_with("result", "success", Whole(trials.succeeded));
    out.put_with("result", "failure", Whole(trials.failed));
}

/// An attempt is a time in half-open that trials ended; one that a hand ended says nothing about
/// recovery.
fn recoveries(circuit: &Circuit<'_>, out: &mut Out<'_>) {
    let (mut succeeded, mut failed) = (0, 0);
    for counted in &circuit.reading.snapshot.transition_counts {
        match counted.cause {
            Cause::TrialsSucceeded => succeeded += counted.count,
            Cause::TrialFailed | Cause::TrialTimedOut => failed += counted.count,
            _ => {}
        }
    }
    out.put_with("result", "success", Whole(succeeded));
    out.put_with("result", "failure", Whole(failed));
}

fn transitions(circuit: &Circuit<'_>, out: &mut Out<'_>) {
    for counted in &circuit.reading.snapshot.transition_counts {
        let (from, to, cause) = (counted.from, counted.to, counted.cause);
        let own = [
            ("from", from.as_str()),
            ("to", to.as_str()),
            ("cause", cause.as_str()),
        ];
        out.push(
            own.map(|(label, of)| (label, Cow::Borrowed(of))).into(),
            Whole(counted.count),
        );
    }
}

fn failure_ratio(circuit: &Circuit<'_>, out: &mut Out<'_>) {
    ratio(circuit, circuit.reading.snapshot.window.failures, out);
}

fn slow_ratio(circuit: &Circuit<'_>, out: &mut Out<'_>) {
    // Without a limit nothing is slow, and a ratio of 0 would claim that something had been
    // measured.
    if circuit
        .reading
        .snapshot
        .settings
        .slow_call_duration()
        .is_some()
    {
        ratio(circuit, circuit.reading.snapshot.window.slow, out);
    }
}

/// A rate over fewer calls than `minimum_calls` is undefined (R3), so there is no sample.
fn ratio(circuit: &Circuit<'_>, of: u64, out: &mut Out<'_>) {
    let snapshot = circuit.reading.snapshot;
    let calls = snapshot.window.calls;
    if calls > 0 && calls >= u64::from(snapshot.settings.minimum_calls()) {
        #[allow(clippy::cast_precision_loss)] // a window holds far fewer than 2^53 calls
        out.put(Real(of as f64 / calls as f64));
    }
}

fn admission(circuit: &Circuit<'_>, out: &mut Out<'_>) {
    let snapshot = circuit.reading.snapshot;
    match snapshot.effective_state() {
        State::Open => out.put(Real(0.0)),
        State::HalfOpen => {}
        // A hold that admits all calls suspends the ramp, too.
        State::Closed if snapshot.hold.is_some() => out.put(Real(1.0)),
        State::Closed => out.put(Real(snapshot.ramp.unwrap_or(1.0))),
    }
}

fn next_trial(circuit: &Circuit<'_>, out: &mut Out<'_>) {
    let snapshot = circuit.reading.snapshot;
    let leads_to_trials = match snapshot.rejecting {
        Some(Reason::Open) => true,
        // The end of this hold is half-open, except under manual recovery, which keeps the state it
        // had.
        Some(Reason::ForcedOpen) => snapshot.settings.recovery() == Recovery::Automatic,
        _ => false,
    };
    if let (true, Some(wait)) = (leads_to_trials, snapshot.retry_after) {
        out.put(Real(to_the_millisecond(circuit.wall + wait)));
    }
}

/// Finer digits would only show how long the scrape took.
fn to_the_millisecond(instant: Duration) -> f64 {
    #[allow(clippy::cast_precision_loss)] // milliseconds since 1970 stay below 2^53
    let milliseconds = instant.as_millis() as f64;
    milliseconds / 1000.0
}

// Numbers of branches only: a label with a key would make a series of each.

fn branches_known(circuit: &Circuit<'_>, out: &mut Out<'_>) {
    if let Some(branches) = &circuit.reading.snapshot.branches {
        out.put(Whole(branches.known));
    }
}

fn branches_open(circuit: &Circuit<'_>, out: &mut Out<'_>) {
    if let Some(branches) = &circuit.reading.snapshot.branches {
        out.put(Whole(branches.open));
    }
}

fn branches_held(circuit: &Circuit<'_>, out: &mut Out<'_>) {
    if let Some(branches) = &circuit.reading.snapshot.branches {
        out.put(Whole(branches.held));
    }
}

fn branches_evicted(circuit: &Circuit<'_>, out: &mut Out<'_>) {
    if let Some(branches) = &circuit.reading.snapshot.branches {
        out.put_with("state", "closed", Whole(branches.evicted));
        out.put_with("state", "open", Whole(branches.evicted_open));
    }
}

fn branch_unkept(circuit: &Circuit<'_>, out: &mut Out<'_>) {
    if let Some(branches) = &circuit.reading.snapshot.branches {
        out.put(Whole(branches.unkept));
    }
}
