//! What a wrapper is made of: the handles that it takes, and a trait object inside.

use super::{Error, open, told};
use crate::stand::breaker;
use fusebox::{CircuitBreaker, Named};
use std::ops::Deref;
use std::sync::{Arc, LazyLock};

#[fusebox::protect]
trait Client: Send + Sync {
    fn get(&self) -> Result<u8, Error>;
}

struct One;

impl Client for One {
    fn get(&self) -> Result<u8, Error> {
        Ok(1)
    }
}

#[test]
fn a_named_circuit_is_a_handle() {
    static NAMED: Named = Named::new("macros.handle");
    let client = ProtectedClient::new(One, &NAMED);
    assert_eq!(client.get(), Ok(1));
    assert_eq!(told(NAMED.get()), (1, 0));
    open(&NAMED);
    let shared: Arc<dyn Client> = Arc::new(client);
    assert!(matches!(shared.get(), Err(Error::Rejected(_))));
}

#[test]
fn whatever_leads_to_a_breaker_is_a_handle() {
    struct Own(Arc<CircuitBreaker>);
    impl Deref for Own {
        type Target = CircuitBreaker;

        fn deref(&self) -> &CircuitBreaker {
            &self.0
        }
    }
    static LAZY: LazyLock<CircuitBreaker> =
        LazyLock::new(|| CircuitBreaker::builder("lazy").build().unwrap());
    let (breaker, _clock) = breaker(|b| b);
    assert_eq!(ProtectedClient::new(One, &*breaker).get(), Ok(1));
    assert_eq!(ProtectedClient::new(One, Arc::clone(&breaker)).get(), Ok(1));
    let own = Own(Arc::clone(&breaker));
    assert_eq!(ProtectedClient::new(One, own).get(), Ok(1));
    assert_eq!(told(&breaker), (3, 0));
    assert_eq!(ProtectedClient::new(One, &*LAZY).get(), Ok(1));
    assert_eq!(told(&LAZY), (1, 0));
}

/// As the attribute's documentation has it.
impl Client for Arc<dyn Client> {
    fn get(&self) -> Result<u8, Error> {
        (**self).get()
    }
}

#[test]
fn a_trait_object_is_wrapped_once_the_trait_is_implemented_for_its_pointer() {
    let (breaker, _clock) = breaker(|b| b);
    let inner: Arc<dyn Client> = Arc::new(One);
    let client: Arc<dyn Client> = Arc::new(ProtectedClient::new(inner, Arc::clone(&breaker)));
    assert_eq!(client.get(), Ok(1));
    open(&breaker);
    assert!(matches!(client.get(), Err(Error::Rejected(_))));
}
