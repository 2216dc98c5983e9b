//! The attribute on sync functions: every way out of the body settles.

use super::{Error, open, told};
use crate::stand::{breaker, tester};
use fusebox::{CallError, CircuitBreaker, Reason, State};
use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::LazyLock;

#[fusebox::breaker(breaker)]
fn parse(breaker: &CircuitBreaker, text: &str) -> Result<u32, Error> {
    if text == "down" {
        return Err(Error::Down);
    }
    let number: u32 = text.parse()?;
    if number > 100 {
        return Ok(100);
    }
    Ok(number)
}

#[test]
fn the_end_of_the_body_and_an_early_return_settle() {
    let (breaker, _clock) = breaker(|b| b);
    assert_eq!(parse(&breaker, "7"), Ok(7));
    assert_eq!(parse(&breaker, "700"), Ok(100));
    assert_eq!(told(&breaker), (2, 0));
    assert_eq!(parse(&breaker, "down"), Err(Error::Down));
    assert_eq!(told(&breaker), (2, 1));
}

#[test]
fn a_question_mark_settles_with_the_converted_error() {
    let (breaker, _clock) = breaker(|b| b);
    assert_eq!(parse(&breaker, "seven"), Err(Error::NotANumber));
    assert_eq!(told(&breaker), (0, 1));
}

#[test]
fn a_rejected_call_does_not_run_the_body_and_becomes_the_own_error() {
    let (breaker, _clock) = breaker(|b| b.consecutive_failures(1));
    assert_eq!(parse(&breaker, "down"), Err(Error::Down));
    let Err(Error::Rejected(rejection)) = parse(&breaker, "7") else {
        panic!("admitted");
    };
    assert_eq!(rejection.reason(), Reason::Open);
    assert_eq!(told(&breaker), (0, 1));
}

#[test]
fn a_panic_is_a_failure_and_gives_the_trial_place_back() {
    #[fusebox::breaker(breaker)]
    fn panics(breaker: &CircuitBreaker) -> Result<(), Error> {
        resume_unwind(Box::new("own panic"))
    }
    let (breaker, _clock) = breaker(|b| b);
    breaker.transition(State::HalfOpen, &tester()).unwrap();
    let caught = catch_unwind(AssertUnwindSafe(|| panics(&breaker))).unwrap_err();
    assert_eq!(caught.downcast_ref::<&str>(), Some(&"own panic"));
    assert_eq!(breaker.snapshot().in_flight, 0);
    assert_eq!(breaker.state(), State::Open);
}

static LAZY: LazyLock<CircuitBreaker> =
    LazyLock::new(|| CircuitBreaker::builder("lazy").build().unwrap());

mod shown {
    /// Documentation, attributes and visibility stay with the function.
    #[fusebox::breaker(super::LAZY)]
    #[must_use = "a test of attributes"]
    #[inline]
    pub(super) fn kept() -> Result<u32, super::Error> {
        Ok(3)
    }
}

#[test]
fn a_lazy_static_is_a_handle_and_visibility_stays() {
    let before = told(&LAZY).0;
    assert_eq!(shown::kept(), Ok(3));
    assert_eq!(told(&LAZY).0, before + 1);
}

#[test]
fn an_expression_may_call_a_function_for_the_breaker() {
    fn of(number: usize, breakers: &[CircuitBreaker]) -> &CircuitBreaker {
        &breakers[number]
    }
    #[fusebox::breaker(of(1, breakers))]
    fn second(breakers: &[CircuitBreaker]) -> Result<(), Error> {
        Ok(())
    }
    let new = || CircuitBreaker::builder("one-of-two").build().unwrap();
    let breakers = [new(), new()];
    assert_eq!(second(&breakers), Ok(()));
    assert_eq!((told(&breakers[0]), told(&breakers[1])), ((0, 0), (1, 0)));
}

