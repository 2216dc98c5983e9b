//! What breakers cost in memory: a circuit, a private breaker, a million keys; and that calls,
//! however many, and transitions leave nothing behind. In a binary of its own, because it counts
//! the memory of the process. What a branch costs: `branch_memory.rs`.
#![allow(clippy::unwrap_used)] // a test fails by panicking

mod counting;

use counting::{allocations, left_behind, live_bytes};
use fusebox::{Author, BranchSettings, CircuitBreaker, FailureClass, Rate, State, WindowSize};
use std::hint::black_box;
use std::mem::size_of;
use std::sync::{Arc, Barrier};
use std::time::Duration;

const KIB: i64 = 1_024;

fn defaults() -> CircuitBreaker {
    CircuitBreaker::builder("memory").build().unwrap()
}

fn signed(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap()
}

/// Calls of each kind, none of which opens the breaker: of six that count one fails.
fn any_calls(breaker: &CircuitBreaker, times: u32) {
    for turn in 0..times {
        let permit = breaker.acquire().unwrap();
        match turn % 8 {
            0 => drop(permit.failure(FailureClass::Status)),
            1 => permit.ignore(),
            2 => drop(permit),
            _ => drop(black_box(permit.success())),
        }
    }
}

/// [resilient: +50.3 MB for 2 million calls; do-over 1, tower-resilience 3 allocations a call]
#[test]
fn ten_million_calls_allocate_nothing() {
    let breaker = defaults();
    any_calls(&breaker, 100);
    let before = (allocations(), live_bytes());
    any_calls(&breaker, 10_000_000);
    assert_eq!((allocations(), live_bytes()), before);
    assert_eq!(breaker.state(), State::Closed);
}

/// [tower-resilience: 24 bytes for each call in the window, and a look at all of them at every one;
/// breaker-machines: 1,000 events]
#[test]
fn a_time_window_keeps_no_list_of_its_calls() {
    let day = WindowSize::Time(Duration::from_secs(86_400));
    let builder = CircuitBreaker::builder("day").failure_rate(Rate::parse("100%").unwrap());
    let breaker = builder.window(day).build().unwrap();
    any_calls(&breaker, 100);
    let (left, ()) = left_behind(|| any_calls(&breaker, 1_000_000));
    assert_eq!(left, 0);
    assert!(
        breaker.snapshot().window.calls > 500_000,
        "all of them are in it"
    );
}

/// [recloser: 102 bytes for each transition, 307,016 after 3,000 of them]
#[test]
fn transitions_leave_nothing_behind() {
    let breaker = defaults();
    let by = Author::system();
    let round = || {
        for to in [State::Open, State::HalfOpen, State::Closed] {
            breaker.transition(to, &by).unwrap();
            drop(breaker.acquire());
        }
    };
    // The ring of events has its size once it was full.
    (0..10_000).for_each(|_| round());
    let (left, ()) = left_behind(|| (0..10_000).for_each(|_| round()));
    assert!(left.abs() < KIB, "{left} bytes after 30,000 transitions");
}

/// [recloser: 164 bytes for each; resilient, breaker-machines: what they have recorded]
#[test]
fn a_dropped_breaker_gives_all_of_its_memory_back() {
    let by = Author::system();
    let life = || {
        let breaker = defaults();
        any_calls(&breaker, 100);
        breaker.transition(State::Open, &by).unwrap();
        drop(breaker.acquire());
    };
    (0..100).for_each(|_| life());
    let (left, ()) = left_behind(|| (0..1_000).for_each(|_| life()));
    assert_eq!(left, 0);
}

/// [recloser: 20 MB of unrelated garbage stay while one protected call runs]
#[test]
fn a_call_under_way_holds_back_no_memory_of_others() {
    let breaker = defaults();
    drop(defaults());
    let inside = || {
        let (left, ()) = left_behind(|| (0..1_000).for_each(|_| drop(defaults())));
        Ok::<_, ()>(left)
    };
    assert_eq!(breaker.call(inside), Ok(0));
}

#[test]
fn a_circuit_with_sixteen_recording_threads_costs_at_most_8_kib() {
    const THREADS: usize = 16;
    let (own, breaker) = left_behind(|| Arc::new(defaults()));
    let at_once = Barrier::new(THREADS);
    let cells: i64 = std::thread::scope(|scope| {
        let record = || {
            // All are there before one ends: numbers of threads that ended are used again.
            at_once.wait();
            let (left, ()) = left_behind(|| any_calls(&breaker, 100));
            at_once.wait();
            left
        };
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(record)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum()
    });
    let all = own + cells;
    println!("a circuit: {own} bytes, with {THREADS} recording threads {all}");
    assert!(cells > 0, "each has a cell");
    assert!(all <= 8 * KIB, "{all} bytes");
}

/// A breaker of somebody's own, without a registry, before and after one thread has recorded.
#[test]
fn a_private_breaker_costs_at_most_4_kib() {
    let (own, breaker) = left_behind(defaults);
    let (recorded, ()) = left_behind(|| any_calls(&breaker, 100));
    let all = signed(size_of::<CircuitBreaker>()) + own + recorded;
    println!("a private breaker: {all} bytes, {recorded} of them for its first thread");
    assert!(all <= 4 * KIB, "{all} bytes");
}

/// The goal is 128 MiB for all that grows: keys, their index, their branches.
#[test]
fn a_million_keys_grow_by_at_most_128_mib() {
    const KEYS: u32 = 1_000_000;
    let branches = BranchSettings::builder().keys_max(KEYS).build().unwrap();
    let circuit = CircuitBreaker::builder("keyed")
        .branches(branches)
        .build()
        .unwrap();
    let (grown, ()) = left_behind(|| {
        for number in 0..KEYS {
            let key = format!("pos-{number:08}");
            circuit.acquire_key(&key).unwrap().success();
        }
    });
    assert_eq!(circuit.branches().known, u64::from(KEYS));
    println!(
        "{KEYS} keys: {grown} bytes, {} each",
        grown / i64::from(KEYS)
    );
    assert!(grown > 64 * i64::from(KEYS), "they are all there");
    assert!(grown <= 128 * KIB * KIB, "{grown} bytes");
}
