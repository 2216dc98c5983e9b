//! A circuit within a circuit, and an answer to failures, as the attribute's documentation has
//! them.

use super::{Error, open, told};
use crate::stand::{breaker, tester};
use fusebox::{CircuitBreaker, FailureClass, FixedAnswer, Outcome, State, only_errors};

#[fusebox::breaker(inner)]
fn ask(inner: &CircuitBreaker, fails: bool) -> Result<u8, Error> {
    if fails { Err(Error::Down) } else { Ok(1) }
}

#[fusebox::breaker(outer, classify = only_errors(|error: &Error| {
    !matches!(error, Error::Rejected(_))
}))]
fn by_function(outer: &CircuitBreaker, inner: &CircuitBreaker, fails: bool) -> Result<u8, Error> {
    ask(inner, fails)
}

#[fusebox::breaker(outer, classify = |result| match result {
    Ok(_) => Outcome::Success,
    Err(Error::Rejected(_)) => Outcome::Ignored,
    Err(_) => Outcome::Failure(FailureClass::Other),
})]
fn by_closure(outer: &CircuitBreaker, inner: &CircuitBreaker, fails: bool) -> Result<u8, Error> {
    ask(inner, fails)
}

#[test]
fn a_rejection_by_the_inner_circuit_is_no_failure_of_the_outer() {
    let (outer, _clock) = breaker(|b| b.consecutive_failures(2));
    let (inner, _clock) = breaker(|b| b);
    open(&inner);
    for _ in 0..2 {
        let rejected = by_function(&outer, &inner, false);
        assert!(matches!(rejected, Err(Error::Rejected(_))));
        let rejected = by_closure(&outer, &inner, false);
        assert!(matches!(rejected, Err(Error::Rejected(_))));
    }
    assert_eq!(told(&outer), (0, 0));
    assert_eq!(outer.state(), State::Closed);
    inner.reset(&tester());
    assert_eq!(by_function(&outer, &inner, true), Err(Error::Down));
    assert_eq!(by_closure(&outer, &inner, true), Err(Error::Down));
    assert_eq!(outer.state(), State::Open);
}

#[test]
fn an_attribute_around_a_recursive_function_takes_one_place() {
    fn count(down: u8) -> Result<u8, Error> {
        if down == 0 {
            return Ok(0);
        }
        Ok(count(down - 1)? + 1)
    }
    #[fusebox::breaker(breaker)]
    fn counted(breaker: &CircuitBreaker, down: u8) -> Result<u8, Error> {
        count(down)
    }
    let (breaker, _clock) = breaker(|b| b);
    breaker.transition(State::HalfOpen, &tester()).unwrap();
    assert_eq!(counted(&breaker, 3), Ok(3));
    assert_eq!(told(&breaker), (1, 0));
}

#[test]
fn failures_are_answered_by_call_or() {
    fn answered(breaker: &CircuitBreaker, fails: bool) -> Option<u8> {
        let call = || if fails { Err(Error::Down) } else { Ok(1) };
        breaker.call_or(&FixedAnswer(7), call).ok()
    }
    let (breaker, _clock) = breaker(|b| b.consecutive_failures(1));
    assert_eq!(answered(&breaker, false), Some(1));
    assert_eq!(answered(&breaker, true), Some(7));
    assert_eq!(breaker.state(), State::Open);
    assert_eq!(answered(&breaker, false), Some(7));
    assert_eq!(breaker.fallbacks(), [("fixed", 2)]);
}
