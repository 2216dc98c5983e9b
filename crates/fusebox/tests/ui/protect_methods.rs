//! Methods that a wrapper cannot pass on, each with its cure.

use fusebox::Rejection;
use std::sync::Arc;

#[fusebox::protect]
trait Client {
    fn base(&self) -> &str;

    fn close(&mut self);

    async fn len(&self) -> usize;

    fn connect(url: &str) -> Result<u8, Rejection>;

    #[breaker(skip)]
    fn copy(&self) -> Self;

    fn shared(self: Arc<Self>) -> Result<(), Rejection>;

    unsafe fn raw(&self) -> Result<(), Rejection>;

    made_by_a_macro!();
}

#[fusebox::protect]
trait WithACircuit {
    #[breaker("rag")]
    fn ask(&self) -> Result<(), Rejection>;
}

#[fusebox::protect]
trait Empty {
    #[breaker]
    fn ask(&self) -> Result<(), Rejection>;
}

#[fusebox::protect]
trait SkippedAndMore {
    #[breaker(skip, key = "a")]
    fn ask(&self) -> Result<(), Rejection>;
}

#[fusebox::protect]
trait Twice {
    #[breaker(key = "a")]
    #[breaker(fallback = f)]
    fn ask(&self) -> Result<(), Rejection>;
}

#[fusebox::protect]
trait Misspelt {
    #[breaker(skipp)]
    fn ask(&self) -> Result<(), Rejection>;
}

fn main() {}
