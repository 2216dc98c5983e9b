//! `fallback = function`.

use super::{Error, now, open, poll, told};
use crate::stand::{breaker, secs};
use fusebox::{CircuitBreaker, FailureClass, Outcome, Reason, Rejection, Settlement};
use std::future::{pending, ready};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

/// Not `Clone`: it can be given away once.
#[derive(Debug, PartialEq)]
struct Query(String);

#[fusebox::breaker(breaker, fallback = cached)]
fn ask(breaker: &CircuitBreaker, query: Query, (_, by): (u8, u32)) -> Result<String, Error> {
    if query.0 == "down" {
        return Err(Error::Down);
    }
    Ok(format!("{} by {by}", query.0))
}

fn cached(
    _: &CircuitBreaker,
    Query(text): Query,
    pair: (u8, u32),
    rejection: Rejection,
) -> Result<String, Error> {
    Ok(format!("{text} {pair:?} {}", rejection.reason().as_str()))
}

#[test]
fn a_fallback_gets_the_arguments_and_the_rejection() {
    let (breaker, _clock) = breaker(|b| b);
    let ask = |text: &str| ask(&breaker, Query(text.to_owned()), (1, 2));
    assert_eq!(ask("q"), Ok("q by 2".to_owned()));
    assert_eq!(breaker.fallbacks(), []);
    open(&breaker);
    assert_eq!(ask("q"), Ok("q (1, 2) open".to_owned()));
    assert_eq!(breaker.fallbacks(), [("function", 1)]);
    assert_eq!(told(&breaker), (1, 0));
}

#[test]
fn an_error_of_the_body_goes_to_the_caller() {
    let (breaker, _clock) = breaker(|b| b);
    assert_eq!(
        ask(&breaker, Query("down".into()), (1, 2)),
        Err(Error::Down)
    );
    assert_eq!(breaker.fallbacks(), []);
}

#[test]
fn a_fallback_that_is_switched_off_is_not_asked() {
    let (breaker, _clock) = breaker(|b| b.open_for(secs(60)));
    open(&breaker);
    breaker.set_fallback_enabled(false);
    let Err(Error::Rejected(rejection)) = ask(&breaker, Query("q".into()), (1, 2)) else {
        panic!("the fallback answered");
    };
    assert_eq!(rejection.reason(), Reason::Open);
    assert_eq!(breaker.fallbacks(), []);
}

#[test]
fn a_fallback_of_an_async_function_is_awaited() {
    #[fusebox::breaker(breaker, fallback = stale)]
    async fn ask(breaker: &CircuitBreaker, query: Query) -> Result<String, Error> {
        Ok(ready(query.0).await)
    }
    async fn stale(_: &CircuitBreaker, query: Query, _: Rejection) -> Result<String, Error> {
        Ok(ready(query.0).await + ", stale")
    }
    let (breaker, _clock) = breaker(|b| b);
    open(&breaker);
    let answer = now(super::assert_send(ask(&breaker, Query("q".to_owned()))));
    assert_eq!(answer, Ok("q, stale".to_owned()));
    assert_eq!(breaker.fallbacks(), [("function", 1)]);
}

struct Client {
    stale: u32,
    breaker: Arc<CircuitBreaker>,
}

impl Client {
    #[fusebox::breaker(self.breaker, fallback = Self::stale)]
    fn by_reference(&self, _number: u32) -> Result<u32, Error> {
        Ok(0)
    }

    fn stale(&self, number: u32, _: Rejection) -> Result<u32, Error> {
        Ok(self.stale + number)
    }

    #[fusebox::breaker(self.breaker, fallback = Self::count)]
    fn by_mutable_reference(&mut self) -> Result<u32, Error> {
        Ok(0)
    }

    fn count(&mut self, _: Rejection) -> Result<u32, Error> {
        self.stale += 1;
        Ok(self.stale)
    }

    #[fusebox::breaker(self.breaker, fallback = finish)]
    async fn by_value(self) -> Result<u32, Error> {
        Ok(0)
    }
}

async fn finish(client: Client, _: Rejection) -> Result<u32, Error> {
    Ok(client.stale)
}

#[test]
fn the_fallback_of_a_method_gets_the_receiver_first() {
    let (breaker, _clock) = breaker(|b| b);
    open(&breaker);
    let mut client = Client { stale: 40, breaker };
    assert_eq!(client.by_reference(2), Ok(42));
    assert_eq!(client.by_mutable_reference(), Ok(41));
    assert_eq!(now(client.by_value()), Ok(41));
}

