//! Parts that a wrapper cannot be made of, told where it is made.

use fusebox::{CircuitBreaker, Rejection};
use std::sync::Arc;

#[fusebox::protect]
trait Client {
    fn get(&self) -> Result<(), Rejection>;
}

struct Inner;

impl Client for Inner {
    fn get(&self) -> Result<(), Rejection> {
        Ok(())
    }
}

fn a_pointer_to_a_trait_object(breaker: &'static CircuitBreaker) {
    let inner: Arc<dyn Client> = Arc::new(Inner);
    let _ = ProtectedClient::new(inner, breaker);
}

fn a_name_alone() {
    let _ = ProtectedClient::new(Inner, "rag");
}

fn the_breaker_itself(breaker: CircuitBreaker) {
    let _ = ProtectedClient::new(Inner, breaker);
}

fn main() {}
