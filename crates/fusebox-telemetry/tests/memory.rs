//! Scraping keeps nothing: however often, the memory in use afterwards is the same. In a binary of
//! its own: it counts every byte that the thread of a test has in use.

#![allow(unsafe_code)] // A global allocator cannot be written without it; this one only counts.
#![allow(clippy::expect_used)] // Helpers of tests are tests too.

#[path = "stand/busy.rs"]
mod busy;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::UNIX_EPOCH;

use fusebox::Registry;
use fusebox_telemetry::{Classic, Exporter, Fact, Facts, Names, OpenMetrics};

use busy::busy_registry;

thread_local! {
    // By thread, so that the test harness cannot disturb the count.
    static IN_USE: Cell<isize> = const { Cell::new(0) };
}

struct Counting;

/// A size fits: the allocator refuses what is larger than `isize::MAX`.
fn count(bytes: usize, sign: isize) {
    let bytes = isize::try_from(bytes).unwrap_or(isize::MAX);
    IN_USE.with(|in_use| in_use.set(in_use.get() + sign * bytes));
}

// SAFETY: every method hands its arguments to `System` unchanged; counting touches no memory of the
// heap. What is not overridden is made of these two.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 1);
        // SAFETY: the caller's promise is the one that `System` asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(layout.size(), -1);
        // SAFETY: as above; `pointer` came from `System`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

fn in_use() -> isize {
    IN_USE.with(Cell::get)
}

struct Host;

impl Facts for Host {
    fn facts(&self, visit: &mut dyn FnMut(Fact)) {
        visit(Fact::StreamClients(3));
        for code in [200, 401, 409] {
            let (role, action) = ("operator", "hold");
            visit(Fact::AdminRequests {
                role,
                action,
                code,
                count: 7,
            });
        }
    }
}

fn scrape(registry: &Registry, exporters: &[&dyn Exporter], times: usize) {
    for exporter in exporters.iter().cycle().take(times) {
        let text = exporter.export_with(registry, &Host, UNIX_EPOCH);
        assert!(text.len() > 1_000, "{text}");
    }
}

#[test]
fn ten_thousand_scrapes_leave_no_byte_behind() {
    let registry = busy_registry(2);
    let exporters: [&dyn Exporter; 4] = [
        &Classic::new(Names::Standard),
        &OpenMetrics::new(Names::Standard),
        &Classic::new(Names::Enhanced),
        &OpenMetrics::new(Names::Enhanced),
    ];
    scrape(&registry, &exporters, 8);
    let before = in_use();
    scrape(&registry, &exporters, 10_000);
    assert_eq!(in_use(), before);
}

/// With `FUSEBOX_LONG` as often as above.
#[test]
fn scrapes_of_500_circuits_leave_no_byte_behind() {
    let long = std::env::var_os("FUSEBOX_LONG").is_some();
    let registry = busy_registry(500);
    let exporters: [&dyn Exporter; 2] = [&Classic::default(), &OpenMetrics::default()];
    scrape(&registry, &exporters, 2);
    let before = in_use();
    scrape(&registry, &exporters, if long { 10_000 } else { 10 });
    assert_eq!(in_use(), before);
}