#[test]
fn a_fallback_may_fail() {
    fn none<T>(_: &CircuitBreaker, _: Rejection) -> Result<T, Error> {
        Err(Error::Down)
    }
    #[fusebox::breaker(breaker, fallback = none::<u8>)]
    fn ask(breaker: &CircuitBreaker) -> Result<u8, Error> {
        Ok(1)
    }
    let (breaker, _clock) = breaker(|b| b);
    open(&breaker);
    assert_eq!(ask(&breaker), Err(Error::Down));
    assert_eq!(breaker.fallbacks(), []);
}

#[test]
fn a_fallback_that_does_not_come_to_its_end_is_not_counted() {
    fn panics(_: &CircuitBreaker, _: Rejection) -> Result<u8, Error> {
        resume_unwind(Box::new("own panic"))
    }
    #[fusebox::breaker(breaker, fallback = panics)]
    fn ask(breaker: &CircuitBreaker) -> Result<u8, Error> {
        Ok(1)
    }
    async fn waits(_: &CircuitBreaker, _: Rejection) -> Result<u8, Error> {
        pending().await
    }
    #[fusebox::breaker(breaker, fallback = waits)]
    async fn ask_async(breaker: &CircuitBreaker) -> Result<u8, Error> {
        Ok(1)
    }
    let (breaker, _clock) = breaker(|b| b);
    open(&breaker);
    assert!(catch_unwind(AssertUnwindSafe(|| ask(&breaker))).is_err());
    {
        let mut cancelled = std::pin::pin!(ask_async(&breaker));
        assert!(poll(cancelled.as_mut()).is_pending());
    }
    assert_eq!(breaker.fallbacks(), []);
}

fn only_down(result: Result<&u32, &Error>) -> Outcome {
    match result {
        Ok(404) => Outcome::Ignored,
        Ok(_) => Outcome::Success,
        Err(_) => Outcome::Failure(FailureClass::Status),
    }
}

#[test]
fn a_classifier_may_be_a_path_or_an_expression() {
    #[fusebox::breaker(breaker, classify = only_down)]
    fn by_path(breaker: &CircuitBreaker, status: u32) -> Result<u32, Error> {
        Ok(status)
    }
    #[fusebox::breaker(breaker, classify = fusebox::only_errors(|e: &Error| *e == Error::Down))]
    async fn by_expression(breaker: &CircuitBreaker, error: Error) -> Result<(), Error> {
        Err(error)
    }
    let (breaker, _clock) = breaker(|b| b);
    assert_eq!(by_path(&breaker, 404), Ok(404));
    assert_eq!(told(&breaker), (0, 0));
    assert_eq!(by_path(&breaker, 200), Ok(200));
    assert!(now(by_expression(&breaker, Error::NotANumber)).is_err());
    assert_eq!(told(&breaker), (1, 0));
    assert!(now(by_expression(&breaker, Error::Down)).is_err());
    assert_eq!(told(&breaker), (1, 1));
}

#[test]
fn a_closure_that_classifies_needs_no_types() {
    #[fusebox::breaker(breaker, classify = |result| match result {
        Ok(404) => Outcome::Ignored,
        Ok(_) => Outcome::Success,
        Err(error) if *error == Error::Down => Outcome::Failure(FailureClass::Status),
        Err(_) => Outcome::Ignored,
    })]
    fn ask(breaker: &CircuitBreaker, answer: Result<u32, Error>) -> Result<u32, Error> {
        answer
    }
    #[fusebox::breaker(breaker, classify = move |r| Settlement::new(match r {
        Ok(text) if text.is_empty() => Outcome::Ignored,
        _ => Outcome::Success,
    }))]
    async fn text(breaker: &CircuitBreaker, text: &str) -> Result<String, Error> {
        Ok(text.to_owned())
    }
    let (breaker, _clock) = breaker(|b| b);
    assert_eq!(ask(&breaker, Ok(404)), Ok(404));
    assert!(ask(&breaker, Err(Error::NotANumber)).is_err());
    assert_eq!(told(&breaker), (0, 0));
    assert_eq!(ask(&breaker, Ok(200)), Ok(200));
    assert!(ask(&breaker, Err(Error::Down)).is_err());
    assert_eq!(told(&breaker), (1, 1));
    assert_eq!(now(text(&breaker, "")), Ok(String::new()));
    assert_eq!(now(text(&breaker, "a")), Ok("a".to_owned()));
    assert_eq!(told(&breaker), (2, 1));
}
