//! A body that may change all of `self` cannot leave the breaker in it alone.

use fusebox::{CircuitBreaker, Rejection};

struct Owner {
    breaker: CircuitBreaker,
}

impl Owner {
    #[fusebox::breaker(self.breaker)]
    fn change(&mut self) -> Result<(), Rejection> {
        Ok(())
    }
}

fn main() {}
