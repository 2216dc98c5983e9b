//! So many failures in the window (R3).

use super::{Seen, TripPolicy};

/// Opens when the window holds n failures, however many calls it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailureCount(pub u32);

impl TripPolicy for FailureCount {
    fn name(&self) -> &'static str {
        "failure_count"
    }

    #[inline]
    fn opens(&self, seen: &Seen) -> bool {
        seen.window.failures >= u64::from(self.0)
    }
}
