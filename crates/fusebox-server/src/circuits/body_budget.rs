//! The memory for bodies that are held whole: one budget for the calls of all circuits.
//!
//! Bytes count from when they arrive, not from when they are announced: a client could announce
//! everything and send nothing. They count until the last clone of the body is dropped, in
//! whatever queue it waits. What does not fit is refused and never waited for: bodies that wait for
//! each other with half of their bytes would wait for ever.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use bytes::Bytes;

/// How many bytes are held, and how many may be.
#[derive(Debug, Default)]
pub(crate) struct BodyBudget {
    // Both relaxed: they guard no other memory.
    held: AtomicU64,
    max: AtomicU64,
}

/// A body as it arrives. Its bytes are counted until it is dropped.
#[derive(Debug)]
pub(crate) struct HeldBody {
    budget: Arc<BodyBudget>,
    bytes: Vec<u8>,
}

/// There is no room for more bytes now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BudgetSpent;

impl BodyBudget {
    /// Changes the bound. What is held stays, also where it is more.
    pub(super) fn set_max(&self, max: u64) {
        self.max.store(max, Relaxed);
    }

    /// Bytes that are held now.
    pub(super) fn held(&self) -> u64 {
        self.held.load(Relaxed)
    }

    /// Whether so many more bytes would fit now. Nothing is reserved.
    pub(crate) fn fits(&self, more: u64) -> bool {
        self.with(self.held(), more).is_some()
    }

    /// A body of which nothing has arrived.
    pub(crate) fn body(self: &Arc<Self>) -> HeldBody {
        HeldBody {
            budget: Arc::clone(self),
            bytes: Vec::new(),
        }
    }

    fn with(&self, held: u64, more: u64) -> Option<u64> {
        let max = self.max.load(Relaxed);
        held.checked_add(more).filter(|held| *held <= max)
    }
}

impl HeldBody {
    /// How many bytes have arrived.
    pub(crate) fn len(&self) -> u64 {
        size(&self.bytes)
    }

    /// Takes the bytes that have arrived, if there is room for them.
    pub(crate) fn push(&mut self, data: &[u8]) -> Result<(), BudgetSpent> {
        let more = size(data);
        let budget = &self.budget;
        let counted = budget
            .held
            .fetch_update(Relaxed, Relaxed, |held| budget.with(held, more));
        counted.map_err(|_| BudgetSpent)?;
        self.bytes.extend_from_slice(data);
        Ok(())
    }

    /// The whole body. Its clones share the bytes, and the last of them gives their room back.
    pub(crate) fn into_bytes(mut self) -> Bytes {
        // The bytes grew by doubling: what is free at their end is not counted.
        self.bytes.shrink_to_fit();
        Bytes::from_owner(self)
    }
}

impl AsRef<[u8]> for HeldBody {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for HeldBody {
    fn drop(&mut self) {
        self.budget.held.fetch_sub(self.len(), Relaxed);
    }
}

fn size(bytes: &[u8]) -> u64 {
    // A usize is at most a u64 on every machine that Rust has.
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(max: u64) -> Arc<BodyBudget> {
        let budget = Arc::new(BodyBudget::default());
        budget.set_max(max);
        budget
    }

    #[test]
    fn bytes_count_until_the_last_clone_is_dropped() {
        let budget = of(10);
        let mut body = budget.body();
        body.push(b"abc").unwrap();
        body.push(b"de").unwrap();
        let bytes = body.into_bytes();
        assert_eq!((&bytes[..], budget.held()), (&b"abcde"[..], 5));
        let part = bytes.clone().slice(1..2);
        drop(bytes);
        assert_eq!(budget.held(), 5);
        drop(part);
        assert_eq!(budget.held(), 0);
    }

    #[test]
    fn what_does_not_fit_is_refused_and_not_counted() {
        let budget = of(10);
        let mut first = budget.body();
        first.push(b"abcdefg").unwrap();
        let mut second = budget.body();
        second.push(b"abc").unwrap();
        assert_eq!(second.push(b"d"), Err(BudgetSpent));
        assert!(budget.fits(0) && !budget.fits(1));
        assert_eq!((second.len(), budget.held()), (3, 10));
        drop(first);
        second.push(b"d").unwrap();
        assert!(!budget.fits(u64::MAX));
        assert_eq!(budget.held(), 4);
    }

    #[test]
    fn a_smaller_bound_takes_nothing_away() {
        let budget = of(10);
        let mut body = budget.body();
        body.push(b"abcdefgh").unwrap();
        budget.set_max(5);
        assert_eq!(body.push(b"i"), Err(BudgetSpent));
        assert_eq!(&body.into_bytes()[..], b"abcdefgh");
        assert!(budget.fits(5));
    }
}
