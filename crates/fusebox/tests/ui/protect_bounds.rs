//! Bounds on `Self` that say nothing of the inner implementation.

use fusebox::Rejection;
use std::fmt::Debug;

#[fusebox::protect]
trait Client {
    fn copied(&self) -> Result<u8, Rejection>
    where
        Self: Sized + Clone;

    fn sent(&self) -> Result<u8, Rejection>
    where
        Self: Send;

    fn made<T: From<Self>>(&self) -> Result<T, Rejection>
    where
        Self: Sized;

    fn shown(&self) -> Result<u8, Rejection>
    where
        Option<Self>: Debug,
        Self: Sized;
}

fn main() {}
