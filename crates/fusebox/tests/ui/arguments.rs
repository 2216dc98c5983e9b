//! What stands in the brackets.

use fusebox::Rejection;

fn cached(_: Rejection) -> Result<(), Rejection> {
    Ok(())
}

#[fusebox::breaker]
fn without_a_circuit() -> Result<(), Rejection> {
    Ok(())
}

#[fusebox::breaker(fallback = cached)]
fn an_option_first() -> Result<(), Rejection> {
    Ok(())
}

#[fusebox::breaker(7)]
fn a_number() -> Result<(), Rejection> {
    Ok(())
}

#[fusebox::breaker("rag", fallbak = cached)]
fn a_misspelt_option() -> Result<(), Rejection> {
    Ok(())
}

#[fusebox::breaker("rag", key = "a", key = "b")]
fn an_option_twice() -> Result<(), Rejection> {
    Ok(())
}

#[fusebox::breaker("rag", fallback = cached())]
fn a_fallback_that_is_called() -> Result<(), Rejection> {
    Ok(())
}

#[fusebox::breaker("rag", key = a, fallback = cached)]
fn a_pattern_that_the_key_cannot_see((a, _): (String, u8)) -> Result<(), Rejection> {
    drop(a);
    Ok(())
}

#[fusebox::breaker("rag" "two")]
fn no_comma() -> Result<(), Rejection> {
    Ok(())
}

fn main() {}
