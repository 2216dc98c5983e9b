//! What is measured: one entry a metric. To add a metric, add an entry.
//!
//! Base units (seconds, ratios of 0 to 1). Counters start when the breaker is built; they restart
//! with the process.

use std::time::Duration;

use fusebox::{Cause, Durations, FailureClass, HoldKind, Reason, Recovery, State};

use crate::family::Kind::{self, Counter, Gauge, Histogram};
use crate::family::Value::{Real, Spread, Whole};
use crate::family::{self, Own, Word};
use crate::scrape::{Circuit, Out};

/// One metric of a circuit.
pub(crate) struct Metric {
    /// Without the prefix of its set of names and the suffix of its kind.
    pub(crate) name: &'static str,
    /// The same under the other set of names.
    pub(crate) enhanced: &'static str,
    pub(crate) help: &'static str,
    pub(crate) kind: Kind,
    pub(crate) read: fn(&Circuit<'_>, &mut Out<'_>),
}

/// All metrics of a circuit, in the order in which they are written.
pub(crate) const TABLE: &[Metric] = &[
    metric("state", Gauge, STATE, state),
    metric("hold_active", Gauge, HOLD_ACTIVE, holds),
    metric("calls", Counter, CALLS, calls).renamed("requests"),
    metric("outcomes", Counter, OUTCOMES, outcomes),
    metric("failures", Counter, FAILURES, failures),
    metric("call_duration_seconds", Histogram, CALL_DURATION, durations)
        .renamed("response_time_seconds"),
    metric("slow_calls", Counter, SLOW_CALLS, slow_calls),
    metric("late_outcomes", Counter, LATE_OUTCOMES, late_outcomes),
    metric("abandoned", Counter, ABANDONED, abandoned),
    metric("rejected", Counter, REJECTED, rejected),
    metric("fallback", Counter, FALLBACK, fallbacks).renamed("fallbacks"),
    metric("trial_calls", Counter, TRIAL_CALLS, trials),
    metric("recovery_attempts", Counter, RECOVERY_ATTEMPTS, recoveries),
    metric("transitions", Counter, TRANSITIONS, transitions),
    metric("open_seconds", Counter, OPEN_SECONDS, open_seconds),
    metric("failure_ratio", Gauge, FAILURE_RATIO, failure_ratio),
    metric(
        "failure_ratio_threshold",
        Gauge,
        FAILURE_RATIO_THRESHOLD,
        failure_ratio_threshold,
    ),
    metric("slow_ratio", Gauge, SLOW_RATIO, slow_ratio),
    metric("admission_ratio", Gauge, ADMISSION_RATIO, admission),
    metric(
        "next_trial_timestamp_seconds",
        Gauge,
        NEXT_TRIAL,
        next_trial,
    ),
    metric("branches", Gauge, BRANCHES, branches_known),
    metric("branches_open", Gauge, BRANCHES_OPEN, branches_open),
    metric("branches_held", Gauge, BRANCHES_HELD, branches_held),
    metric(
        "branches_evicted",
        Counter,
        BRANCHES_EVICTED,
        branches_evicted,
    ),
    metric("branch_unkept_calls", Counter, BRANCH_UNKEPT, branch_unkept),
];

const STATE: &str = "State that callers feel: 0 closed, 1 open, 2 half-open.";
const HOLD_ACTIVE: &str = "1 while an operator's hold of this mode is set.";
const CALLS: &str = "Calls by result; blocked ones were rejected.";
const OUTCOMES: &str = "Recorded outcomes, ignored ones included.";
const FAILURES: &str = "Recorded failures, by kind.";
const CALL_DURATION: &str = "Time from admission to the head of the answer, where it is measured.";
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
const FAILURE_RATIO_THRESHOLD: &str =
    "The failure_ratio that opens it; absent where no failure_rate is set.";
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
        enhanced: name,
        help,
        kind,
        read,
    }
}

impl Metric {
    const fn renamed(mut self, enhanced: &'static str) -> Self {
        self.enhanced = enhanced;
        self
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
    let label = circuit.names.pick("result", "status");
    out.put_with(label, "success", Whole(totals.success));
    out.put_with(label, "failure", Whole(totals.failure));
    out.put_with(label, "blocked", Whole(totals.rejected_total()));
}

fn outcomes(circuit: &Circuit<'_>, out: &mut Out<'_>) {
    let totals = &circuit.reading.snapshot.totals;
    out.put_with("outcome", "success", Whole(totals.success));
    out.put_with("outcome", "failure", Whole(totals.failure));
    out.put_with("outcome", "ignored", Whole(totals.ignored));
}

fn failures(circuit: &Circuit<'_>, out: &mut Out<'_>) {
    let totals = &circuit.reading.snapshot.totals;
    let label = circuit.names.pick("class", "error_type");
    for class in FailureClass::ALL {
        out.put_with(label, class.as_str(), Whole(totals.failures(class)));
    }
}

/// Absent until somebody has measured a call: a histogram of nothing would look like calls that
/// took no time.
fn durations(circuit: &Circuit<'_>, out: &mut Out<'_>) {
    if let Some(durations) = circuit.reading.durations {
        let bounds = Durations::BOUNDS.iter().map(Duration::as_secs_f64);
        let buckets = bounds.chain([f64::INFINITY]).zip(durations.counts);
        out.put(Spread(Box::new(family::Spread {
            buckets: buckets.collect(),
            sum: durations.sum.as_secs_f64(),
        })));
    }
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
        let kind = Word::Named((*kind).into());
        out.push(Own::One("fallback_type", kind), Whole(*count));
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
        let own = own.map(|(label, of)| (label, Word::Fixed(of)));
        out.push(Own::Many(Box::new(own)), Whole(counted.count));
    }
}

fn failure_ratio(circuit: &Circuit<'_>, out: &mut Out<'_>) {
    ratio(circuit, circuit.reading.snapshot.window.failures, out);
}

fn failure_ratio_threshold(circuit: &Circuit<'_>, out: &mut Out<'_>) {
    if let Some(rate) = circuit.reading.snapshot.settings.failure_rate() {
        out.put(Real(rate.ratio()));
    }
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
