//! What branches cost (R19, R22): bytes for each key that nothing is wrong with, and no allocation
//! on the way of a call.

use crate::counting::{allocations, allocations_of, live_bytes};
use fusebox::{
    Author, BranchSettings, CircuitBreaker, FailureClass, ManualClock, Rate, Reason, Settings,
    State, WindowSize,
};
use std::hint::black_box;
use std::time::Duration;

const RUNS: u32 = 100_000;

/// The key of a shop's terminal: 12 bytes. Written into a buffer, so that making it costs nothing.
fn key(number: u64, buffer: &mut [u8; 12]) -> &str {
    *buffer = *b"pos-00000000";
    let mut rest = number;
    for digit in buffer[4..].iter_mut().rev() {
        *digit = b'0' + u8::try_from(rest % 10).unwrap();
        rest /= 10;
    }
    std::str::from_utf8(buffer).unwrap()
}

fn succeed(circuit: &CircuitBreaker, key: &str) {
    circuit.acquire_key(key).unwrap().success();
}

fn settings(window: Option<WindowSize>) -> Settings {
    let hour = Duration::from_secs(3_600);
    let builder = Settings::builder().open_for(hour).open_for_max(hour);
    match window {
        None => builder.consecutive_failures(5),
        Some(window) => builder
            .failure_rate(Rate::parse("50%").unwrap())
            .window(window),
    }
    .build()
    .unwrap()
}

/// One keyed circuit for each kind of window.
fn circuits() -> Vec<CircuitBreaker> {
    let windows = [
        None,
        Some(WindowSize::Calls(100)),
        Some(WindowSize::Time(Duration::from_secs(10))),
    ];
    let keyed = |window| {
        let branches = BranchSettings::builder().keys_max(100_000);
        let builder = CircuitBreaker::builder("keyed").settings(settings(window));
        let builder = builder.branches(branches.build().unwrap());
        builder.build().unwrap()
    };
    windows.into_iter().map(keyed).collect()
}

#[test]
fn a_hundred_thousand_keys_cost_at_most_128_bytes_each() {
    const KEYS: u64 = 100_000;
    for circuit in circuits() {
        let before = live_bytes();
        let mut buffer = [0; 12];
        (0..KEYS).for_each(|n| succeed(&circuit, key(n, &mut buffer)));
        assert_eq!(circuit.branches().known, KEYS);
        let each = (live_bytes() - before) / i64::try_from(KEYS).unwrap();
        assert!((64..=128).contains(&each), "{each} bytes a key");
    }
}

#[test]
fn a_call_for_a_known_key_allocates_nothing() {
    for circuit in circuits() {
        let mut buffer = [0; 12];
        (0..1_000).for_each(|n| succeed(&circuit, key(n, &mut buffer)));
        let mut number = 0;
        let found = allocations_of(RUNS, || {
            number = (number + 7) % 1_000;
            succeed(&circuit, key(number, &mut buffer));
        });
        assert_eq!(found, 0, "{:?}", circuit.settings().window());
        let found = allocations_of(RUNS, || {
            drop(black_box(circuit.acquire_key("pos-00000007").unwrap()));
            circuit.acquire_key("pos-00000008").unwrap().ignore();
        });
        assert_eq!(found, 0, "dropped and ignored");
    }
}

#[test]
fn a_success_of_a_branch_with_something_to_remember_allocates_nothing() {
    for circuit in circuits() {
        circuit
            .acquire_key("a")
            .unwrap()
            .failure(FailureClass::Reset);
        assert_eq!(circuit.worst_branches(1).len(), 1);
        assert_eq!(allocations_of(RUNS, || succeed(&circuit, "a")), 0);
    }
}

#[test]
fn a_success_allocates_nothing_as_the_window_moves_on() {
    let clock = ManualClock::new();
    let length = Duration::from_secs(10);
    let circuit = CircuitBreaker::builder("keyed")
        .settings(settings(Some(WindowSize::Time(length))))
        .branches(BranchSettings::default())
        .clock(clock.clone())
        .build()
        .unwrap();
    let round = || ["a", "b"].iter().for_each(|key| succeed(&circuit, key));
    (0..100).for_each(|_| round());
    let before = allocations();
    for _ in 0..100 {
        clock.advance(length / 10);
        round();
    }
    assert_eq!(allocations() - before, 0);
}

#[test]
fn a_rejection_by_a_branch_allocates_nothing() {
    let by = Author::new("tester");
    for circuit in circuits() {
        assert!(circuit.transition_branch("a", State::Open, &by).unwrap());
        let found = allocations_of(RUNS, || {
            let rejection = circuit.acquire_key("a").unwrap_err();
            assert_eq!(rejection.reason(), Reason::Open);
        });
        assert_eq!(found, 0);
    }
}

/// A stranger who makes up keys, each of which fails: what is kept is bounded by `keys_max`.
#[test]
fn keys_that_come_fail_and_go_leave_nothing_behind() {
    let lenient = settings(None);
    for window in [
        None,
        Some(WindowSize::Calls(10)),
        Some(WindowSize::Time(Duration::from_secs(1))),
    ] {
        let branches = BranchSettings::builder()
            .keys_max(64)
            .breaker(settings(window));
        let circuit = CircuitBreaker::builder("churn")
            .settings(lenient.clone())
            .branches(branches.build().unwrap())
            .clock(ManualClock::new())
            .build()
            .unwrap();
        let mut buffer = [0; 12];
        let mut churn = |from: u64, to: u64| {
            for n in from..to {
                let key = key(n, &mut buffer);
                circuit
                    .acquire_key(key)
                    .unwrap()
                    .failure(FailureClass::Reset);
                circuit.acquire().unwrap().success();
            }
            live_bytes()
        };
        let first = churn(0, 2_000);
        let last = churn(2_000, 40_000);
        let grown = last - first;
        assert!(grown < 16 * 1_024, "{grown} bytes more, window {window:?}");
    }
}
