//! Circuits, branches and the main breaker as JSON.

use std::time::Duration;

use fusebox::{
    Author, BranchStats, Cause, Evidence, FailureClass, Hold, MainOpening, Reason, Snapshot, Tick,
    Why,
};
use serde_json::{Map, Value, json};

use crate::wall::Wall;
use fusebox::Listed;

/// The circuit as it is now.
pub(crate) fn circuit(entry: &Listed) -> Value {
    let snapshot = entry.circuit.snapshot();
    let mut circuit = breaker("name", &snapshot.name, &snapshot);
    circuit["priority"] = entry.priority.into();
    circuit["settings"] = settings(&snapshot).into();
    circuit["branches"] = snapshot.branches.map(branches).into();
    circuit
}

/// One branch as it was a moment ago, in the words of a circuit. What every branch shares with
/// the others is told with the circuit.
pub(crate) fn branch(key: &str, snapshot: &Snapshot) -> Value {
    breaker("key", key, snapshot)
}

/// What a circuit and a branch have in common, under what each is called by.
fn breaker(called: &str, name: &str, snapshot: &Snapshot) -> Value {
    let wall = Wall::of(snapshot);
    json!({
        called: name,
        "state": snapshot.state.as_str(),
        "hold": snapshot.hold.as_ref().map(|held| hold(held, &wall)),
        "since": wall.at(snapshot.since),
        "generation": snapshot.generation,
        "retry_after": snapshot.retry_after.map(seconds),
        "why": snapshot.why.as_ref().map(why),
        "totals": {
            "success": snapshot.totals.success,
            "failure": snapshot.totals.failure,
            "ignored": snapshot.totals.ignored,
            "late": snapshot.totals.late,
        },
        "rejected": rejected(snapshot),
        "window": {
            "calls": snapshot.window.calls,
            "failures": snapshot.window.failures,
            "slow": snapshot.window.slow,
            "failure_rate": failure_rate(snapshot),
        },
        "consecutive_failures": snapshot.consecutive_failures,
        "in_flight": snapshot.in_flight,
    })
}

fn branches(stats: BranchStats) -> Value {
    json!({
        "known": stats.known,
        "open": stats.open,
        "held": stats.held,
        "evicted": stats.evicted,
        "evicted_open": stats.evicted_open,
        "unkept": stats.unkept,
    })
}

/// The main breaker; `now` is the time on its clock.
pub(crate) fn main(opening: Option<&MainOpening>, now: Tick) -> Value {
    let wall = Wall::now_is(now);
    let reason = opening.map(|opening| opening.reason.as_str());
    json!({
        "state": if opening.is_some() { "open" } else { "closed" },
        "reason": reason.filter(|reason| !reason.is_empty()),
        "author": opening.map(|opening| opening.by.as_str()),
        "since": opening.map(|opening| wall.at(opening.since)),
        "circuit": opening.and_then(|opening| opening.circuit.as_deref()),
    })
}

fn hold(hold: &Hold, wall: &Wall) -> Value {
    json!({
        "kind": hold.kind.as_str(),
        "reason": hold.reason,
        "author": hold.author.as_str(),
        "since": wall.at(hold.since),
        "until": hold.until.map(|until| wall.at(until)),
    })
}

fn why(why: &Why) -> Value {
    json!({ "cause": why.cause.as_str(), "evidence": evidence(why.cause, &why.evidence) })
}

/// The numbers that decided, and the same as a sentence in `text`.
fn evidence(cause: Cause, evidence: &Evidence) -> Value {
    json!({
        "text": evidence.explain(cause),
        "calls": evidence.calls,
        "failures": evidence.failures,
        "slow": evidence.slow,
        "consecutive_failures": evidence.consecutive_failures,
        "trial_successes": evidence.trial_successes,
        "trial_failures": evidence.trial_failures,
        "class": evidence.class.map(FailureClass::as_str),
        "open_for": evidence.open_for.map(fusebox::duration::rounded),
        "by": evidence.by.as_ref().map(Author::as_str),
    })
}

fn rejected(snapshot: &Snapshot) -> Map<String, Value> {
    let count = |reason: Reason| snapshot.totals.rejected(reason);
    Reason::ALL
        .into_iter()
        .map(|reason| (reason.as_str().into(), count(reason).into()))
        .collect()
}

/// A ratio of 0 to 1; null below `minimum_calls`, where a rate is undefined (R3).
fn failure_rate(snapshot: &Snapshot) -> Option<f64> {
    let calls = snapshot.window.calls;
    let enough = calls > 0 && calls >= u64::from(snapshot.settings.minimum_calls());
    #[allow(clippy::cast_precision_loss)] // a window holds far fewer than 2^53 calls
    enough.then(|| snapshot.window.failures as f64 / calls as f64)
}

/// The effective settings in the textual form of the settings file.
fn settings(snapshot: &Snapshot) -> Map<String, Value> {
    let entries = snapshot.settings.entries();
    entries
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value.into()))
        .collect()
}

/// Seconds to the millisecond, rounded up: who waits so long is not too early.
fn seconds(duration: Duration) -> f64 {
    #[allow(clippy::cast_precision_loss)] // exact up to 2^53 ms
    let milliseconds = millis_up(duration) as f64;
    milliseconds / 1000.0
}

fn millis_up(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_rounded_up_to_the_millisecond() {
        assert!((seconds(Duration::from_nanos(1)) - 0.001).abs() < f64::EPSILON);
        assert!((seconds(Duration::from_millis(12_300)) - 12.3).abs() < f64::EPSILON);
        assert!(seconds(Duration::ZERO).abs() < f64::EPSILON);
    }
}
