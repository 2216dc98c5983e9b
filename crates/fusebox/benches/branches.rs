//! What a key costs: one circuit with 100,000 branches, by one thread and by two.
//!
//! `cargo bench -p fusebox --bench branches`. Compare medians within one run only.

// A bench that cannot be set up has nothing to say; its functions are its documentation.
#![allow(missing_docs, clippy::unwrap_used)]

use divan::{Bencher, black_box};
use fusebox::{Author, BranchSettings, CircuitBreaker, FailureClass, Settings, State};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const THREADS: [usize; 2] = [1, 2];
const KEYS: usize = 100_000;

fn main() {
    divan::main();
}

fn key(number: usize) -> String {
    format!("pos-{number:08}")
}

/// All keys known, none of them with anything wrong. The defaults judge: a run and a rate over a
/// time window.
fn circuit() -> &'static CircuitBreaker {
    static CIRCUIT: OnceLock<CircuitBreaker> = OnceLock::new();
    CIRCUIT.get_or_init(|| keyed(Settings::defaults()))
}

/// The same without a window.
fn consecutive() -> &'static CircuitBreaker {
    static CIRCUIT: OnceLock<CircuitBreaker> = OnceLock::new();
    CIRCUIT.get_or_init(|| {
        let settings = Settings::builder().consecutive_failures(1_048_576);
        keyed(settings.build().unwrap())
    })
}

fn keyed(settings: Settings) -> CircuitBreaker {
    let branches = BranchSettings::builder().keys_max(200_000);
    let circuit = CircuitBreaker::builder("keyed")
        .settings(settings)
        .branches(branches.build().unwrap())
        .build()
        .unwrap();
    for number in 0..KEYS {
        circuit.acquire_key(&key(number)).unwrap().success();
    }
    circuit
}

thread_local! {
    /// A key for each thread, 12,345 apart: their branches lie in different places.
    static OWN_KEY: String = {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        key(NEXT.fetch_add(12_345, Ordering::Relaxed) % KEYS)
    };
}

#[divan::bench(threads = THREADS, sample_size = 10_000)]
fn look_up_and_admit_one_key(bencher: Bencher<'_, '_>) {
    let circuit = circuit();
    let key = key(777);
    // Forgotten, since a permit's drop looks its branch up once more. It owns no memory.
    bencher.bench(|| std::mem::forget(black_box(circuit.acquire_key(&key))));
}

#[divan::bench(threads = THREADS, sample_size = 10_000)]
fn success_one_key(bencher: Bencher<'_, '_>) {
    let circuit = circuit();
    let key = key(777);
    bencher.bench(|| circuit.acquire_key(&key).unwrap().success());
}

#[divan::bench(threads = THREADS, sample_size = 10_000)]
fn success_a_key_for_each_thread(bencher: Bencher<'_, '_>) {
    let circuit = circuit();
    bencher.bench(|| OWN_KEY.with(|key| circuit.acquire_key(key).unwrap().success()));
}

#[divan::bench(threads = THREADS, sample_size = 10_000)]
fn success_one_key_consecutive(bencher: Bencher<'_, '_>) {
    let circuit = consecutive();
    let key = key(777);
    bencher.bench(|| circuit.acquire_key(&key).unwrap().success());
}

#[divan::bench(threads = THREADS, sample_size = 10_000)]
fn success_every_key_in_turn(bencher: Bencher<'_, '_>) {
    let circuit = circuit();
    let next = AtomicUsize::new(0);
    let keys: Vec<String> = (0..KEYS).map(key).collect();
    bencher.bench(|| {
        // A prime apart, so that neighbours in the table do not follow each other.
        let number = next.fetch_add(7_919, Ordering::Relaxed) % KEYS;
        circuit.acquire_key(&keys[number]).unwrap().success()
    });
}

#[divan::bench(threads = THREADS, sample_size = 10_000)]
fn rejection_by_an_open_branch(bencher: Bencher<'_, '_>) {
    static CIRCUIT: OnceLock<CircuitBreaker> = OnceLock::new();
    let circuit = CIRCUIT.get_or_init(|| {
        let hour = Duration::from_secs(3_600);
        let settings = Settings::builder().open_for(hour).open_for_max(hour);
        let circuit = keyed(settings.build().unwrap());
        let by = Author::system();
        circuit
            .transition_branch(&key(777), State::Open, &by)
            .unwrap();
        circuit
    });
    let key = key(777);
    bencher.bench(|| black_box(circuit.acquire_key(&key)).is_err());
}

#[divan::bench(threads = THREADS, sample_size = 1_000)]
fn failure_below_the_threshold_one_key(bencher: Bencher<'_, '_>) {
    let circuit = consecutive();
    let key = key(778);
    bencher.bench(|| match circuit.acquire_key(&key) {
        Ok(permit) => drop(black_box(permit.failure(FailureClass::Other))),
        // A million failures in a row did open it: begin again.
        Err(_) => circuit.reset(&Author::system()),
    });
}

#[divan::bench(threads = THREADS, sample_size = 100)]
fn a_new_key_for_the_least_recently_used(bencher: Bencher<'_, '_>) {
    static CIRCUIT: OnceLock<CircuitBreaker> = OnceLock::new();
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let circuit = CIRCUIT.get_or_init(|| {
        let circuit = keyed(Settings::defaults());
        let full = BranchSettings::builder().keys_max(100_000).build().unwrap();
        circuit.set_branches(Some(full), &Author::system());
        circuit
    });
    bencher
        .with_inputs(|| key(KEYS + NEXT.fetch_add(1, Ordering::Relaxed)))
        .bench_refs(|key| circuit.acquire_key(key).unwrap().success());
}

#[divan::bench(threads = THREADS, sample_size = 10_000)]
fn floor_the_circuit_without_a_key(bencher: Bencher<'_, '_>) {
    let circuit = circuit();
    bencher.bench(|| circuit.acquire().unwrap().success());
}
