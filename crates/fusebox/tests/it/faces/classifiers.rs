//! `call_with`, `call_async_with` and `settle_result`: who says what a failure is.

use crate::stand::{breaker, secs, tester};
use fusebox::{
    CallError, Classifier, EveryError, FailureClass, Outcome, Settled, Settlement, State,
    only_errors,
};
use std::future::{pending, ready};
use std::io::{Error, ErrorKind};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

fn poll<T>(future: Pin<&mut impl Future<Output = T>>) -> Poll<T> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

fn fails(kind: ErrorKind) -> Result<u16, Error> {
    Err(kind.into())
}

/// A status as a value: 5xx is a failure although it is `Ok`.
fn by_status(result: Result<&u16, &Error>) -> Outcome {
    match result {
        Ok(500..=599) => Outcome::Failure(FailureClass::Status),
        Ok(_) => Outcome::Success,
        Err(_) => Outcome::Failure(FailureClass::Connect),
    }
}

#[test]
fn every_error_is_a_failure_where_nothing_else_is_said() {
    let (breaker, _clock) = breaker(|b| b.consecutive_failures(3));
    let _ = breaker.call(|| fails(ErrorKind::NotFound));
    let _ = breaker.call_with(&EveryError, || fails(ErrorKind::NotFound));
    assert_eq!(breaker.consecutive_failures(), 2);
    let _ = breaker.call_with(&EveryError, || Ok::<_, Error>(200));
    assert_eq!(breaker.consecutive_failures(), 0);
}

#[test]
fn an_error_that_is_not_named_is_ignored_and_still_the_callers() {
    let (breaker, _clock) = breaker(|b| b.consecutive_failures(2));
    let refused = only_errors(|error: &Error| error.kind() == ErrorKind::ConnectionRefused);
    let _ = breaker.call_with(&refused, || fails(ErrorKind::ConnectionRefused));
    let missing = breaker.call_with(&refused, || fails(ErrorKind::NotFound));
    assert_eq!(
        missing.unwrap_err().into_failed().unwrap().kind(),
        ErrorKind::NotFound
    );
    assert_eq!(
        breaker.consecutive_failures(),
        1,
        "neither a failure nor the end of a run"
    );
    assert_eq!(breaker.snapshot().totals.ignored, 1);
    let _ = breaker.call_with(&refused, || fails(ErrorKind::ConnectionRefused));
    assert_eq!(breaker.state(), State::Open);
}

#[test]
fn an_ignored_trial_only_gives_its_place_back() {
    let (breaker, _clock) = breaker(|b| b.half_open_successes(1));
    breaker.transition(State::HalfOpen, &tester()).unwrap();
    let none = only_errors(|_: &Error| false);
    let _ = breaker.call_with(&none, || fails(ErrorKind::NotFound));
    assert_eq!(
        (breaker.state(), breaker.snapshot().in_flight),
        (State::HalfOpen, 0)
    );
    let _ = breaker.call_with(&none, || Ok::<_, Error>(200));
    assert_eq!(breaker.state(), State::Closed);
}

#[test]
fn a_value_can_be_a_failure_and_is_still_returned() {
    let (breaker, _clock) = breaker(|b| b.consecutive_failures(2));
    assert_eq!(breaker.call_with(&by_status, || Ok(503)).unwrap(), 503);
    let answer = poll(pin!(breaker.call_async_with(&by_status, ready(Ok(502)))));
    assert!(matches!(answer, Poll::Ready(Ok(502))));
    assert_eq!(breaker.state(), State::Open);
    let evidence = breaker.snapshot().why.unwrap().evidence;
    assert_eq!(evidence.class, Some(FailureClass::Status));
    let answer = breaker.call_with(&by_status, || unreachable!("the circuit is open"));
    assert!(matches!(answer, Err(CallError::Rejected(_))));
}

/// R13: what the deciding outcome asks for lengthens the opening.
#[test]
fn a_closure_may_pass_on_when_to_come_again() {
    let (breaker, _clock) = breaker(|b| b.consecutive_failures(1).open_for(secs(5)));
    let limited = |_: Result<&u16, &Error>| {
        Settlement::new(Outcome::Failure(FailureClass::Status)).retry_after(secs(20))
    };
    let _ = breaker.call_with(&limited, || Ok(429));
    assert_eq!(breaker.snapshot().retry_after, Some(secs(20)));
}

#[test]
fn a_classifier_can_be_chosen_while_the_program_runs() {
    let (breaker, _clock) = breaker(|b| b.consecutive_failures(1));
    let classifiers: [Box<dyn Classifier<u16, Error>>; 3] = [
        Box::new(|_: Result<&u16, &Error>| Outcome::Ignored),
        Box::new(only_errors(|_: &Error| false)),
        Box::new(EveryError),
    ];
    let states = classifiers.map(|classifier| {
        let _ = breaker.call_with(&*classifier, || fails(ErrorKind::TimedOut));
        breaker.state()
    });
    assert_eq!(states, [State::Closed, State::Closed, State::Open]);
}

#[test]
fn a_permit_is_settled_with_a_result_that_stays_the_callers() {
    let (breaker, _clock) = breaker(|b| b.consecutive_failures(1));
    let (first, second) = (breaker.acquire().unwrap(), breaker.acquire_owned().unwrap());
    let result = fails(ErrorKind::TimedOut);
    assert_eq!(first.settle_result(&EveryError, &result), Settled::Recorded);
    assert_eq!(breaker.state(), State::Open);
    assert_eq!(second.settle_result(&by_status, &result), Settled::Late);
    assert!(result.is_err());
}

/// R11: a panic is a failure, wherever in the call it comes from.
#[test]
fn a_classifier_that_panics_leaves_a_failed_call() {
    let (breaker, _clock) = breaker(|b| b.consecutive_failures(1));
    let broken = |_: Result<&u16, &Error>| -> Outcome { panic!("own panic") };
    let call = || breaker.call_with(&broken, || Ok(200));
    assert!(catch_unwind(AssertUnwindSafe(call)).is_err());
    assert_eq!(breaker.state(), State::Open);
    assert_eq!(breaker.snapshot().totals.failure, 1);
}

#[test]
fn a_cancelled_call_does_not_ask_the_classifier() {
    let (breaker, clock) = breaker(|b| b.consecutive_failures(1).timeout(secs(5)));
    let asked = |_: Result<&u16, &Error>| -> Outcome { unreachable!("there is no result") };
    for (after, ignored, state) in [(secs(4), 1, State::Closed), (secs(5), 1, State::Open)] {
        {
            let mut call = pin!(breaker.call_async_with(&asked, pending::<Result<u16, Error>>()));
            assert!(poll(call.as_mut()).is_pending());
            clock.advance(after);
        }
        assert_eq!(
            (breaker.snapshot().totals.ignored, breaker.state()),
            (ignored, state)
        );
    }
}
