//! The share of slow calls in the window (R3).

use super::{Seen, TripPolicy};
use crate::settings::Rate;

/// Opens when the window holds at least `minimum_calls` and this share of them was slow. A call
/// in flight that has passed the limit is judged as if it were in the window already: nobody has
/// to wait for the end of a call that hangs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlowCallRate {
    /// The share at which it opens.
    pub rate: Rate,
    /// The calls below which it does not judge.
    pub minimum_calls: u32,
}

impl TripPolicy for SlowCallRate {
    fn name(&self) -> &'static str {
        "slow_call_rate"
    }

    #[inline]
    fn opens(&self, seen: &Seen) -> bool {
        let calls = seen.window.calls + seen.overdue;
        let slow = seen.window.slow + seen.overdue;
        calls >= u64::from(self.minimum_calls) && self.rate.reached(slow, calls)
    }
}
