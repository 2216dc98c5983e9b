//! The opening itself: its time, its holds, its listeners.

use super::{fail, fail_times};
use crate::stand::{breaker, hold, ms, secs, together};
use fusebox::{
    CallError, CircuitBreaker, EventKind, HoldKind, ManualClock, Reason, Received, State,
};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::task::{Context, Wake, Waker};

/// [circuitbreaker-rs: open before its time is set, half-open 0.1 ms after the trip]
#[test]
fn nobody_sees_an_opening_without_its_time() {
    for round in 0..300 {
        let (breaker, _clock) = breaker(|b| b.consecutive_failures(1).open_for(ms(500)));
        let seen = together(3, |number| {
            if number == 0 {
                fail(&breaker);
            }
            (0..50)
                .filter_map(|_| breaker.acquire().map(drop).err())
                .map(|told| (told.reason(), told.retry_after()))
                .collect::<Vec<_>>()
        });
        for told in seen.into_iter().flatten() {
            assert_eq!(told, (Reason::Open, Some(ms(500))), "round {round}");
        }
        assert_eq!(breaker.state(), State::Open, "round {round}");
    }
}

/// [circuitbreaker-rs: a forced-open breaker recovers by itself after the cool-down]
#[test]
fn a_forced_open_circuit_does_not_recover_by_itself() {
    let (breaker, clock) = breaker(|b| b.open_for(secs(1)));
    breaker.hold(hold(HoldKind::ForcedOpen, None));
    for _ in 0..100 {
        clock.advance(secs(3_600));
        let told = breaker.acquire().err().unwrap();
        assert_eq!(
            (told.reason(), told.retry_after()),
            (Reason::ForcedOpen, None)
        );
    }
}

/// [resilient: open and forced open execute the call, 200 of 200]
#[test]
fn a_rejected_call_is_not_made() {
    let (breaker, _clock) = breaker(|b| b.consecutive_failures(1));
    let made = AtomicUsize::new(0);
    let call = || {
        made.fetch_add(1, Ordering::SeqCst);
        Err::<(), _>("down")
    };
    assert_eq!(breaker.call(call), Err(CallError::Failed("down")));
    for _ in 0..100 {
        assert!(matches!(breaker.call(call), Err(CallError::Rejected(_))));
    }
    breaker.hold(hold(HoldKind::ForcedOpen, None));
    for _ in 0..100 {
        assert!(matches!(breaker.call(call), Err(CallError::Rejected(_))));
    }
    assert_eq!(made.into_inner(), 1);
}

/// [failsafe, `circuit_breaker`: a listener that asks the breaker waits for itself]
#[test]
fn a_listener_may_ask_and_move_the_breaker() {
    let (breaker, _clock) = breaker(|b| b.consecutive_failures(1));
    let mut events = breaker.subscribe();
    fail(&breaker);
    let Some(Received::Event(event)) = events.try_next() else {
        panic!("no event")
    };
    assert!(matches!(
        event.kind,
        EventKind::Transition {
            to: State::Open,
            ..
        }
    ));
    assert_eq!(breaker.state(), State::Open);
    breaker.reset(&crate::stand::tester());
    assert_eq!(breaker.state(), State::Closed);
}

/// Asks the breaker, calls through it and moves it, on the thread that told the event.
struct Asking(Weak<CircuitBreaker>, AtomicUsize);

impl Wake for Asking {
    fn wake(self: Arc<Self>) {
        let breaker = self.0.upgrade().unwrap();
        breaker.snapshot();
        drop(breaker.acquire());
        let _ = breaker.transition(State::HalfOpen, &crate::stand::tester());
        self.1.fetch_add(1, Ordering::SeqCst);
    }
}

/// [failsafe: `reset` tells its listener under the lock; `circuit_breaker`: every hook is]
#[test]
fn a_waker_that_asks_the_breaker_does_not_wait_for_itself() {
    crate::stand::bounded(|| {
        let (breaker, _clock) = breaker(|b| b.consecutive_failures(1));
        let asking = Asking(Arc::downgrade(&breaker), AtomicUsize::new(0));
        let asking = Arc::new(asking);
        let waker = Waker::from(Arc::clone(&asking));
        let mut events = breaker.subscribe();
        let opens = || _ = fail(&breaker);
        let resets = || breaker.reset(&crate::stand::tester());
        let moves: [&dyn Fn(); 2] = [&opens, &resets];
        for (turn, moved) in (1..).zip(moves) {
            while events.poll_next(&Context::from_waker(&waker)).is_ready() {}
            moved();
            assert_eq!(asking.1.load(Ordering::SeqCst), turn, "woken once");
            assert_eq!(breaker.state(), State::HalfOpen);
        }
    });
}

/// [`circuit_breaker`: a hook that panics poisons the mutex, all later calls panic]
#[test]
fn a_listener_that_panics_harms_no_call() {
    let (breaker, _clock) = breaker(|b| b.consecutive_failures(2));
    let mut events = breaker.subscribe();
    let listening = std::thread::spawn(move || {
        while events.try_next().is_none() {
            std::thread::yield_now();
        }
        std::panic::resume_unwind(Box::new("a listener that panics"));
    });
    fail_times(&breaker, 2);
    assert!(listening.join().is_err());
    assert_eq!(breaker.state(), State::Open);
    assert_eq!(breaker.acquire().err().unwrap().reason(), Reason::Open);
}

/// [breaker-machines: redrawn at every check, so the shortest of many draws wins]
#[test]
fn the_jitter_is_drawn_once_for_each_opening() {
    for seed in 0..50 {
        let clock = ManualClock::new();
        let breaker = CircuitBreaker::builder("jitter")
            .consecutive_failures(1)
            .open_for(secs(10))
            .jitter(crate::stand::percent("100%"))
            .clock(clock.clone())
            .seed(seed)
            .build()
            .unwrap();
        fail(&breaker);
        let whole = breaker.snapshot().retry_after.unwrap_or_default();
        for _ in 0..1_000 {
            assert_eq!(
                breaker.snapshot().retry_after.unwrap_or_default(),
                whole,
                "seed {seed}"
            );
        }
        clock.advance(whole / 2);
        if !whole.is_zero() {
            let left = breaker.acquire().err().unwrap().retry_after().unwrap();
            assert_eq!(left, whole - whole / 2, "seed {seed}");
        }
    }
}

/// [breaker-machines: `call(&mut self)` behind a mutex serialises its users]
#[test]
fn calls_run_beside_each_other() {
    let (breaker, _clock) = breaker(|b| b);
    let meeting = std::sync::Barrier::new(8);
    together(8, |_| {
        breaker
            .call(|| {
                // Passed only when all eight are inside of their calls.
                meeting.wait();
                Ok::<_, ()>(())
            })
            .unwrap();
    });
    assert_eq!(breaker.snapshot().totals.success, 8);
}

/// [do-over: a clone panics in async code and shares no state]
#[test]
fn all_handles_of_a_breaker_share_its_state() {
    let (breaker, _clock) = breaker(|b| b.consecutive_failures(2));
    let other = Arc::clone(&breaker);
    fail(&breaker);
    fail(&other);
    assert_eq!((breaker.state(), other.state()), (State::Open, State::Open));
    assert!(breaker.acquire().is_err() && other.acquire().is_err());
}
