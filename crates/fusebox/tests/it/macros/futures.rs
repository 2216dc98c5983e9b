//! The attribute on async functions, and on functions that return futures.

use super::{Error, assert_send, now, open, poll, told};
use crate::stand::{breaker, secs, tester};
use async_trait::async_trait;
use fusebox::{CircuitBreaker, State};
use std::future::{pending, ready};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;

#[fusebox::breaker(breaker)]
async fn parse(breaker: &CircuitBreaker, text: String) -> Result<u32, Error> {
    if text == "down" {
        return Err(Error::Down);
    }
    let number = ready(text.parse()).await?;
    Ok(number)
}

#[fusebox::breaker(breaker)]
async fn never(breaker: &CircuitBreaker) -> Result<(), Error> {
    pending().await
}

#[test]
fn every_way_out_of_an_async_body_settles() {
    let (breaker, _clock) = breaker(|b| b);
    assert_eq!(now(parse(&breaker, "7".to_owned())), Ok(7));
    assert_eq!(now(parse(&breaker, "down".to_owned())), Err(Error::Down));
    let garbled = now(parse(&breaker, "seven".to_owned()));
    assert_eq!(garbled, Err(Error::NotANumber));
    assert_eq!(told(&breaker), (1, 2));
    open(&breaker);
    let rejected = now(parse(&breaker, "7".to_owned()));
    assert!(matches!(rejected, Err(Error::Rejected(_))));
}

#[test]
fn an_async_function_asks_for_admission_when_first_polled() {
    let (breaker, _clock) = breaker(|b| b);
    breaker.transition(State::HalfOpen, &tester()).unwrap();
    let mut trial = pin!(never(&breaker));
    assert_eq!(breaker.snapshot().in_flight, 0);
    assert!(poll(trial.as_mut()).is_pending());
    assert_eq!(breaker.snapshot().in_flight, 1);
}

#[test]
fn a_dropped_future_gives_its_trial_place_back() {
    let (breaker, clock) = breaker(|b| b);
    breaker.transition(State::HalfOpen, &tester()).unwrap();
    {
        let mut trial = pin!(never(&breaker));
        assert!(poll(trial.as_mut()).is_pending());
        clock.advance(secs(1));
    }
    let snapshot = breaker.snapshot();
    assert_eq!((snapshot.state, snapshot.in_flight), (State::HalfOpen, 0));
    assert_eq!((snapshot.totals.ignored, snapshot.totals.abandoned), (1, 1));
}

#[test]
fn a_panic_in_an_async_body_is_a_failure() {
    #[fusebox::breaker(breaker)]
    async fn panics(breaker: &CircuitBreaker) -> Result<(), Error> {
        ready(()).await;
        resume_unwind(Box::new("own panic"))
    }
    let (breaker, _clock) = breaker(|b| b);
    let mut future = pin!(panics(&breaker));
    assert!(catch_unwind(AssertUnwindSafe(|| poll(future.as_mut()))).is_err());
    assert_eq!(told(&breaker), (0, 1));
}

#[test]
fn the_future_is_send_if_the_body_is() {
    let (breaker, _clock) = breaker(|b| b);
    assert_eq!(now(assert_send(parse(&breaker, "7".to_owned()))), Ok(7));
    drop(assert_send(never(&breaker)));
}

#[test]
fn an_async_value_is_coerced_as_in_a_plain_function() {
    #[fusebox::breaker(breaker)]
    async fn dynamic(breaker: &CircuitBreaker, early: bool) -> Result<Box<dyn ToString>, Error> {
        if early {
            return Ok(Box::new(1));
        }
        Ok(Box::new("two"))
    }
    let (breaker, _clock) = breaker(|b| b);
    let text = |early| now(dynamic(&breaker, early)).unwrap().to_string();
    assert_eq!((text(true), text(false)), ("1".into(), "two".into()));
}

#[fusebox::breaker(breaker)]
fn opaque(
    breaker: Arc<CircuitBreaker>,
    number: u32,
) -> impl Future<Output = Result<u32, Error>> + Send + 'static {
    let doubled = number * 2;
    async move { Ok(ready(doubled).await) }
}

#[fusebox::breaker(breaker)]
fn boxed(
    breaker: &CircuitBreaker,
    number: u32,
) -> Pin<Box<dyn Future<Output = Result<u32, Error>> + Send + '_>> {
    if number == 0 {
        return Box::pin(ready(Err(Error::Down)));
    }
    Box::pin(async move { Ok(ready(number * 2).await) })
}

#[test]
fn a_function_that_returns_a_future_runs_when_it_is_polled() {
    let (breaker, _clock) = breaker(|b| b);
    let future = assert_send(opaque(Arc::clone(&breaker), 4));
    assert_eq!(breaker.snapshot().totals.success, 0);
    assert_eq!(now(future), Ok(8));
    assert_eq!(now(boxed(&breaker, 5)), Ok(10));
    assert_eq!(now(boxed(&breaker, 0)), Err(Error::Down));
    assert_eq!(told(&breaker), (2, 1));
    open(&breaker);
    assert!(matches!(now(boxed(&breaker, 5)), Err(Error::Rejected(_))));
}

#[async_trait]
trait Asks {
    async fn ask(&mut self, text: &str) -> Result<u32, Error>;
}

struct Client {
    asked: u32,
    breaker: Arc<CircuitBreaker>,
}

#[async_trait]
impl Asks for Client {
    #[fusebox::breaker(self.breaker, fallback = Self::stale)]
    async fn ask(&mut self, text: &str) -> Result<u32, Error> {
        self.asked += 1;
        let number: u32 = ready(text.parse()).await?;
        if number == 0 {
            return Err(Error::Down);
        }
        Ok(number)
    }
}

impl Client {
    async fn stale(&mut self, text: &str, _: fusebox::Rejection) -> Result<u32, Error> {
        Ok(ready(text.len() as u32).await + self.asked)
    }
}

#[test]
fn a_method_of_an_async_trait_is_a_method() {
    let (breaker, _clock) = breaker(|b| b);
    let mut client: Box<dyn Asks> = Box::new(Client {
        asked: 0,
        breaker: Arc::clone(&breaker),
    });
    assert_eq!(now(client.ask("7")), Ok(7));
    assert_eq!(now(client.ask("seven")), Err(Error::NotANumber));
    assert_eq!(now(client.ask("0")), Err(Error::Down));
    assert_eq!(told(&breaker), (1, 2));
    open(&breaker);
    assert_eq!(now(client.ask("seven")), Ok(5 + 3));
}
