//! The share of failures in the window (R3).

use super::{Seen, TripPolicy};
use crate::settings::Rate;

/// Opens when the window holds at least `minimum_calls` and this share of them failed, in exact
/// arithmetic. Below the minimum a rate is undefined, not 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailureRate {
    /// The share at which it opens.
    pub rate: Rate,
    /// The calls below which it does not judge.
    pub minimum_calls: u32,
}

impl TripPolicy for FailureRate {
    fn name(&self) -> &'static str {
        "failure_rate"
    }

    #[inline]
    fn opens(&self, seen: &Seen) -> bool {
        let calls = seen.window.calls;
        calls >= u64::from(self.minimum_calls) && self.rate.reached(seen.window.failures, calls)
    }
}
