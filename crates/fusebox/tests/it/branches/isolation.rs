//! One dead key is rejected alone; when all fail the circuit opens.

use crate::stand::{breaker, percent, secs};
use fusebox::{
    BranchSettings, Builder, CircuitBreaker, FailureClass, ManualClock, Reason, State, WindowSize,
};
use std::sync::Arc;

fn keyed(set: impl FnOnce(Builder) -> Builder) -> (Arc<CircuitBreaker>, ManualClock) {
    breaker(|b| set(b.branches(BranchSettings::default())))
}

fn call(circuit: &CircuitBreaker, key: &str, ok: bool) -> bool {
    match circuit.acquire_key(key) {
        Ok(permit) if ok => drop(permit.success()),
        Ok(permit) => drop(permit.failure(FailureClass::Connect)),
        Err(_) => return false,
    }
    true
}

/// Every policy that an aggregate can have.
fn policies() -> [fn(Builder) -> Builder; 4] {
    [
        |b| b,
        |b| b.consecutive_failures(5),
        |b| {
            b.failure_rate(percent("10%"))
                .minimum_calls(10)
                .window(WindowSize::Calls(100))
        },
        |b| b.failure_count(5).window(WindowSize::Time(secs(10))),
    ]
}

#[test]
fn one_dead_key_of_ten_is_rejected_alone() {
    for policy in policies() {
        let (circuit, clock) = keyed(policy);
        let keys: Vec<String> = (0..10).map(|n| format!("shard-{n}")).collect();
        let mut rejected = 0;
        for round in 0..400 {
            for (n, key) in keys.iter().enumerate() {
                let admitted = call(&circuit, key, n != 7);
                assert!(admitted || n == 7, "{key} in round {round}");
                rejected += u32::from(!admitted);
            }
            clock.advance(std::time::Duration::from_millis(50));
        }
        assert_eq!(circuit.state(), State::Closed, "{:?}", circuit.snapshot());
        assert!(rejected > 300, "{rejected} of 400 calls for the dead key");
        assert_ne!(circuit.branch("shard-7").unwrap().state, State::Closed);
        assert_eq!(circuit.branch("shard-6").unwrap().state, State::Closed);
        assert_eq!(circuit.branches().known, 10);
        assert_eq!(circuit.worst_branches(1)[0].0, "shard-7");
    }
}

#[test]
fn when_all_keys_fail_the_circuit_opens_as_a_whole() {
    for policy in policies() {
        let (circuit, _) = keyed(policy);
        for n in 0..10 {
            call(&circuit, &format!("shard-{n}"), true);
        }
        for n in 0..100 {
            call(&circuit, &format!("shard-{}", n % 10), false);
        }
        assert_eq!(circuit.state(), State::Open);
        let rejection = circuit.acquire_key("never seen").unwrap_err();
        assert_eq!(rejection.reason(), Reason::Open);
        assert_eq!(
            circuit.branches().known,
            10,
            "a rejected key takes no place"
        );
    }
}

#[test]
fn fewer_keys_than_the_minimum_are_enough_if_they_are_all() {
    let (circuit, _) = keyed(|b| b.consecutive_failures(4));
    for _ in 0..2 {
        call(&circuit, "a", false);
        call(&circuit, "b", false);
    }
    assert_eq!(circuit.state(), State::Open);
}

#[test]
fn a_branch_recovers_through_its_own_trials() {
    let (circuit, clock) = keyed(|b| b.consecutive_failures(3).open_for(secs(5)));
    for key in ["a", "b", "c", "d"] {
        call(&circuit, key, true);
    }
    for _ in 0..3 {
        call(&circuit, "a", false);
    }
    let rejection = circuit.acquire_key("a").unwrap_err();
    assert_eq!(rejection.reason(), Reason::Open);
    assert_eq!(rejection.retry_after(), Some(secs(5)));
    clock.advance(secs(5));
    let trial = circuit.acquire_key("a").unwrap();
    assert!(trial.is_trial());
    assert_eq!(
        circuit.acquire_key("a").unwrap_err().reason(),
        Reason::HalfOpen
    );
    trial.success();
    assert!(call(&circuit, "a", true));
    assert_eq!(circuit.branch("a").unwrap().state, State::Closed);
    assert_eq!(circuit.state(), State::Closed);
}
