//! The kit for users' tests: what it does, and that each assertion fails when it should.

mod back_ends;
mod rejections;
mod transitions;

use std::panic::{AssertUnwindSafe, catch_unwind};

/// The message with which `work` panics.
fn panic_of<R>(work: impl FnOnce() -> R) -> String {
    let Err(payload) = catch_unwind(AssertUnwindSafe(work)) else {
        panic!("it should have panicked");
    };
    match payload.downcast::<String>() {
        Ok(message) => *message,
        Err(payload) => (*payload.downcast::<&str>().unwrap()).to_owned(),
    }
}
