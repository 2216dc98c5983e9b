//! Eviction under every interleaving: a table with room for one key.

use super::BranchSettings;
use crate::breaker::CircuitBreaker;
use crate::clock::ManualClock;
use crate::counters::slot::pretend;
use crate::event::{Author, HoldRequest};
use crate::outcome::FailureClass;
use crate::settings::Settings;
use crate::word::{HoldKind, State};
use std::sync::Arc;

/// A branch opens at its first failure, the circuit at none.
fn one_key() -> Arc<CircuitBreaker> {
    let run = |n| Settings::builder().consecutive_failures(n).build().unwrap();
    let branches = BranchSettings::builder().keys_max(1).breaker(run(1));
    let builder = CircuitBreaker::builder("loom").settings(run(9));
    let builder = builder.clock(ManualClock::new()).count_calls(false);
    let builder = builder.branches(branches.build().unwrap());
    Arc::new(builder.seed(1).build().unwrap())
}

fn succeed(circuit: &CircuitBreaker, key: &str) {
    circuit.acquire_key(key).unwrap().success();
}

/// Runs `work` on a thread of its own, beside which this one goes on.
fn beside<T: 'static>(
    circuit: &Arc<CircuitBreaker>,
    work: impl FnOnce(Arc<CircuitBreaker>) -> T + 'static,
) -> loom::thread::JoinHandle<T> {
    pretend(0);
    let circuit = Arc::clone(circuit);
    loom::thread::spawn(move || {
        pretend(1);
        work(circuit)
    })
}

#[test]
fn loom_an_outcome_of_an_evicted_branch_reaches_no_other() {
    loom::model(|| {
        let circuit = one_key();
        pretend(0);
        let old = CircuitBreaker::acquire_key_from(Arc::clone(&circuit), Some("a")).unwrap();
        let failing = beside(&circuit, move |_| old.failure(FailureClass::Other));
        succeed(&circuit, "b");
        failing.join().unwrap();
        let stats = circuit.branches();
        assert_eq!((stats.known, stats.open), (1, 0), "{stats:?}");
        assert_eq!(stats.evicted + stats.evicted_open, 1, "{stats:?}");
        // Whatever became of the other one, this key works.
        succeed(&circuit, "b");
    });
}

#[test]
fn loom_two_new_keys_keep_the_bound() {
    loom::model(|| {
        let circuit = one_key();
        let other = beside(&circuit, |circuit| succeed(&circuit, "a"));
        succeed(&circuit, "b");
        other.join().unwrap();
        let stats = circuit.branches();
        assert_eq!(stats.known, 1, "{stats:?}");
        assert_eq!(stats.evicted + stats.unkept, 1, "{stats:?}");
    });
}

/// A held branch never goes (R19).
#[test]
fn loom_a_hold_is_not_lost_in_the_eviction_of_its_branch() {
    loom::model(|| {
        let circuit = one_key();
        let other = beside(&circuit, |circuit| succeed(&circuit, "b"));
        let held = circuit.hold_branch(
            "a",
            HoldRequest {
                kind: HoldKind::ForcedOpen,
                reason: "loom".to_owned(),
                author: Author::system(),
                for_: None,
            },
        );
        other.join().unwrap();
        let hold = circuit.branch("a").and_then(|branch| branch.hold);
        assert_eq!(hold.is_some(), held);
        assert_eq!(circuit.branches().held, u64::from(held));
    });
}

/// An open branch goes only when there is no closed one: here the newer one is closed.
#[test]
fn loom_an_opening_by_hand_is_not_lost_in_the_eviction_of_its_branch() {
    loom::model(|| {
        let circuit = one_key();
        let other = beside(&circuit, |circuit| succeed(&circuit, "b"));
        let by = Author::system();
        let opened = circuit.transition_branch("a", State::Open, &by).unwrap();
        other.join().unwrap();
        let stats = circuit.branches();
        let is_open = circuit.branch("a").is_some_and(|a| a.state == State::Open);
        // Gone without being counted as an open one it can only be if it was not opened.
        assert_eq!(is_open || stats.evicted_open == 1, opened, "{stats:?}");
    });
}
