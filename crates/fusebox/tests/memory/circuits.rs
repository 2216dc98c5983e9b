//! What a circuit, a private breaker and a branch take. The table in docs/performance.md says it,
//! and is held to what is counted here.

use crate::counting::grown;
use fusebox::{
    BranchPermit, BranchSettings, Builder, CircuitBreaker, Definition, FailureClass, Registry,
    WindowSize,
};
use std::fmt::Write;
use std::sync::Arc;

/// The numbers of a platform whose words have 64 bits; another one needs less.
const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/performance.md");
const HEADER: &str = "| what | bytes |";

/// The number of a row, which is rounded up: a test that needs more fails, and so does one that
/// needs a good deal less.
fn holds(what: &str, found: i64) {
    let text = std::fs::read_to_string(DOCUMENT).unwrap();
    let (_, table) = text.split_once(HEADER).unwrap();
    let row = format!("| {what} | ");
    let cell = table.split_once(&row).map(|(_, rest)| rest);
    let number = cell.and_then(|rest| rest.split(" |").next()).unwrap_or("");
    let told: i64 = number.replace(',', "").parse().unwrap_or(0);
    assert!(
        found <= told && (found * 8 > told * 7 || cfg!(not(target_pointer_width = "64"))),
        "{what}: {found} bytes, {DOCUMENT} says `{number}`"
    );
}

fn built(set: impl FnOnce(Builder) -> Builder) -> Arc<CircuitBreaker> {
    Arc::new(set(CircuitBreaker::builder("memory")).build().unwrap())
}

/// A failure would need no more, but fifteen at once open the circuit.
fn use_once(breaker: &CircuitBreaker) {
    breaker.acquire().unwrap().success();
}

/// What a breaker takes with so many threads that record, each of which counts for itself.
fn with_threads(threads: usize, breaker: &CircuitBreaker) -> i64 {
    let first = std::sync::Barrier::new(threads);
    std::thread::scope(|scope| {
        let recording = || {
            // All at once, so that none gets the number of one that has ended.
            first.wait();
            let (bytes, _, ()) = grown(|| use_once(breaker));
            first.wait();
            bytes
        };
        let started: Vec<_> = (0..threads).map(|_| scope.spawn(recording)).collect();
        let ended = started.into_iter().map(|thread| thread.join().unwrap());
        ended.sum()
    })
}

/// In one test, so that the numbers of threads are as low as they can be: a thread with a high
/// number makes room for those below it.
#[test]
fn circuits_and_breakers_take_what_the_table_says() {
    let (idle, _, breaker) = grown(|| built(|b| b));
    holds("a private breaker before its first call", idle);
    let (one, _, ()) = grown(|| use_once(&breaker));
    holds("the same with one recording thread", idle + one);
    let many = with_threads(15, &breaker);
    holds("the same with 16 recording threads", idle + one + many);

    let (bytes, _, _kept) = grown(|| {
        let breaker = built(|b| b.consecutive_failures(5).count_calls(false));
        use_once(&breaker);
        breaker
    });
    holds("a run of failures alone, `count_calls(false)`", bytes);
    for calls in [100, 10_000] {
        let (bytes, _, _kept) = grown(|| {
            let window = WindowSize::Calls(calls);
            let breaker = built(|b| b.failure_count(10).window(window));
            use_once(&breaker);
            breaker
        });
        holds(&format!("a window of {calls} calls, one thread"), bytes);
    }

    let registry = Registry::builder().build();
    // The registry's own tables grow in steps.
    for name in ["a", "b", "c", "d"] {
        registry.add(Definition::new(name)).unwrap();
    }
    let (bytes, _, ()) = grown(|| {
        let circuit = registry.add(Definition::new("memory")).unwrap();
        use_once(circuit);
    });
    holds("a circuit of a registry with one recording thread", bytes);
}

fn keyed(keys_max: u32) -> Arc<CircuitBreaker> {
    let branches = BranchSettings::builder().keys_max(keys_max);
    let circuit = built(|b| {
        b.branches(branches.build().unwrap())
            .failure_count(1_000_000)
    });
    use_once(&circuit);
    circuit
}

/// A first call for each of so many keys.
fn bring_keys(circuit: &CircuitBreaker, keys: u32, settle: impl Fn(BranchPermit<'_>)) {
    let mut key = String::with_capacity(32);
    for number in 0..keys {
        key.clear();
        write!(key, "pos-{number:08}").unwrap();
        settle(circuit.acquire_key(&key).unwrap());
    }
}

fn succeed(permit: BranchPermit<'_>) {
    permit.success();
}

#[test]
fn branches_take_what_the_table_says() {
    let each = |keys: u32, settle: fn(BranchPermit<'_>)| {
        let circuit = keyed(keys);
        let (bytes, _, ()) = grown(|| bring_keys(&circuit, keys, settle));
        bytes / i64::from(keys)
    };
    let quiet = each(100_000, succeed);
    holds("each of 100,000 branches that nothing is wrong with", quiet);
    let failed = each(1_000, |permit| {
        permit.failure(FailureClass::Status);
    });
    holds("each of 1,000 branches with a failure to remember", failed);
}

/// A million is the greatest `keys_max`.
#[test]
fn a_million_keys_grow_by_less_than_128_mib() {
    let circuit = keyed(1_000_000);
    let (bytes, most, ()) = grown(|| bring_keys(&circuit, 1_000_000, succeed));
    assert_eq!(circuit.branches().known, 1_000_000);
    assert!(most < 128 << 20, "{most} bytes at most");
    holds("a million branches that nothing is wrong with", bytes);
}
