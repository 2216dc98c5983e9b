//! Names that no circuit can have.

use fusebox::Rejection;

#[fusebox::breaker("two words")]
fn two_words() -> Result<(), Rejection> {
    Ok(())
}

#[fusebox::breaker("stream")]
async fn reserved<T: Default>() -> Result<T, Rejection> {
    Ok(T::default())
}

#[fusebox::breaker("")]
fn empty() -> Result<(), Rejection> {
    Ok(())
}

fn main() {}
