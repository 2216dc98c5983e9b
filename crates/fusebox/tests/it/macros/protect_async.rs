//! Protected traits with futures: native, `impl Future`, boxed, and by `#[async_trait]`.

// The traits here are known to these tests only.
#![allow(async_fn_in_trait)]

use super::{Error, assert_send, now, open, poll, told};
use crate::stand::{breaker, tester};
use async_trait::async_trait;
use fusebox::{CircuitBreaker, State};
use std::future::{pending, ready};
use std::pin::{Pin, pin};
use std::sync::Arc;

#[fusebox::protect]
trait Native {
    async fn get(&self, id: &str) -> Result<String, Error>;
    async fn put(&mut self, text: String) -> Result<usize, Error>;
    async fn finish(self) -> Result<usize, Error>;
    #[breaker(skip)]
    async fn len(&self) -> usize;
}

#[fusebox::protect]
trait Promised {
    fn get(&self, id: &str) -> impl Future<Output = Result<String, Error>> + Send;
    fn put(&mut self, text: String) -> impl Future<Output = Result<usize, Error>> + Send;
    fn boxed<'a>(
        &'a self,
        id: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<&'a str, Error>> + Send + 'a>>;
    #[breaker(skip)]
    fn len(&self) -> impl Future<Output = usize> + Send;
}

#[fusebox::protect]
#[async_trait]
trait Above {
    async fn get(&self, id: &str) -> Result<String, Error>;
    async fn put(&mut self, text: String) -> Result<usize, Error>;
    #[breaker(skip)]
    async fn len(&self) -> usize;
}

#[async_trait]
#[fusebox::protect]
trait Below {
    async fn get(&self, id: &str) -> Result<String, Error>;
    async fn put(&mut self, text: String) -> Result<usize, Error>;
}

#[fusebox::protect]
#[async_trait(?Send)]
trait Local {
    async fn get(&self, id: std::rc::Rc<str>) -> Result<String, Error>;
}

#[derive(Default)]
struct InMemory {
    texts: Vec<String>,
}

impl InMemory {
    fn found(&self, id: &str) -> Result<String, Error> {
        let number: usize = id.parse()?;
        self.texts.get(number).cloned().ok_or(Error::Down)
    }

    fn kept(&mut self, text: String) -> Result<usize, Error> {
        self.texts.push(text);
        Ok(self.texts.len())
    }
}

impl Native for InMemory {
    async fn get(&self, id: &str) -> Result<String, Error> {
        ready(self.found(id)).await
    }

    async fn put(&mut self, text: String) -> Result<usize, Error> {
        ready(self.kept(text)).await
    }

    async fn finish(self) -> Result<usize, Error> {
        Ok(self.texts.len())
    }

    async fn len(&self) -> usize {
        self.texts.len()
    }
}

impl Promised for InMemory {
    async fn get(&self, id: &str) -> Result<String, Error> {
        ready(self.found(id)).await
    }

    fn put(&mut self, text: String) -> impl Future<Output = Result<usize, Error>> + Send {
        // Not lazy: what is rejected must not get here.
        let kept = self.kept(text);
        async move { ready(kept).await }
    }

    fn boxed<'a>(
        &'a self,
        id: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<&'a str, Error>> + Send + 'a>> {
        Box::pin(ready(Ok(id)))
    }

    async fn len(&self) -> usize {
        self.texts.len()
    }
}

#[async_trait]
impl Above for InMemory {
    async fn get(&self, id: &str) -> Result<String, Error> {
        ready(self.found(id)).await
    }

    async fn put(&mut self, text: String) -> Result<usize, Error> {
        ready(self.kept(text)).await
    }

    async fn len(&self) -> usize {
        self.texts.len()
    }
}

#[async_trait]
impl Below for InMemory {
    async fn get(&self, id: &str) -> Result<String, Error> {
        ready(self.found(id)).await
    }

    async fn put(&mut self, text: String) -> Result<usize, Error> {
        ready(self.kept(text)).await
    }
}

#[async_trait(?Send)]
impl Local for InMemory {
    async fn get(&self, id: std::rc::Rc<str>) -> Result<String, Error> {
        ready(self.found(&id)).await
    }
}

