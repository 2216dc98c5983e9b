//! A trait behind a breaker: callers go on using the trait.

use super::{Error, open, told};
use crate::stand::{breaker, tester};
use fusebox::{CircuitBreaker, State};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

/// A client as a user writes it.
#[fusebox::protect]
pub(super) trait ContentClient {
    fn get(&self, id: &str) -> Result<String, Error>;

    fn put(&mut self, id: &str, text: String) -> Result<usize, Error>;

    fn close(self) -> Result<usize, Error>;

    /// Has a body; the inner implementation may have its own.
    fn get_twice(&self, id: &str) -> Result<String, Error> {
        Ok(self.get(id)? + &self.get(id)?)
    }

    #[breaker(skip)]
    fn base(&self) -> &str;

    #[breaker(skip)]
    fn kind() -> &'static str;
}

#[derive(Clone, Debug, Default)]
struct InMemory {
    texts: Vec<(String, String)>,
}

impl ContentClient for InMemory {
    fn get(&self, id: &str) -> Result<String, Error> {
        let found = self.texts.iter().find(|(known, _)| known == id);
        found.map(|(_, text)| text.clone()).ok_or(Error::Down)
    }

    fn put(&mut self, id: &str, text: String) -> Result<usize, Error> {
        self.texts.push((id.to_owned(), text));
        Ok(self.texts.len())
    }

    fn close(self) -> Result<usize, Error> {
        Ok(self.texts.len())
    }

    fn base(&self) -> &str {
        "memory:"
    }

    fn kind() -> &'static str {
        "in memory"
    }
}

fn client() -> (
    ProtectedContentClient<InMemory, Arc<CircuitBreaker>>,
    Arc<CircuitBreaker>,
) {
    let (breaker, _clock) = breaker(|b| b.consecutive_failures(2));
    let client = ProtectedContentClient::new(InMemory::default(), Arc::clone(&breaker));
    (client, breaker)
}

/// What a caller knows of: the trait.
fn copy(client: &mut impl ContentClient, from: &str, to: &str) -> Result<usize, Error> {
    let text = client.get(from)?;
    client.put(to, text)
}

#[test]
fn every_method_goes_through_the_breaker() {
    let (mut client, breaker) = client();
    assert_eq!(client.put("a", "text".to_owned()), Ok(1));
    assert_eq!(copy(&mut client, "a", "b"), Ok(2));
    assert_eq!(told(&breaker), (3, 0));
    assert_eq!(copy(&mut client, "none", "b"), Err(Error::Down));
    assert_eq!(told(&breaker), (3, 1));
    assert_eq!(client.close(), Ok(2));
    assert_eq!(told(&breaker), (4, 1));
}

#[test]
fn a_rejected_method_does_not_reach_the_implementation() {
    let (mut client, breaker) = client();
    open(&breaker);
    let rejected = client.put("a", "text".to_owned());
    assert!(matches!(rejected, Err(Error::Rejected(_))));
    assert_eq!(ProtectedContentClient::inner(&client).texts, []);
    assert!(matches!(client.clone().close(), Err(Error::Rejected(_))));
    assert_eq!(ProtectedContentClient::into_inner(client).close(), Ok(0));
}

#[test]
fn a_method_with_a_body_is_one_call_of_the_implementation() {
    let (mut client, breaker) = client();
    client.put("a", "text".to_owned()).unwrap();
    assert_eq!(client.get_twice("a"), Ok("texttext".to_owned()));
    assert_eq!(told(&breaker), (2, 0));
}

#[test]
fn a_skipped_method_works_while_the_circuit_is_open() {
    let (client, breaker) = client();
    open(&breaker);
    assert_eq!(client.base(), "memory:");
    assert_eq!(<ProtectedContentClient<InMemory>>::kind(), "in memory");
    assert_eq!(told(&breaker), (0, 0));
}

#[test]
fn the_wrapper_shows_its_parts() {
    let (client, breaker) = client();
    assert!(Arc::ptr_eq(
        ProtectedContentClient::breaker(&client),
        &breaker
    ));
    assert!(format!("{client:?}").starts_with("ProtectedContentClient"));
}

#[test]
fn a_reference_that_lives_as_long_as_the_process_is_the_usual_handle() {
    let breaker: &'static CircuitBreaker =
        Box::leak(Box::new(CircuitBreaker::builder("leaked").build().unwrap()));
    let mut client: ProtectedContentClient<InMemory> =
        ProtectedContentClient::new(InMemory::default(), breaker);
    assert_eq!(client.put("a", String::new()), Ok(1));
    assert_eq!(told(breaker), (1, 0));
}

#[test]
fn a_panic_of_the_implementation_gives_the_trial_place_back() {
    #[fusebox::protect(name = Guarded)]
    trait Panics {
        fn panic(&self) -> Result<(), Error>;
    }
    struct Inner;
    impl Panics for Inner {
        fn panic(&self) -> Result<(), Error> {
            resume_unwind(Box::new("own panic"))
        }
    }
    let (breaker, _clock) = breaker(|b| b);
    breaker.transition(State::HalfOpen, &tester()).unwrap();
    let guarded = Guarded::new(Inner, Arc::clone(&breaker));
    assert!(catch_unwind(AssertUnwindSafe(|| guarded.panic())).is_err());
    assert_eq!(breaker.snapshot().in_flight, 0);
    assert_eq!(breaker.state(), State::Open);
}

#[test]
fn a_wrapper_stands_where_a_trait_object_is_asked_for() {
    #[fusebox::protect]
    trait Asks: Send + Sync + std::fmt::Debug {
        fn ask(&self) -> Result<u8, Error>;
    }
    #[derive(Debug)]
    struct One;
    impl Asks for One {
        fn ask(&self) -> Result<u8, Error> {
            Ok(1)
        }
    }
    let (breaker, _clock) = breaker(|b| b);
    let client: Arc<dyn Asks> = Arc::new(ProtectedAsks::new(One, Arc::clone(&breaker)));
    assert_eq!(client.ask(), Ok(1));
    open(&breaker);
    assert!(matches!(client.ask(), Err(Error::Rejected(_))));
}

#[test]
fn the_wrapper_hides_no_method_of_the_trait() {
    #[fusebox::protect]
    trait Nested {
        fn inner(&self) -> Result<u8, Error>;
        fn into_inner(self) -> Result<u8, Error>;
        #[breaker(skip)]
        fn breaker(&self) -> u8;
    }
    impl Nested for u8 {
        fn inner(&self) -> Result<u8, Error> {
            Ok(*self)
        }

        fn into_inner(self) -> Result<u8, Error> {
            Ok(self)
        }

        fn breaker(&self) -> u8 {
            6
        }
    }
    let (breaker, _clock) = breaker(|b| b);
    let nested = ProtectedNested::new(5, Arc::clone(&breaker));
    assert_eq!(nested.inner(), Ok(5));
    assert_eq!(nested.breaker(), 6);
    assert_eq!(*ProtectedNested::inner(&nested), 5);
    assert_eq!(nested.into_inner(), Ok(5));
    assert_eq!(told(&breaker), (2, 0));
}
