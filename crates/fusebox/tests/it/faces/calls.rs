//! `call` and `call_async`.

use crate::stand::{breaker, secs, tester};
use fusebox::{CallError, Reason, State};
use std::fmt;
use std::future::{pending, ready};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

/// Polls once: enough for futures that are ready, or that never are.
fn poll<T>(future: Pin<&mut impl Future<Output = T>>) -> Poll<T> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Neither `Clone` nor `Copy` nor comparable by anything but its text.
#[derive(Debug)]
struct OwnError(String);

impl fmt::Display for OwnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for OwnError {}

#[test]
fn a_failed_call_keeps_its_own_error() {
    let (breaker, _clock) = breaker(|b| b.consecutive_failures(5));
    let failed: Result<(), _> = breaker.call(|| Err(OwnError("no route".to_owned())));
    let error = failed.unwrap_err();
    assert_eq!(error.to_string(), "no route");
    assert!(
        std::error::Error::source(&error).is_none(),
        "it says itself once"
    );
    assert_eq!(error.rejection(), None);
    assert_eq!(error.into_failed().unwrap().0, "no route");
    assert_eq!(breaker.snapshot().totals.failure, 1);
}

#[test]
fn the_call_that_trips_gets_its_own_error_and_the_next_a_rejection() {
    let (breaker, _clock) = breaker(|b| b.consecutive_failures(1).open_for(secs(60)));
    assert_eq!(
        breaker.call(|| Err::<(), _>("down")),
        Err(CallError::Failed("down"))
    );
    let error = breaker.call(|| Err::<(), _>("down")).unwrap_err();
    let rejection = error.rejection().unwrap();
    assert_eq!(
        (rejection.reason(), rejection.retry_after()),
        (Reason::Open, Some(secs(60)))
    );
    assert_eq!(error.into_failed(), None);
    assert!(rejection.to_string().contains("open"), "{rejection}");
}

#[test]
fn a_good_call_gives_its_value() {
    let (breaker, _clock) = breaker(|b| b);
    assert_eq!(breaker.call(|| Ok::<_, ()>("value")), Ok("value"));
    assert_eq!(
        poll(pin!(breaker.call_async(ready(Ok::<_, ()>(7))))),
        Poll::Ready(Ok(7))
    );
    assert_eq!(breaker.snapshot().totals.success, 2);
}

#[test]
fn a_panic_is_a_failure_and_goes_on_unwinding() {
    let (breaker, _clock) = breaker(|b| b.consecutive_failures(2));
    let panics = || -> Result<(), ()> { resume_unwind(Box::new("own panic")) };
    let caught = catch_unwind(AssertUnwindSafe(|| breaker.call(panics))).unwrap_err();
    assert_eq!(caught.downcast_ref::<&str>(), Some(&"own panic"));
    assert_eq!(breaker.snapshot().consecutive_failures, 1);
    let mut asynchronous = pin!(breaker.call_async(async { panics() }));
    assert!(catch_unwind(AssertUnwindSafe(|| poll(asynchronous.as_mut()))).is_err());
    assert_eq!(breaker.state(), State::Open);
    assert_eq!(breaker.snapshot().totals.failure, 2);
}

#[test]
fn a_future_asks_for_admission_when_it_is_first_polled() {
    let (breaker, _clock) = breaker(|b| b);
    breaker.transition(State::HalfOpen, &tester()).unwrap();
    let mut trial = pin!(breaker.call_async(pending::<Result<(), ()>>()));
    assert_eq!(breaker.snapshot().in_flight, 0);
    assert!(poll(trial.as_mut()).is_pending());
    assert_eq!(breaker.snapshot().in_flight, 1);
}

#[test]
fn a_cancelled_future_is_ignored_without_abandoned_after() {
    let (breaker, clock) = breaker(|b| b.consecutive_failures(1));
    {
        let mut call = pin!(breaker.call_async(pending::<Result<(), ()>>()));
        assert!(poll(call.as_mut()).is_pending());
        clock.advance(secs(3_600));
    }
    let snapshot = breaker.snapshot();
    assert_eq!(snapshot.state, State::Closed);
    assert_eq!((snapshot.totals.ignored, snapshot.totals.abandoned), (1, 1));
}

#[test]
fn a_future_cancelled_after_abandoned_after_is_a_failure() {
    let (breaker, clock) = breaker(|b| b.consecutive_failures(1).timeout(secs(5)));
    {
        let mut call = pin!(breaker.call_async(pending::<Result<(), ()>>()));
        assert!(poll(call.as_mut()).is_pending());
        clock.advance(secs(5));
    }
    let snapshot = breaker.snapshot();
    assert_eq!(snapshot.state, State::Open);
    assert_eq!((snapshot.totals.failure, snapshot.totals.abandoned), (1, 1));
}

#[test]
fn a_future_that_is_rejected_is_never_polled() {
    let (breaker, _clock) = breaker(|b| b);
    breaker.transition(State::Open, &tester()).unwrap();
    let untouched = async { unreachable!("the call was not admitted") };
    let answer = poll(pin!(breaker.call_async::<(), ()>(untouched)));
    assert!(matches!(answer, Poll::Ready(Err(CallError::Rejected(_)))));
}
