//! Calls in flight that have passed the slow-call limit (R3): judged as slow already, recorded
//! only when they are settled.

use crate::sync::{AtomicU64, Ordering};

const GENERATION_SHIFT: u32 = 32;
const COUNT: u64 = u32::MAX as u64;

/// A number that belongs to one generation: 32 bits of each in one word.
#[derive(Debug)]
pub(crate) struct Overdue(AtomicU64);

impl Overdue {
    pub(crate) fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// One more. `false`: a later generation counts already.
    pub(crate) fn begin(&self, generation: u32) -> bool {
        self.change(
            |now, count| {
                if now == generation {
                    return Some(count + 1);
                }
                // A caller of an ended generation must not wipe out the calls of the next one.
                let is_later = generation.wrapping_sub(now) <= u32::MAX / 2;
                (is_later || count == 0).then_some(1)
            },
            generation,
        )
    }

    /// One less, if its generation still counts.
    pub(crate) fn end(&self, generation: u32) {
        self.change(
            |now, count| (now == generation).then(|| count.saturating_sub(1)),
            generation,
        );
    }

    /// How many there are of this generation. Acquire: pairs with the changes.
    pub(crate) fn count(&self, generation: u32) -> u64 {
        let word = self.0.load(Ordering::Acquire);
        if word >> GENERATION_SHIFT == u64::from(generation) {
            word & COUNT
        } else {
            0
        }
    }

    fn change(&self, change: impl Fn(u32, u64) -> Option<u64>, generation: u32) -> bool {
        let tag = u64::from(generation) << GENERATION_SHIFT;
        self.0
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |word| {
                // The upper half.
                #[allow(clippy::cast_possible_truncation)]
                let now = (word >> GENERATION_SHIFT) as u32;
                change(now, word & COUNT).map(|count| tag | count)
            })
            .is_ok()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_count_belongs_to_its_generation() {
        let overdue = Overdue::new();
        assert!(overdue.begin(7) && overdue.begin(7));
        assert_eq!((overdue.count(7), overdue.count(8)), (2, 0));
        assert!(overdue.begin(8));
        assert!(!overdue.begin(7), "an ended generation wipes out nothing");
        overdue.end(7);
        assert_eq!((overdue.count(7), overdue.count(8)), (0, 1));
        overdue.end(8);
        assert_eq!(overdue.count(8), 0);
    }

    #[test]
    fn generations_go_round() {
        let overdue = Overdue::new();
        assert!(overdue.begin(u32::MAX) && overdue.begin(0));
        assert_eq!(overdue.count(0), 1);
    }
}
