//! An allocator that counts for each thread: how often memory was asked for, and how much of what
//! this thread asked for it has not given back.
#![allow(unsafe_code)] // a counting allocator is an `unsafe impl`; it only forwards
#![allow(dead_code)] // each of the binaries reads what it needs

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    /// Per thread, so that tests beside each other do not count for each other.
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
    static LIVE_BYTES: Cell<i64> = const { Cell::new(0) };
}

struct Counting;

fn note(allocations: u64, bytes: i64) {
    // A thread that ends has no cell any more; nothing is measured there.
    let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + allocations));
    let _ = LIVE_BYTES.try_with(|live| live.set(live.get() + bytes));
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

/// Allocations of this thread so far.
pub(crate) fn allocations() -> u64 {
    ALLOCATIONS.get()
}

/// Bytes that this thread asked for and has not given back; negative where it gave back what others
/// asked for.
pub(crate) fn live_bytes() -> i64 {
    LIVE_BYTES.get()
}

/// How many bytes `work` leaves behind, with what it returns, which is kept until then.
pub(crate) fn left_behind<T>(work: impl FnOnce() -> T) -> (i64, T) {
    let before = live_bytes();
    let kept = work();
    (live_bytes() - before, kept)
}
