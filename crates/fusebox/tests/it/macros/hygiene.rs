//! The body sees the names that its author sees, whatever the attribute writes around it.

use super::{Error, now, told};
use crate::stand::breaker;
use fusebox::{BranchSettings, CircuitBreaker, registry};
use std::sync::LazyLock;

/// Names that the attribute might want for itself.
static CIRCUIT: LazyLock<CircuitBreaker> =
    LazyLock::new(|| CircuitBreaker::builder("own").build().unwrap());

fn once<R>(call: impl FnOnce() -> R) -> (&'static str, R) {
    ("own", call())
}

type Seen = (String, (&'static str, u8));

#[test]
fn a_static_and_a_function_of_the_user_are_those_in_the_body() {
    #[fusebox::breaker("macros.other")]
    fn sync() -> Result<Seen, Error> {
        Ok((CIRCUIT.name().to_owned(), once(|| 1)))
    }
    #[fusebox::breaker("macros.other")]
    async fn in_a_future() -> Result<Seen, Error> {
        Ok((CIRCUIT.name().to_owned(), once(|| 1)))
    }
    let own = || Ok(("own".to_owned(), ("own", 1)));
    assert_eq!(sync(), own());
    assert_eq!(now(in_a_future()), own());
    assert_eq!(told(registry().get("macros.other").unwrap()), (2, 0));
}

#[test]
fn a_static_of_the_user_is_that_in_the_key() {
    #[fusebox::breaker("macros.keyed", key = CIRCUIT.name())]
    fn send() -> Result<(), Error> {
        Ok(())
    }
    let circuit = registry().circuit("macros.keyed").unwrap();
    let branches = BranchSettings::builder().build().unwrap();
    circuit.set_branches(Some(branches), &crate::stand::tester());
    assert_eq!(send(), Ok(()));
    assert!(circuit.branch("own").is_some());
}

#[test]
fn an_argument_may_have_any_name() {
    #[fusebox::breaker(breaker)]
    fn sum(breaker: &CircuitBreaker, once: u8, permit: u8, result: u8) -> Result<u8, Error> {
        Ok(once + permit + result)
    }
    #[fusebox::breaker("macros.other")]
    async fn in_a_future(once: u8, breaker: u8, rejection: u8) -> Result<u8, Error> {
        Ok(once + breaker + rejection)
    }
    let (breaker, _clock) = breaker(|b| b);
    assert_eq!(sum(&breaker, 1, 2, 3), Ok(6));
    assert_eq!(now(in_a_future(1, 2, 3)), Ok(6));
}
