//! One composed stack around a service (feature `stack`).
mod body;
mod builder;
mod error;
mod fallback;
mod retry;
mod service;
mod signal;
mod timed;

pub use body::StackBody;
pub use builder::Stack;
pub use error::StackError;
pub use fallback::{
    Answering, Fallback, FallbackFn, FallbackOn, FallbackService, FixedResponse, Instead,
    NoFallback, Trouble, fallback_fn,
};
pub use retry::{Idempotent, Never, Repeat, RepeatFn, Retry};
pub use service::Stacked;

/// In the extensions of every response that a fallback gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FellBack {
    /// The kind of fallback.
    pub kind: &'static str,
}
