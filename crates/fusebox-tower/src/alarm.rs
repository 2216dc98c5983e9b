//! The timer behind `settle_after` (feature `tokio`).

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::time::Sleep;

/// Wakes the reader of a silent body once `settle_after` is over.
///
/// Boxed and made late: most bodies end before they are ever pending, and pay one empty word.
pub(crate) struct Alarm(Option<Pin<Box<Sleep>>>);

impl Alarm {
    /// Not set yet.
    pub(crate) fn new() -> Self {
        Self(None)
    }

    /// Ready once `left`, as of the first call, has passed. Outside a tokio runtime never.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>, left: Duration) -> Poll<()> {
        if self.0.is_none() && Handle::try_current().is_ok() {
            self.0 = Some(Box::pin(tokio::time::sleep(left)));
        }
        match &mut self.0 {
            Some(sleep) => sleep.as_mut().poll(cx),
            None => Poll::Pending,
        }
    }
}
