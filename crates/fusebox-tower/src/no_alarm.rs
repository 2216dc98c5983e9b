//! Without the feature `tokio` there is no timer behind `settle_after`: the body looks at the clock
//! whenever it is polled or dropped.

use std::task::{Context, Poll};
use std::time::Duration;

/// Never rings.
pub(crate) struct Alarm;

impl Alarm {
    /// The same face as the alarm with a timer.
    pub(crate) fn new() -> Self {
        Self
    }

    /// Never ready.
    pub(crate) fn poll(&mut self, _cx: &mut Context<'_>, _left: Duration) -> Poll<()> {
        Poll::Pending
    }
}
