//! The policies of a file, and others that may come to the same in it.

use crate::peer::{Described, Feature};
use crate::settings::{Settings, Window};
use serde_json::{Map, Value};

/// The settings that say what opens.
const POLICY: [&str; 7] = [
    "consecutive_failures",
    "failure_rate",
    "failure_count",
    "window",
    "minimum_calls",
    "slow_call_rate",
    "slow_call_duration",
];

/// Writes a policy in place of those of the second.
type Policy = fn(&mut Map<String, Value>, &Map<String, Value>);

/// The policies that are in force.
pub(crate) fn needed(settings: &Settings, peer: &Described) -> Vec<Feature> {
    let slow = settings.slow.is_some() && peer.promises(Feature::Slow);
    let [rate, count] = windowed(settings);
    let policies = [
        (settings.run.is_some(), Feature::Run),
        (settings.rate.is_some() || slow, rate),
        (settings.count.is_some(), count),
    ];
    policies
        .into_iter()
        .filter_map(|(is, policy)| is.then_some(policy))
        .collect()
}

/// One policy that this breaker has in place of all those of a file, the simplest first.
pub(crate) fn others(
    peer: &Described,
    settings: &Settings,
    success_opens: bool,
) -> impl Iterator<Item = impl Fn(&mut Map<String, Value>)> {
    let [of_rate, _] = windowed(settings);
    let judges = !success_opens || peer.promises(Feature::SuccessJudges);
    let rate = judges && settings.rate.is_some();
    let slow = judges && settings.slow.is_some() && peer.promises(Feature::Slow);
    let ways: [(bool, Feature, Policy); 6] = [
        (true, Feature::Run, run),
        (true, Feature::CountRate, all),
        (true, Feature::TimeCount, count),
        (rate, of_rate, rate_alone),
        (slow, of_rate, slow_alone),
        (slow, Feature::CountRate, all_or_slow),
    ];
    let ways = ways.map(|(may, feature, policy)| (may && peer.promises(feature), policy));
    ways.into_iter().filter(|(may, _)| *may).map(|(_, policy)| {
        move |breaker: &mut Map<String, Value>| {
            let old = breaker.clone();
            breaker.retain(|key, _| !POLICY.contains(&key.as_str()));
            policy(breaker, &old);
        }
    })
}

fn run(breaker: &mut Map<String, Value>, old: &Map<String, Value>) {
    set(breaker, "consecutive_failures", threshold(old));
}

fn all(breaker: &mut Map<String, Value>, old: &Map<String, Value>) {
    set(breaker, "failure_rate", "100%");
    set(breaker, "window", format!("{} calls", threshold(old)));
    set(breaker, "minimum_calls", threshold(old));
}

fn count(breaker: &mut Map<String, Value>, old: &Map<String, Value>) {
    set(breaker, "failure_count", threshold(old));
    set(breaker, "window", "24h");
}

fn rate_alone(breaker: &mut Map<String, Value>, old: &Map<String, Value>) {
    set(breaker, "failure_rate", "50%");
    keep(breaker, old, &["failure_rate", "window", "minimum_calls"]);
}

/// A slow rate is never without another policy: here one that a window of failures alone meets.
fn slow_alone(breaker: &mut Map<String, Value>, old: &Map<String, Value>) {
    set(breaker, "failure_rate", "100%");
    keep(breaker, old, &["window", "minimum_calls"]);
    keep(breaker, old, &["slow_call_rate", "slow_call_duration"]);
}

fn all_or_slow(breaker: &mut Map<String, Value>, old: &Map<String, Value>) {
    all(breaker, old);
    keep(breaker, old, &["slow_call_rate", "slow_call_duration"]);
}

fn set(breaker: &mut Map<String, Value>, key: &str, value: impl Into<Value>) {
    breaker.insert(key.to_owned(), value.into());
}

fn keep(breaker: &mut Map<String, Value>, old: &Map<String, Value>, keys: &[&str]) {
    for (key, value) in old.iter().filter(|(key, _)| keys.contains(&key.as_str())) {
        breaker.insert(key.clone(), value.clone());
    }
}

/// How many failures open.
fn threshold(breaker: &Map<String, Value>) -> u64 {
    let number = |key: &str| breaker.get(key).and_then(Value::as_u64);
    let named = number("consecutive_failures").or(number("failure_count"));
    named.unwrap_or(5)
}

/// What a rate and a count are called with this window.
fn windowed(settings: &Settings) -> [Feature; 2] {
    match settings.window {
        Window::Calls(_) => [Feature::CountRate, Feature::CountCount],
        Window::Time(_) => [Feature::TimeRate, Feature::TimeCount],
    }
}
