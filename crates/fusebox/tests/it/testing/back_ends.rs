//! `BackEnd` and `Step`.

use super::panic_of;
use crate::stand::{breaker, secs};
use fusebox::testing::{BackEnd, ManualClock, Step};
use fusebox::{Clock, State};
use std::io::{Error, ErrorKind};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

fn poll<T>(future: Pin<&mut impl Future<Output = T>>) -> Poll<T> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn the_steps_come_in_their_order() {
    let steps = [
        Step::ok(1),
        Step::err("down").times(2),
        Step::ok(9).times(0),
        Step::ok(2),
    ];
    let back_end = BackEnd::new(&ManualClock::new(), steps);
    let answers = [(); 4].map(|()| back_end.call());
    assert_eq!(answers, [Ok(1), Err("down"), Err("down"), Ok(2)]);
    assert_eq!(back_end.calls(), 4);
}

#[test]
fn a_call_beyond_the_script_fails_the_test() {
    let back_end = BackEnd::new(&ManualClock::new(), [Step::<_, ()>::ok(1).times(2)]);
    let _ = (back_end.call(), back_end.call());
    let expected = "the script is over: it has 2 steps, and this is call 3";
    assert_eq!(panic_of(|| back_end.call()), expected);
    let expected = "the script is over: it has 2 steps, and this is call 4";
    assert_eq!(panic_of(|| poll(pin!(back_end.call_async()))), expected);
}

#[test]
fn the_last_step_can_go_on_for_ever() {
    let steps = [Step::ok(1), Step::err("down").times(2)];
    let back_end = BackEnd::new(&ManualClock::new(), steps).then_repeat_last();
    assert_eq!(back_end.call(), Ok(1));
    assert!((0..10).all(|_| back_end.call() == Err("down")));
    let empty = BackEnd::<(), ()>::new(&ManualClock::new(), []).then_repeat_last();
    let expected = "the script is over: it has 0 steps, and this is call 1";
    assert_eq!(panic_of(|| empty.call()), expected);
}

#[test]
fn the_end_can_be_an_error_of_the_users() {
    let back_end = BackEnd::new(&ManualClock::new(), [Step::ok(1)]).then(Step::err("script over"));
    let answers = [(); 3].map(|()| back_end.call());
    assert_eq!(answers, [Ok(1), Err("script over"), Err("script over")]);
}

#[test]
fn a_call_takes_time_on_the_clock_that_the_breaker_reads() {
    let (breaker, clock) = breaker(|b| {
        b.slow_call_rate(crate::stand::percent("100%"))
            .slow_call_duration(secs(1))
            .minimum_calls(2)
    });
    let steps = [Step::<_, ()>::ok(1).takes(secs(2)).times(2)];
    let back_end = BackEnd::new(&clock, steps);
    let _ = breaker.call(|| back_end.call());
    assert_eq!(clock.now().as_nanos(), 2_000_000_000);
    let _ = breaker.call(|| back_end.call());
    assert_eq!(breaker.state(), State::Open);
}

#[test]
fn errors_that_cannot_be_cloned_are_made_anew() {
    let steps = [Step::<(), Error>::answers(|| Err(ErrorKind::TimedOut.into())).times(2)];
    let back_end = BackEnd::new(&ManualClock::new(), steps);
    for _ in 0..2 {
        assert_eq!(back_end.call().unwrap_err().kind(), ErrorKind::TimedOut);
    }
}

#[test]
fn a_call_hangs_until_it_is_released_the_longest_one_first() {
    let clock = ManualClock::new();
    let steps = [
        Step::<_, ()>::ok(1).hangs().takes(secs(3)),
        Step::ok(2).hangs(),
    ];
    let back_end = BackEnd::new(&clock, steps);
    let (mut first, mut second) = (pin!(back_end.call_async()), pin!(back_end.call_async()));
    assert_eq!(
        (back_end.calls(), back_end.hanging()),
        (0, 0),
        "not polled yet"
    );
    assert!(poll(first.as_mut()).is_pending());
    assert!(poll(second.as_mut()).is_pending());
    assert_eq!((back_end.calls(), back_end.hanging()), (2, 2));
    back_end.release();
    assert!(poll(second.as_mut()).is_pending());
    assert_eq!(clock.now().as_nanos(), 0);
    assert_eq!(poll(first.as_mut()), Poll::Ready(Ok(1)));
    assert_eq!(clock.now().as_nanos(), 3_000_000_000);
    back_end.release();
    assert_eq!(poll(second.as_mut()), Poll::Ready(Ok(2)));
    assert_eq!(back_end.hanging(), 0);
}

#[test]
fn a_release_wakes_the_call_once() {
    struct Count(AtomicUsize);
    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
    let back_end = BackEnd::new(&ManualClock::new(), [Step::<_, ()>::ok(1).hangs()]);
    let count = Arc::new(Count(AtomicUsize::new(0)));
    let waker = Waker::from(Arc::clone(&count));
    let mut call = pin!(back_end.call_async());
    for _ in 0..2 {
        let polled = call.as_mut().poll(&mut Context::from_waker(&waker));
        assert!(polled.is_pending());
    }
    back_end.release();
    assert_eq!(count.0.load(Ordering::SeqCst), 1);
}

#[test]
fn a_cancelled_call_hangs_no_more() {
    let steps = [Step::<_, ()>::ok(1).hangs(), Step::ok(2).hangs()];
    let back_end = BackEnd::new(&ManualClock::new(), steps);
    {
        let mut cancelled = pin!(back_end.call_async());
        assert!(poll(cancelled.as_mut()).is_pending());
    }
    assert_eq!((back_end.calls(), back_end.hanging()), (1, 0));
    let mut second = pin!(back_end.call_async());
    assert!(poll(second.as_mut()).is_pending());
    back_end.release();
    assert_eq!(poll(second.as_mut()), Poll::Ready(Ok(2)));
}

#[test]
fn what_cannot_be_is_told() {
    let back_end = BackEnd::new(&ManualClock::new(), [Step::<_, ()>::ok(1).hangs()]);
    assert_eq!(
        panic_of(|| back_end.release()),
        "no call hangs: 0 were made"
    );
    let expected = "call 1 hangs by its script: make it with `call_async`";
    assert_eq!(panic_of(|| back_end.call()), expected);
}

/// The panic of an answer is a failure of the call, and the back end can be used on.
#[test]
fn an_answer_may_panic() {
    let (breaker, clock) = breaker(|b| b.consecutive_failures(1));
    let steps = [Step::<u32, ()>::answers(|| panic!("broken")), Step::ok(1)];
    let back_end = BackEnd::new(&clock, steps);
    let call = || breaker.call(|| back_end.call());
    assert!(catch_unwind(AssertUnwindSafe(call)).is_err());
    assert_eq!(breaker.state(), State::Open);
    assert_eq!(back_end.call(), Ok(1));
}

#[test]
fn clones_and_threads_share_one_script() {
    let back_end = BackEnd::new(&ManualClock::new(), [Step::<_, ()>::ok(1).times(40)]);
    let calls = crate::stand::together(4, |_| {
        let clone = back_end.clone();
        (0..10).filter(|_| clone.call() == Ok(1)).count()
    });
    assert_eq!((calls.iter().sum::<usize>(), back_end.calls()), (40, 40));
    panic_of(|| back_end.call());
}
