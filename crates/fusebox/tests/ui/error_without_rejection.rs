//! The error's type cannot hold a rejection.

use fusebox::CircuitBreaker;
use std::pin::Pin;

struct Own;

type OwnResult<T> = Result<T, Own>;

#[fusebox::breaker(breaker)]
fn plain(breaker: &CircuitBreaker) -> Result<(), Own> {
    Ok(())
}

#[fusebox::breaker(breaker)]
async fn later(breaker: &CircuitBreaker) -> Result<(), Own> {
    Ok(())
}

#[fusebox::breaker(breaker)]
fn aliased(breaker: &CircuitBreaker) -> OwnResult<()> {
    Ok(())
}

#[fusebox::breaker(breaker)]
fn boxed(breaker: &CircuitBreaker) -> Pin<Box<dyn Future<Output = Result<(), Own>> + '_>> {
    Box::pin(async { Ok(()) })
}

#[fusebox::breaker(breaker)]
fn generic<E>(breaker: &CircuitBreaker) -> Result<(), E> {
    Ok(())
}

#[fusebox::protect]
trait Asks {
    fn ask(&self) -> Result<(), Own>;
}

fn main() {}
