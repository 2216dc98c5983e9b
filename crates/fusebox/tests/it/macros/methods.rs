//! The attribute on methods: the breaker is a field, and the body may change the rest.

use super::{Error, now, open, told};
use crate::stand::breaker;
use fusebox::CircuitBreaker;
use std::sync::Arc;

struct Client {
    calls: u32,
    breaker: Arc<CircuitBreaker>,
}

impl Client {
    #[fusebox::breaker(self.breaker)]
    fn peek(&self) -> Result<u32, Error> {
        Ok(self.calls)
    }

    #[fusebox::breaker(self.breaker)]
    fn count(&mut self, by: u32) -> Result<u32, Error> {
        self.calls += by;
        if self.calls > 10 {
            return Err(Error::Down);
        }
        Ok(self.calls)
    }

    #[fusebox::breaker(self.breaker)]
    async fn count_later(&mut self, by: u32) -> Result<u32, Error> {
        self.bump(by);
        Ok(self.calls)
    }

    #[fusebox::breaker(self.breaker)]
    fn finish(mut self) -> Result<u32, Error> {
        self.bump(1);
        Ok(self.calls)
    }

    #[fusebox::breaker(self.breaker)]
    fn shared(self: Arc<Self>) -> Result<u32, Error> {
        Ok(self.calls)
    }

    #[fusebox::breaker(client.breaker)]
    fn of(client: Self) -> Result<u32, Error> {
        Ok(client.calls)
    }

    fn bump(&mut self, by: u32) {
        self.calls += by;
    }
}

fn client() -> (Client, Arc<CircuitBreaker>) {
    let (breaker, _clock) = breaker(|b| b);
    let client = Client {
        calls: 0,
        breaker: Arc::clone(&breaker),
    };
    (client, breaker)
}

#[test]
fn a_method_changes_what_it_belongs_to() {
    let (mut client, breaker) = client();
    assert_eq!(client.count(2), Ok(2));
    assert_eq!(now(client.count_later(3)), Ok(5));
    assert_eq!(client.count(90), Err(Error::Down));
    assert_eq!(client.peek(), Ok(95));
    assert_eq!(told(&breaker), (3, 1));
}

#[test]
fn a_rejected_method_changes_nothing() {
    let (mut client, breaker) = client();
    open(&breaker);
    assert!(matches!(client.count(2), Err(Error::Rejected(_))));
    assert!(matches!(
        now(client.count_later(2)),
        Err(Error::Rejected(_))
    ));
    assert_eq!(client.calls, 0);
}

#[test]
fn a_method_may_use_up_what_holds_the_breaker() {
    let (first, breaker) = client();
    assert_eq!(first.finish(), Ok(1));
    let second = Client {
        calls: 7,
        breaker: Arc::clone(&breaker),
    };
    assert_eq!(Arc::new(second).shared(), Ok(7));
    let third = Client {
        calls: 8,
        breaker: Arc::clone(&breaker),
    };
    assert_eq!(Client::of(third), Ok(8));
    assert_eq!(told(&breaker), (3, 0));
}

/// A breaker that cannot be cloned is borrowed where the body borrows too.
struct Owner {
    breaker: CircuitBreaker,
}

impl Owner {
    #[fusebox::breaker(self.breaker)]
    fn ask(&self) -> Result<usize, Error> {
        Ok(self.breaker.name().len())
    }

    #[fusebox::breaker(self.breaker)]
    async fn ask_later(&self) -> Result<usize, Error> {
        Ok(self.breaker.name().len())
    }
}

#[test]
fn a_breaker_may_be_owned() {
    let breaker = CircuitBreaker::builder("owned").build().unwrap();
    let owner = Owner { breaker };
    assert_eq!((owner.ask(), now(owner.ask_later())), (Ok(5), Ok(5)));
    assert_eq!(told(&owner.breaker), (2, 0));
}

trait Asks {
    fn ask(&self) -> Result<u32, Error>;
}

impl Asks for Client {
    #[fusebox::breaker(self.breaker)]
    fn ask(&self) -> Result<u32, Error> {
        Ok(self.calls)
    }
}

#[test]
fn a_method_of_a_trait_is_a_method() {
    let (client, breaker) = client();
    assert_eq!(Asks::ask(&client), Ok(0));
    assert_eq!(told(&breaker), (1, 0));
}