/// The same calls on a wrapper of each trait.
macro_rules! goes_through_the_breaker {
    ($wrapper:ident) => {{
        let (breaker, _clock) = breaker(|b| b);
        let mut client = $wrapper::new(InMemory::default(), Arc::clone(&breaker));
        assert_eq!(now(client.put("text".to_owned())), Ok(1));
        assert_eq!(now(client.get("0")), Ok("text".to_owned()));
        assert_eq!(now(client.get("1")), Err(Error::Down));
        assert_eq!(now(client.get("one")), Err(Error::NotANumber));
        assert_eq!(told(&breaker), (2, 2));
        open(&breaker);
        assert!(matches!(now(client.get("0")), Err(Error::Rejected(_))));
        let rejected = now(client.put("text".to_owned()));
        assert!(matches!(rejected, Err(Error::Rejected(_))));
        assert_eq!($wrapper::inner(&client).texts.len(), 1);
        client
    }};
}

#[test]
fn native_async_methods_go_through_the_breaker() {
    let client = goes_through_the_breaker!(ProtectedNative);
    assert_eq!(now(client.len()), 1);
    assert!(matches!(now(client.finish()), Err(Error::Rejected(_))));
}

#[test]
fn methods_that_return_a_future_go_through_the_breaker() {
    let client = goes_through_the_breaker!(ProtectedPromised);
    assert_eq!(now(client.len()), 1);
    assert!(matches!(now(client.boxed("1")), Err(Error::Rejected(_))));
    ProtectedPromised::breaker(&client).reset(&tester());
    assert_eq!(now(client.boxed("1")), Ok("1"));
}

#[test]
fn methods_of_an_async_trait_go_through_the_breaker() {
    let client = goes_through_the_breaker!(ProtectedAbove);
    let client: Box<dyn Above> = Box::new(client);
    assert_eq!(now(client.len()), 1);
    let client: Box<dyn Below> = Box::new(goes_through_the_breaker!(ProtectedBelow));
    assert!(matches!(now(client.get("0")), Err(Error::Rejected(_))));
}

#[test]
fn futures_without_send_go_through_the_breaker() {
    let (breaker, _clock) = breaker(|b| b);
    let client = ProtectedLocal::new(InMemory::default(), &*breaker);
    assert_eq!(now(client.get("0".into())), Err(Error::Down));
    assert_eq!(told(&breaker), (0, 1));
}

#[test]
fn promised_futures_are_send_whatever_is_inside() {
    fn send_of<T: Promised>(client: &T) -> impl Future + Send {
        client.get("0")
    }
    let (breaker, _clock) = breaker(|b| b);
    let client = ProtectedPromised::new(InMemory::default(), breaker);
    drop(assert_send(send_of(&client)));
    let breaker = Arc::clone(ProtectedPromised::breaker(&client));
    let native = ProtectedNative::new(InMemory::default(), breaker);
    drop(assert_send(native.get("0")));
}

struct Never;

#[async_trait]
impl Below for Never {
    async fn get(&self, _: &str) -> Result<String, Error> {
        pending().await
    }

    async fn put(&mut self, _: String) -> Result<usize, Error> {
        pending().await
    }
}

fn dropped_while_in_flight<'a>(
    breaker: &CircuitBreaker,
    call: impl Future<Output = Result<String, Error>> + 'a,
) {
    breaker.transition(State::HalfOpen, &tester()).unwrap();
    {
        let mut call = pin!(call);
        assert_eq!(breaker.snapshot().in_flight, 0);
        assert!(poll(call.as_mut()).is_pending());
        assert_eq!(breaker.snapshot().in_flight, 1);
    }
    let snapshot = breaker.snapshot();
    assert_eq!((snapshot.state, snapshot.in_flight), (State::HalfOpen, 0));
}

#[test]
fn a_dropped_call_gives_its_trial_place_back() {
    let (breaker, _clock) = breaker(|b| b);
    let client = ProtectedBelow::new(Never, Arc::clone(&breaker));
    dropped_while_in_flight(&breaker, client.get("0"));
}
