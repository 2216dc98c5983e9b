//! So many failures in a row (R2).

use super::{Seen, TripPolicy};

/// Opens at the n-th failure in a row. A success ends the run; ignored outcomes do nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConsecutiveFailures(pub u32);

impl TripPolicy for ConsecutiveFailures {
    fn name(&self) -> &'static str {
        "consecutive_failures"
    }

    #[inline]
    fn opens(&self, seen: &Seen) -> bool {
        seen.run >= self.0
    }
}
