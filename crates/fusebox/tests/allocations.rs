//! R22: closed admission, success, failure below the threshold and every rejection allocate
//! nothing. In a binary of its own, because it counts the allocations of the whole process.
#![allow(unsafe_code)] // a counting allocator is an `unsafe impl`; it only forwards
#![allow(clippy::unwrap_used)] // a test fails by panicking

use fusebox::{
    Author, CircuitBreaker, FailureClass, HoldKind, HoldRequest, Reason, Settings, State,
    WindowSize,
};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

thread_local! {
    /// Per thread, so that tests beside each other do not count for each other.
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

fn count() {
    // A thread that ends has no cell any more; nothing is measured there.
    let _ = ALLOCATIONS.try_with(|allocations| allocations.set(allocations.get() + 1));
}

// SAFETY: every call goes on to the system's allocator as it came; counting touches only a
// thread-local without destructor and does not allocate.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn realloc(&self, old: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller's promises are passed on.
        unsafe { System.realloc(old, layout, size) }
    }

    unsafe fn dealloc(&self, old: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(old, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Allocations of a hundred thousand runs, after some to warm up: a thread's first record on a
/// breaker makes its counters.
fn allocations(mut work: impl FnMut()) -> u64 {
    (0..100).for_each(|_| work());
    let before = ALLOCATIONS.get();
    (0..100_000).for_each(|_| work());
    ALLOCATIONS.get() - before
}

fn rate() -> fusebox::Rate {
    fusebox::Rate::parse("100%").unwrap()
}

/// One breaker for each kind of window, none of which ever opens by a lone failure.
fn breakers() -> Vec<(&'static str, CircuitBreaker)> {
    let rated = |window| {
        let builder = CircuitBreaker::builder("window").failure_rate(rate());
        builder
            .window(window)
            .slow_call_rate(rate())
            .slow_call_duration(Duration::from_secs(60))
    };
    let run = CircuitBreaker::builder("run").consecutive_failures(1_048_576);
    vec![
        (
            "defaults",
            CircuitBreaker::builder("defaults").build().unwrap(),
        ),
        ("run", run.build().unwrap()),
        ("short count", rated(WindowSize::Calls(64)).build().unwrap()),
        (
            "long count",
            rated(WindowSize::Calls(10_000)).build().unwrap(),
        ),
        (
            "time",
            rated(WindowSize::Time(Duration::from_secs(10)))
                .build()
                .unwrap(),
        ),
    ]
}

#[test]
fn the_counter_counts() {
    let some = allocations(|| drop(black_box(Box::new(1))));
    assert_eq!(some, 100_000);
}

#[test]
fn a_closed_success_allocates_nothing() {
    for (name, breaker) in breakers() {
        let call = || {
            breaker
                .call(|| Ok::<_, ()>(black_box(1)))
                .map(drop)
                .unwrap();
        };
        assert_eq!(allocations(call), 0, "{name}");
    }
}

#[test]
fn a_closed_failure_below_the_threshold_allocates_nothing() {
    for (name, breaker) in breakers() {
        let mut turn = 0_u32;
        let calls = || {
            turn += 1;
            let permit = breaker.acquire().unwrap();
            if turn.is_multiple_of(4) {
                permit.failure(FailureClass::Status)
            } else {
                permit.success()
            };
        };
        assert_eq!(allocations(calls), 0, "{name}");
        assert_eq!(breaker.state(), State::Closed, "{name}");
    }
}

#[test]
fn ignored_and_dropped_calls_allocate_nothing() {
    for (name, breaker) in breakers() {
        let calls = || {
            breaker.acquire().unwrap().ignore();
            drop(breaker.acquire().unwrap());
        };
        assert_eq!(allocations(calls), 0, "{name}");
    }
}

#[test]
fn a_ready_async_call_allocates_nothing() {
    let (_, breaker) = breakers().swap_remove(0);
    let mut context = Context::from_waker(Waker::noop());
    let call = || {
        let mut call = pin!(breaker.call_async(std::future::ready(Ok::<_, ()>(black_box(1)))));
        assert!(call.as_mut().poll(&mut context).is_ready());
    };
    assert_eq!(allocations(call), 0);
}

#[test]
fn no_rejection_allocates() {
    let by = Author::new("tester");
    let long = Duration::from_secs(3_600);
    let builder = Settings::builder()
        .open_for(long)
        .half_open_timeout(long)
        .ramp(long);
    let settings = builder.half_open_successes(1).build().unwrap();
    let breaker = CircuitBreaker::builder("rejects")
        .settings(settings)
        .build()
        .unwrap();
    let rejected = |reason: Reason| {
        let found = allocations(|| {
            let told = breaker.acquire().err();
            assert!(told.is_none_or(|told| told.reason() == reason));
        });
        let counted = breaker.snapshot().totals.rejected(reason);
        assert!(counted > 50_000, "{counted} rejections by {reason:?}");
        found
    };
    breaker.transition(State::Open, &by).unwrap();
    assert_eq!(rejected(Reason::Open), 0);
    breaker.transition(State::HalfOpen, &by).unwrap();
    let trial = breaker.acquire().unwrap();
    assert_eq!(rejected(Reason::HalfOpen), 0);
    trial.success();
    assert_eq!(
        rejected(Reason::Ramp),
        0,
        "nine of ten are rejected at the start of a ramp"
    );
    let request = |for_| HoldRequest {
        kind: HoldKind::ForcedOpen,
        reason: "a test".to_owned(),
        author: Author::new("tester"),
        for_,
    };
    breaker.hold(request(None));
    assert_eq!(rejected(Reason::ForcedOpen), 0);
    breaker.hold(request(Some(long)));
    assert_eq!(rejected(Reason::ForcedOpen), 0);
}
