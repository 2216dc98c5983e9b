//! `crate = path`: a house library that has `fusebox` inside.

use super::{Error, open, told};
use crate::stand::breaker;
use std::sync::Arc;

mod house {
    pub(super) mod breakers {
        pub(in super::super) use fusebox::*;
    }
}

use house::breakers;

#[breakers::breaker("macros.renamed", crate = crate::macros::renamed::house::breakers)]
fn named() -> Result<u8, Error> {
    Ok(1)
}

#[breakers::breaker(breaker, classify = |_| breakers::Outcome::Ignored, crate = breakers)]
fn classified(breaker: &breakers::CircuitBreaker) -> Result<u8, Error> {
    Ok(2)
}

#[breakers::protect(name = Guarded, crate = self::house::breakers)]
trait Client {
    #[breakers::breaker(fallback = Self::last)]
    fn get(&mut self) -> Result<u8, Error>;

    #[breaker(skip)]
    fn last(&mut self, _: breakers::Rejection) -> Result<u8, Error>;
}

impl Client for u8 {
    fn get(&mut self) -> Result<u8, Error> {
        Ok(*self)
    }

    fn last(&mut self, _: breakers::Rejection) -> Result<u8, Error> {
        Ok(*self + 1)
    }
}

#[test]
fn the_attributes_work_through_another_crate() {
    assert_eq!(named(), Ok(1));
    let (breaker, _clock) = breaker(|b| b);
    assert_eq!(classified(&breaker), Ok(2));
    assert_eq!(told(&breaker), (0, 0));
    let mut client = Guarded::new(3, Arc::clone(&breaker));
    assert_eq!(client.get(), Ok(3));
    open(&breaker);
    assert_eq!(client.get(), Ok(4));
    assert_eq!(breaker.fallbacks(), [("function", 1)]);
}
