//! R5: a call recorded D ago or longer never counts, one recorded less than 0.9 D ago always
//! does; between them both are right.

use crate::stand::{breaker, ms, secs};
use fusebox::{FailureClass, WindowSize};
use std::time::Duration;

fn counted_after(window: Duration, begun_at: Duration, age: Duration) -> u64 {
    let (breaker, clock) = breaker(|b| b.failure_count(100).window(WindowSize::Time(window)));
    clock.advance(begun_at);
    breaker.acquire().unwrap().failure(FailureClass::Other);
    clock.advance(age);
    breaker.snapshot().window.failures
}

/// Offsets that put the call at the start, in the middle and at the end of any bucket.
fn offsets(window: Duration) -> impl Iterator<Item = Duration> {
    (0..64_u32)
        .map(move |part| window * part / 64)
        .chain([Duration::from_nanos(1)])
}

#[test]
fn a_call_younger_than_nine_tenths_of_the_window_always_counts() {
    for window in [secs(1), ms(1_001), secs(10), secs(3_600)] {
        for offset in offsets(window) {
            let age = window / 10 * 9 - Duration::from_nanos(1);
            assert_eq!(
                counted_after(window, offset, age),
                1,
                "{window:?}, begun at {offset:?}"
            );
        }
    }
}

#[test]
fn a_call_as_old_as_the_window_never_counts() {
    for window in [secs(1), ms(1_001), secs(10), secs(3_600)] {
        for offset in offsets(window) {
            assert_eq!(
                counted_after(window, offset, window),
                0,
                "{window:?}, {offset:?}"
            );
            let long_after = window * 16;
            assert_eq!(
                counted_after(window, offset, long_after),
                0,
                "{window:?}, {offset:?}"
            );
        }
    }
}

#[test]
fn in_between_it_counts_first_and_then_no_more() {
    for offset in offsets(secs(10)) {
        let counted: Vec<u64> = (0..=100)
            .map(|step| counted_after(secs(10), offset, ms(9_000 + 10 * step)))
            .collect();
        assert!(
            counted.is_sorted_by(|a, b| a >= b),
            "begun at {offset:?}: {counted:?}"
        );
    }
}
