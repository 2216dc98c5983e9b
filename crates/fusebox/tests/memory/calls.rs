//! R22: closed admission, success, failure below the threshold and every rejection allocate
//! nothing.

use crate::counting::allocations_of;
use fusebox::{
    Author, BranchSettings, CircuitBreaker, FailureClass, HoldKind, HoldRequest, Reason, Settings,
    State, WindowSize,
};
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

/// Runs of a case that is looked at for each kind of window.
const RUNS: u32 = 100_000;
const TEN_MILLION: u32 = 10_000_000;

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
fn a_closed_success_allocates_nothing() {
    for (name, breaker) in breakers() {
        let call = || {
            breaker
                .call(|| Ok::<_, ()>(black_box(1)))
                .map(drop)
                .unwrap();
        };
        assert_eq!(allocations_of(RUNS, call), 0, "{name}");
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
        assert_eq!(allocations_of(RUNS, calls), 0, "{name}");
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
        assert_eq!(allocations_of(RUNS, calls), 0, "{name}");
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
    assert_eq!(allocations_of(RUNS, call), 0);
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
        let found = allocations_of(RUNS, || {
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

/// [resilient: a log of outcomes that nobody prunes, 50 MB more after 2 million calls;
/// tower-resilience: 3 allocations a call; breaker-machines, do-over: 1]
#[test]
fn ten_million_successes_allocate_nothing() {
    let (_, breaker) = breakers().swap_remove(0);
    let call = || breaker.call(|| Ok::<_, ()>(())).unwrap();
    assert_eq!(allocations_of(TEN_MILLION, call), 0);
    assert!(breaker.snapshot().totals.success > u64::from(TEN_MILLION));
}

#[test]
fn ten_million_failures_allocate_nothing() {
    let run = CircuitBreaker::builder("run").consecutive_failures(1_048_576);
    let counted = run.failure_count(1_000).window(WindowSize::Calls(1_000));
    let breaker = counted.build().unwrap();
    let mut turn = 0_u32;
    let calls = || {
        turn += 1;
        if turn.is_multiple_of(2) {
            breaker.acquire().unwrap().failure(FailureClass::Timeout);
        } else {
            breaker.acquire().unwrap().success();
        }
    };
    assert_eq!(allocations_of(2 * TEN_MILLION, calls), 0);
    assert_eq!(breaker.state(), State::Closed);
}

#[test]
fn ten_million_rejections_allocate_nothing() {
    let long = Duration::from_secs(3_600);
    let builder = CircuitBreaker::builder("open").open_for(long);
    let breaker = builder.build().unwrap();
    breaker.transition(State::Open, &Author::new("t")).unwrap();
    let rejected = || assert!(breaker.acquire().is_err());
    assert_eq!(allocations_of(TEN_MILLION, rejected), 0);
}

#[test]
fn ten_million_successes_of_warm_keys_allocate_nothing() {
    let builder = CircuitBreaker::builder("keyed").branches(BranchSettings::default());
    let breaker = builder.build().unwrap();
    let keys: Vec<String> = (0..1_000).map(|n| format!("pos-{n:08}")).collect();
    for key in &keys {
        breaker.acquire_key(key).unwrap().success();
    }
    let mut next = 0;
    let calls = || {
        next = (next + 7) % keys.len();
        breaker.acquire_key(&keys[next]).unwrap().success();
    };
    assert_eq!(allocations_of(TEN_MILLION, calls), 0);
    assert_eq!(breaker.branches().known, 1_000);
}
