//! Who may look at single calls of a breaker: nobody, for nearly all of them.

use crate::sync::{AtomicU32, Ordering};

const BY_TAP: u32 = 1;
const BY_JUDGES: u32 = 2;

/// Set before there is anything that looks, and for good: who finds it set asks whether there is.
#[derive(Debug, Default)]
pub(super) struct Watched(AtomicU32);

impl Watched {
    /// A tap takes calls, and changes nothing.
    pub(super) fn by_tap(&self) {
        // Release, here and below, pairs with the Acquire: who was told of what looks, or made it,
        // has set this before.
        self.0.fetch_or(BY_TAP, Ordering::Release);
    }

    /// Branches, or a policy of its own, judge calls.
    pub(super) fn by_judges(&self) {
        self.0.fetch_or(BY_JUDGES, Ordering::Release);
    }

    #[inline]
    pub(super) fn by_nobody(&self) -> bool {
        self.0.load(Ordering::Acquire) == 0
    }

    pub(super) fn only_by_tap(&self) -> bool {
        self.0.load(Ordering::Acquire) == BY_TAP
    }
}
