//! What the attributes stand on.

use fusebox::Rejection;

#[fusebox::breaker("rag")]
struct NotAFunction;

trait Asks {
    #[fusebox::breaker("rag")]
    fn without_a_body(&self) -> Result<(), Rejection>;
}

#[fusebox::breaker("rag")]
const fn at_compile_time() -> Result<(), Rejection> {
    Ok(())
}

#[fusebox::breaker("rag")]
unsafe fn not_safe() -> Result<(), Rejection> {
    Ok(())
}

#[fusebox::breaker("rag")]
extern "C" fn foreign() -> Result<(), Rejection> {
    Ok(())
}

#[fusebox::breaker("rag")]
fn nothing() {}

#[fusebox::breaker("rag")]
async fn no_result() -> Option<u8> {
    None
}

#[fusebox::breaker("rag")]
fn a_future_of_no_result() -> impl Future<Output = u8> {
    std::future::ready(1)
}

#[fusebox::protect]
struct NotATrait;

#[fusebox::protect("rag")]
trait WithACircuit {}

#[fusebox::protect(name = A, B)]
trait WithTwoNames {}

#[fusebox::protect]
unsafe trait Promises {}

fn main() {}
