//! A call over a `&'static` circuit allocates nothing. In a binary of its own: it counts every
//! allocation of the process.

#![allow(unsafe_code)] // A global allocator cannot be written without it; this one only counts.
#![allow(clippy::unwrap_used, clippy::panic)]

use bytes::Bytes;
use fusebox::{CircuitBreaker, State};
use fusebox_tower::BreakerLayer;
use http::{Request, Response, StatusCode};
use http_body::Body;
use http_body_util::Full;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::convert::Infallible;
use std::future::ready;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use tower::{Layer, Service, service_fn};

thread_local! {
    // By thread, so that the test harness cannot disturb the count.
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: every method hands its arguments to `System` unchanged; counting touches no memory of the
// heap.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promise is the one that `System` asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above; `pointer` came from `System`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

fn allocations_of(work: impl FnOnce()) -> u64 {
    let before = ALLOCATIONS.with(Cell::get);
    work();
    ALLOCATIONS.with(Cell::get) - before
}

fn leaked(name: &str) -> &'static CircuitBreaker {
    Box::leak(Box::new(CircuitBreaker::builder(name).build().unwrap()))
}

/// What 1000 calls allocate, after a first one: with that a thread takes its place in the counters.
fn allocations_of_calls(circuit: &'static CircuitBreaker, status: StatusCode) -> u64 {
    calls(circuit, status, 1);
    allocations_of(|| calls(circuit, status, 1000))
}

/// Makes calls and reads every body to its end.
fn calls(circuit: &'static CircuitBreaker, status: StatusCode, times: u32) {
    let service = service_fn(|_: Request<()>| {
        let mut response = Response::new(Full::new(Bytes::from_static(b"body")));
        *response.status_mut() = status;
        ready(Ok::<_, Infallible>(response))
    });
    let mut service = BreakerLayer::new(circuit).layer(service);
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..times {
        assert!(service.poll_ready(&mut cx).is_ready());
        let call = pin!(service.call(Request::new(())));
        let Poll::Ready(Ok(response)) = call.poll(&mut cx) else {
            continue;
        };
        let mut body = pin!(response.into_body());
        while let Poll::Ready(Some(_)) = body.as_mut().poll_frame(&mut cx) {}
    }
}

#[test]
fn the_count_sees_an_allocation() {
    assert_eq!(
        allocations_of(|| drop(std::hint::black_box(Box::new(1)))),
        1
    );
}

#[test]
fn a_thousand_successes_allocate_nothing() {
    let circuit = leaked("good");
    assert_eq!(allocations_of_calls(circuit, StatusCode::OK), 0);
    assert_eq!(circuit.snapshot().totals.success, 1001);
}

/// A service whose first poll is pending, as that of every real one is.
fn calls_that_wait(circuit: &'static CircuitBreaker, times: u32) {
    let service = service_fn(|_: Request<()>| async {
        let mut waited = false;
        std::future::poll_fn(|_| match std::mem::replace(&mut waited, true) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        })
        .await;
        Ok::<_, Infallible>(Response::new(Full::new(Bytes::new())))
    });
    let mut service = BreakerLayer::new(circuit).layer(service);
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..times {
        let mut call = pin!(service.call(Request::new(())));
        assert!(call.as_mut().poll(&mut cx).is_pending());
        assert!(call.as_mut().poll(&mut cx).is_ready());
    }
}

#[test]
fn waiting_for_a_head_allocates_nothing_where_no_call_is_too_slow() {
    let circuit = leaked("patient");
    calls_that_wait(circuit, 1);
    assert_eq!(allocations_of(|| calls_that_wait(circuit, 1000)), 0);
    assert_eq!(circuit.snapshot().totals.success, 1001);
}

#[test]
fn a_thousand_rejections_allocate_nothing() {
    let circuit = leaked("open");
    circuit
        .transition(State::Open, &fusebox::Author::new("test"))
        .unwrap();
    assert_eq!(allocations_of_calls(circuit, StatusCode::OK), 0);
    assert_eq!(circuit.snapshot().totals.rejected_total(), 1001);
}

#[test]
fn a_thousand_ignored_answers_allocate_nothing() {
    let circuit = leaked("busy");
    assert_eq!(
        allocations_of_calls(circuit, StatusCode::TOO_MANY_REQUESTS),
        0
    );
    assert_eq!(circuit.snapshot().totals.ignored, 1001);
}