#[test]
fn generics_where_clauses_and_impl_arguments_work() {
    #[fusebox::breaker(breaker)]
    fn show<T, const N: usize>(
        breaker: &CircuitBreaker,
        values: [T; N],
        end: impl Display,
    ) -> Result<String, Error>
    where
        T: Display,
    {
        let mut text = String::new();
        for value in values {
            text += &value.to_string();
        }
        Ok(text + &end.to_string())
    }
    let (breaker, _clock) = breaker(|b| b);
    assert_eq!(show(&breaker, [1, 2], '!'), Ok("12!".to_owned()));
    assert_eq!(told(&breaker), (1, 0));
}

#[test]
fn arguments_may_be_patterns_and_mutable() {
    struct Point {
        x: u32,
        y: u32,
    }
    #[fusebox::breaker(breaker)]
    fn sum(
        breaker: &CircuitBreaker,
        (a, b): (u32, u32),
        Point { x, y }: Point,
        _: &str,
        mut rest: Vec<u32>,
    ) -> Result<u32, Error> {
        rest.push(a + b + x + y);
        Ok(rest.iter().sum())
    }
    let (breaker, _clock) = breaker(|b| b);
    let point = Point { x: 3, y: 4 };
    assert_eq!(sum(&breaker, (1, 2), point, "", vec![90]), Ok(100));
}

#[test]
fn the_value_may_be_an_opaque_type() {
    #[fusebox::breaker(breaker)]
    fn count(breaker: &CircuitBreaker, end: u8) -> Result<impl Iterator<Item = u8>, Error> {
        if end == 0 {
            return Err(Error::Down);
        }
        Ok(0..end)
    }
    let (breaker, _clock) = breaker(|b| b);
    assert_eq!(count(&breaker, 3).unwrap().count(), 3);
    assert!(count(&breaker, 0).is_err());
    assert_eq!(told(&breaker), (1, 1));
}

#[test]
fn an_alias_of_a_result_is_a_result() {
    type Shared<T> = Result<T, Error>;
    type CardResult = Shared<u8>;
    #[fusebox::breaker(breaker)]
    fn aliased(breaker: &CircuitBreaker) -> CardResult {
        Ok(8)
    }
    let (breaker, _clock) = breaker(|b| b);
    assert_eq!(aliased(&breaker), Ok(8));
    open(&breaker);
    assert!(matches!(aliased(&breaker), Err(Error::Rejected(_))));
}

#[test]
fn the_core_s_own_error_will_do() {
    #[fusebox::breaker(breaker)]
    fn call(breaker: &CircuitBreaker) -> Result<(), CallError<&'static str>> {
        Err(CallError::Failed("own"))
    }
    let (breaker, _clock) = breaker(|b| b.consecutive_failures(1));
    assert_eq!(call(&breaker), Err(CallError::Failed("own")));
    assert!(matches!(call(&breaker), Err(CallError::Rejected(_))));
}

#[test]
fn names_in_the_body_do_not_meet_those_of_the_attribute() {
    #[fusebox::breaker(breaker)]
    fn same(breaker: &CircuitBreaker, permit: u8, result: u8, rejection: u8) -> Result<u8, Error> {
        let once = permit + result + rejection;
        let handle = breaker.name().len() as u8;
        Ok(once + handle)
    }
    let (breaker, _clock) = breaker(|b| b);
    assert_eq!(same(&breaker, 1, 2, 3), Ok(6 + 4));
}

#[test]
fn a_value_is_coerced_as_in_a_plain_function() {
    #[fusebox::breaker(breaker)]
    fn dynamic(breaker: &CircuitBreaker, early: bool) -> Result<Box<dyn Display>, Error> {
        if early {
            return Ok(Box::new(1));
        }
        Ok(Box::new("two"))
    }
    let (breaker, _clock) = breaker(|b| b);
    let text = |early| dynamic(&breaker, early).unwrap().to_string();
    assert_eq!((text(true), text(false)), ("1".into(), "two".into()));
}
