//! What a body borrows, it may give back.

use super::{Error, now, told};
use crate::stand::breaker;
use fusebox::CircuitBreaker;

#[fusebox::breaker(breaker)]
fn longer<'a>(breaker: &CircuitBreaker, a: &'a str, b: &'a str) -> Result<&'a str, Error> {
    Ok(if a.len() < b.len() { b } else { a })
}

#[fusebox::breaker(breaker)]
fn pushed<'a>(breaker: &CircuitBreaker, list: &'a mut Vec<u8>) -> Result<&'a mut Vec<u8>, Error> {
    list.push(1);
    Ok(list)
}

#[fusebox::breaker(breaker)]
async fn pushed_later<'a>(
    breaker: &CircuitBreaker,
    list: &'a mut Vec<u8>,
) -> Result<&'a mut Vec<u8>, Error> {
    list.push(2);
    Ok(list)
}

struct Store {
    last: String,
    breaker: &'static CircuitBreaker,
}

impl Store {
    #[fusebox::breaker(self.breaker)]
    fn last(&self) -> Result<&str, Error> {
        Ok(&self.last)
    }

    #[fusebox::breaker(self.breaker)]
    fn last_mut(&mut self) -> Result<&mut String, Error> {
        self.last.push('!');
        Ok(&mut self.last)
    }

    #[fusebox::breaker(self.breaker)]
    async fn last_mut_later(&mut self) -> Result<&'_ mut String, Error> {
        self.last.push('?');
        Ok(&mut self.last)
    }
}

#[test]
fn named_lifetimes_reach_the_caller() {
    let (breaker, _clock) = breaker(|b| b);
    assert_eq!(longer(&breaker, "a", "bc"), Ok("bc"));
    let mut list = vec![0];
    pushed(&breaker, &mut list).unwrap().push(9);
    now(pushed_later(&breaker, &mut list)).unwrap().push(9);
    assert_eq!(list, [0, 1, 9, 2, 9]);
    assert_eq!(told(&breaker), (3, 0));
}

#[test]
fn elided_lifetimes_reach_the_caller() {
    let breaker = Box::leak(Box::new(CircuitBreaker::builder("store").build().unwrap()));
    let mut store = Store {
        last: "a".to_owned(),
        breaker,
    };
    store.last_mut().unwrap().push('b');
    now(store.last_mut_later()).unwrap().push('c');
    assert_eq!(store.last(), Ok("a!b?c"));
    assert_eq!(told(breaker), (3, 0));
}
