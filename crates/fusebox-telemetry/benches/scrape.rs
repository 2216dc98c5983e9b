//! What a scrape of 500 circuits costs, in both formats: all of it, from the breakers to the text.
//! `read` is the part that no format can do without: a snapshot of every circuit.
//!
//! `cargo bench -p fusebox-telemetry`. Compare medians within one run only.

// A bench that cannot be set up has nothing to say; its functions are its documentation.
#![allow(missing_docs, clippy::expect_used)]

#[path = "../tests/stand/busy.rs"]
mod busy;

use busy::busy_registry;
use divan::{Bencher, black_box};
use fusebox::{Registry, Source};
use fusebox_telemetry::{Classic, Exporter, OpenMetrics};
use std::sync::OnceLock;
use std::time::UNIX_EPOCH;

const CIRCUITS: usize = 500;

fn main() {
    divan::main();
}

fn registry() -> &'static Registry {
    static REGISTRY: OnceLock<Registry> = OnceLock::new();
    REGISTRY.get_or_init(|| busy_registry(CIRCUITS))
}

#[divan::bench]
fn read(bencher: Bencher<'_, '_>) {
    let registry = registry();
    bencher.bench_local(|| {
        registry.read(&mut |reading| {
            black_box(reading);
        });
    });
}

#[divan::bench]
fn classic(bencher: Bencher<'_, '_>) {
    scrape(bencher, &Classic::default());
}

#[divan::bench]
fn open_metrics(bencher: Bencher<'_, '_>) {
    scrape(bencher, &OpenMetrics::default());
}

fn scrape(bencher: Bencher<'_, '_>, exporter: &dyn Exporter) {
    let registry = registry();
    bencher.bench_local(|| exporter.export(black_box(registry), UNIX_EPOCH));
}
