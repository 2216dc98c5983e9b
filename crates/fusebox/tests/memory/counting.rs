//! An allocator that counts what each thread takes and gives back.
#![allow(unsafe_code)] // a counting allocator is an `unsafe impl`; it only forwards

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    /// Per thread, so that tests beside each other do not count for each other.
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
    static LIVE_BYTES: Cell<i64> = const { Cell::new(0) };
    static MOST_BYTES: Cell<i64> = const { Cell::new(0) };
}

struct Counting;

fn note(allocations: u64, bytes: i64) {
    // A thread that ends has no cell any more; nothing is measured there.
    let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + allocations));
    let _ = LIVE_BYTES.try_with(|live| {
        live.set(live.get() + bytes);
        let _ = MOST_BYTES.try_with(|most| most.set(most.get().max(live.get())));
    });
}

/// No layout is larger than `isize::MAX`.
fn signed(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

// SAFETY: every call goes on to the system's allocator as it came; counting touches only
// thread-locals without destructor and does not allocate.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(1, signed(layout.size()));
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn realloc(&self, old: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note(1, signed(size) - signed(layout.size()));
        // SAFETY: the caller's promises are passed on.
        unsafe { System.realloc(old, layout, size) }
    }

    unsafe fn dealloc(&self, old: *mut u8, layout: Layout) {
        note(0, -signed(layout.size()));
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(old, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How often this thread has allocated.
pub(crate) fn allocations() -> u64 {
    ALLOCATIONS.get()
}

/// What this thread has taken and not given back.
pub(crate) fn live_bytes() -> i64 {
    LIVE_BYTES.get()
}

/// Allocations of so many runs, after some to warm up: a thread's first record on a breaker makes
/// its counters.
pub(crate) fn allocations_of(runs: u32, mut work: impl FnMut()) -> u64 {
    (0..100).for_each(|_| work());
    let before = allocations();
    (0..runs).for_each(|_| work());
    allocations() - before
}

/// What `make` leaves behind in bytes, and the most that it held meanwhile. With what it made, so
/// that it is not dropped before it is counted.
pub(crate) fn grown<T>(make: impl FnOnce() -> T) -> (i64, i64, T) {
    let before = live_bytes();
    MOST_BYTES.set(before);
    let made = make();
    (live_bytes() - before, MOST_BYTES.get() - before, made)
}

#[test]
fn the_counter_counts() {
    let boxed = || drop(std::hint::black_box(Box::new(1)));
    assert_eq!(allocations_of(1_000, boxed), 1_000);
    let (live, most, _kept) = grown(|| {
        drop(std::hint::black_box(vec![0_u8; 1_000]));
        std::hint::black_box(vec![0_u8; 100])
    });
    assert_eq!((live, most), (100, 1_000));
}
