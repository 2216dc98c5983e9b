//! Virtual time for every Rust breaker, also for those that offer no clock: this program has a
//! `clock_gettime` of its own, and `Instant::now` calls it. Time stands still until [`advance`].
#![allow(unsafe_code)] // a symbol of C, once, in the one program that needs it

use std::sync::atomic::{AtomicU64, Ordering};

/// Not zero: some look back from now.
const START_NS: u64 = 1_000_000_000_000;

static NOW_NS: AtomicU64 = AtomicU64::new(START_NS);

pub(crate) fn advance(ns: u64) {
    // Relaxed: one thread runs everything here.
    NOW_NS.fetch_add(ns, Ordering::Relaxed);
}

/// What libc's does, for every clock the same.
///
/// # Safety
/// As libc's: `into` is null or points to a `timespec` that may be written.
#[unsafe(no_mangle)]
unsafe extern "C" fn clock_gettime(_: libc::clockid_t, into: *mut libc::timespec) -> libc::c_int {
    let now = NOW_NS.load(Ordering::Relaxed);
    if !into.is_null() {
        // SAFETY: it is not null, and the caller promises the rest.
        unsafe {
            (*into).tv_sec = (now / 1_000_000_000) as libc::time_t;
            (*into).tv_nsec = (now % 1_000_000_000) as libc::c_long;
        }
    }
    0
}

#[allow(clippy::disallowed_methods)] // it is looked at, to see that it is ours
pub(crate) fn is_virtual() -> bool {
    let before = std::time::Instant::now();
    advance(1_000_000_007);
    before.elapsed() == std::time::Duration::from_nanos(1_000_000_007)
}
